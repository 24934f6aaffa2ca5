"""NWB files between HDF5 and Zarr."""
