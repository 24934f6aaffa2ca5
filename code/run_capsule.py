"""The program: options in, exit code out."""

from __future__ import annotations

import os
import signal
import sys

from miniscope_to_nwb_zarr.run.main import main

if __name__ == "__main__":
    code = main(sys.argv[1:], os.environ)
    # all is done and said: a request to stop that comes while Python ends must not make it another exit code
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_IGN)
    sys.exit(code)
