"""The AIND metadata files."""
