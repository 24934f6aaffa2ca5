"""Pin every package that the program and its tests come to use, by name and version and without any host.

The versions go to `code/constraints.txt`, for pip and for the image of Code Ocean, and to `[tool.uv]` in
`code/pyproject.toml`, which makes them hold for every ``uv run``. The lock file itself is not kept: it names hosts.

Run in `code/` after a dependency was changed: ``uv run python ../scripts/make_constraints.py``. What still fits
stays; with ``--upgrade`` everything that `pyproject.toml` leaves open moves to its newest version.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path

CODE = Path(__file__).resolve().parents[1] / "code"
PYPROJECT = CODE / "pyproject.toml"
CONSTRAINTS = CODE / "constraints.txt"
BEGIN = "# >>> exact versions, written by scripts/make_constraints.py: do not edit below this line"
HEADER = "# Exact versions of all packages, written by scripts/make_constraints.py: do not edit.\n"


@dataclass(frozen=True, slots=True)
class Pins:
    """Requirements of the form ``name==version``, some with a marker; each group in alphabetical order."""

    runtime: tuple[str, ...]
    development: tuple[str, ...]
    """Only what the tests and checks add."""
    build: tuple[str, ...]

    def as_text(self) -> str:
        """The text of `constraints.txt`."""
        groups = {"runtime": self.runtime, "development": self.development, "build": self.build}
        return HEADER + "".join(f"\n# {title}\n" + "\n".join(pins) + "\n" for title, pins in groups.items())

    def as_toml(self) -> str:
        """The part of `pyproject.toml` that is below `BEGIN`."""
        arrays = {
            "constraint-dependencies": sorted(self.runtime + self.development),
            "build-constraint-dependencies": list(self.build),
        }
        text = f"{BEGIN}\n[tool.uv]\n"
        for name, pins in arrays.items():
            text += f"{name} = [\n" + "".join(f'    "{pin}",\n' for pin in pins) + "]\n"
        return text


def read_constraints(text: str) -> Pins:
    """The pins in the text of `constraints.txt`."""
    groups: dict[str, list[str]] = {"runtime": [], "development": [], "build": []}
    title = ""
    for line in text.splitlines():
        if line.removeprefix("# ") in groups:
            title = line.removeprefix("# ")
        elif line and not line.startswith("#"):
            groups[title].append(line)
    return Pins(**{name: tuple(pins) for name, pins in groups.items()})


def own_part(pyproject_text: str) -> str:
    """The part of `pyproject.toml` that is written by hand."""
    return pyproject_text.partition(BEGIN)[0].rstrip() + "\n"


def resolve(pyproject_text: str, lock: Path | None) -> Pins:
    """Ask uv for one set of versions that fits every supported platform and Python.

    Parameters
    ----------
    pyproject_text : str
        The project's own requirements, without the pins of a former run.
    lock : Path or None
        A lock file whose versions are kept where they fit.
    """
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        (project / "pyproject.toml").write_text(pyproject_text, encoding="utf-8")
        if lock is not None:
            (project / "uv.lock").write_bytes(lock.read_bytes())
        uv("lock", project)
        export = "export --frozen --no-hashes --no-emit-project --no-annotate --no-header"
        runtime = uv(f"{export} --no-default-groups", project)
        everything = uv(f"{export} --all-groups", project)
        build_requires = tomllib.loads(pyproject_text)["build-system"]["requires"]
        (project / "build.in").write_text("\n".join(build_requires) + "\n", encoding="utf-8")
        build = uv("pip compile --universal --no-annotate --no-header --python-version 3.11 build.in", project)
    return Pins(tuple(runtime), tuple(pin for pin in everything if pin not in runtime), tuple(build))


def uv(arguments: str, folder: Path) -> list[str]:
    """Run uv in a folder and give the lines of its output."""
    # `uv run` names its own program in UV; the environment it makes has none
    command = [os.environ.get("UV", "uv"), *arguments.split()]
    output = subprocess.run(command, cwd=folder, check=True, stdout=subprocess.PIPE, text=True).stdout
    return sorted(line for line in output.splitlines() if line and not line.startswith("#"))


def main() -> None:
    """Write both files."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions that fit")
    lock = CODE / "uv.lock"
    if parser.parse_args().upgrade:
        kept = None
    elif lock.exists():
        kept = lock
    else:
        sys.exit("there is no code/uv.lock: run `uv lock` in code/ first, or choose --upgrade")
    own = own_part(PYPROJECT.read_text(encoding="utf-8"))
    pins = resolve(own, kept)
    CONSTRAINTS.write_text(pins.as_text(), encoding="utf-8")
    PYPROJECT.write_text(f"{own}\n{pins.as_toml()}", encoding="utf-8")
    print(f"wrote {len(pins.runtime)} + {len(pins.development)} + {len(pins.build)} pins")


if __name__ == "__main__":
    main()
