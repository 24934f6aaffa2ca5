"""Analysis of the movies in an output, written into its next version."""
