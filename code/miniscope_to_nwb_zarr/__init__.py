"""UCLA Miniscope recordings to NWB on Zarr."""

__version__ = "0.1.0"
