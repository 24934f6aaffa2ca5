"""The program: options in, exit code out."""

from __future__ import annotations

import os
import sys

from miniscope_to_nwb_zarr.run.main import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
