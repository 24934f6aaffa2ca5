"""The data set of Miniscope recordings."""
