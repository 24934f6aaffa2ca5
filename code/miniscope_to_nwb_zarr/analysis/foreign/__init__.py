"""Engines that are other people's programs, each in an environment and a process of its own."""
