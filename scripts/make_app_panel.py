"""Write `.codeocean/app-panel.json` from the options of the program.

Run in `code/`: ``uv run python ../scripts/make_app_panel.py``
"""

from __future__ import annotations

from pathlib import Path

from miniscope_to_nwb_zarr.run.panel import panel_text

PANEL = Path(__file__).resolve().parents[1] / ".codeocean" / "app-panel.json"


def main() -> None:
    """Write the file."""
    PANEL.write_text(panel_text(), encoding="utf-8")
    print(f"wrote {PANEL.name}")


if __name__ == "__main__":
    main()
