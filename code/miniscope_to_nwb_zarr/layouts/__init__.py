"""One module per acquisition layout."""
