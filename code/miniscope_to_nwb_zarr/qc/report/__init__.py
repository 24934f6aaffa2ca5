"""The page by which a person judges a session."""
