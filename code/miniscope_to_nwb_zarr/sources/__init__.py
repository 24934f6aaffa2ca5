"""Untrusted input files, read-only, turned into typed values once."""
