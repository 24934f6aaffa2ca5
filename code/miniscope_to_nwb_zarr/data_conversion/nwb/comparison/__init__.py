"""Two NWB files, of either backend, held against each other."""
