"""What anyone would do: export an HDF5 file with hdmf-zarr.

python benchmark_nwb_export.py session.nwb session.nwb.zarr
"""

from __future__ import annotations

import sys

from hdmf_zarr import NWBZarrIO
from pynwb import NWBHDF5IO

if __name__ == "__main__":
    with NWBHDF5IO(sys.argv[1], "r") as source, NWBZarrIO(sys.argv[2], mode="w") as target:
        target.export(src_io=source, write_args={"link_data": False})
