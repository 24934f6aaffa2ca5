"""Quality control of a recording."""
