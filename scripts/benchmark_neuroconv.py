"""NeuroConv's MiniscopeConverter to Zarr, run inside the environment that `benchmark.py` makes for it.

python benchmark_neuroconv.py DATA_DIR USER_CONFIG STORE TIMEZONE
"""

from __future__ import annotations

import sys
from zoneinfo import ZoneInfo


def main() -> None:
    """Convert one recording, with the defaults of the Zarr backend."""
    from neuroconv.converters import MiniscopeConverter  # noqa: PLC0415 - part of the time that is measured

    folder, config, store, timezone = sys.argv[1:]
    converter = MiniscopeConverter(folder_path=folder, user_configuration_file_path=config)
    metadata = converter.get_metadata()
    start = metadata["NWBFile"]["session_start_time"]
    metadata["NWBFile"]["session_start_time"] = start.replace(tzinfo=ZoneInfo(timezone))
    converter.run_conversion(nwbfile_path=store, metadata=metadata, backend="zarr", overwrite=True)


if __name__ == "__main__":
    main()
