"""What the data sets of the Allen Institute have in common."""
