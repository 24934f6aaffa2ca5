"""Environments for programs of others, which the scripts compare with and which this project does not depend on."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def environment(folder: Path, pins: Sequence[str]) -> Path:
    """The Python of an environment with these packages, made on the first call and when the pins change."""
    folder = folder.absolute()
    python, made = folder / "bin" / "python", folder / "pins"
    if not made.exists() or made.read_text(encoding="utf-8") != "\n".join(pins):
        subprocess.run(["uv", "venv", "--quiet", "--clear", "--python", sys.executable, str(folder)], check=True)
        # from elsewhere: in the folder of this project uv would hold them to the versions of this project, too
        command = ["uv", "pip", "install", "--quiet", "--python", str(python), *pins]
        subprocess.run(command, check=True, cwd=folder)
        made.write_text("\n".join(pins), encoding="utf-8")
    return python
