"""Write the environment of Code Ocean from the pins: `environment/Dockerfile` and two files in `.codeocean`.

Run in `code/` after `make_constraints.py`: ``uv run python ../scripts/make_environment.py``
"""

from __future__ import annotations

import json
from pathlib import Path

from packaging.requirements import Requirement

from make_constraints import CONSTRAINTS, read_constraints

ROOT = Path(__file__).resolve().parents[1]
BASE_IMAGE = "codeocean/mambaforge3:24.5.0-0-python3.12.4-ubuntu22.04"
IMAGE_MARKERS = {
    "implementation_name": "cpython",
    "implementation_version": "3.12.4",
    "os_name": "posix",
    "platform_machine": "x86_64",
    "platform_python_implementation": "CPython",
    "platform_system": "Linux",
    "python_full_version": "3.12.4",
    "python_version": "3.12",
    "sys_platform": "linux",
}
"""What the base image answers to the markers of a requirement."""

DOCKERFILE_HEAD = """\
# Written by scripts/make_environment.py from code/constraints.txt: do not edit.
ARG REGISTRY_HOST
FROM $REGISTRY_HOST/{base_image}

ARG DEBIAN_FRONTEND=noninteractive

RUN pip3 install -U --no-cache-dir \\
"""


def packages(constraints: str) -> list[tuple[str, str]]:
    """Name and version of every package that the image needs to run the program."""
    chosen = []
    for pin in read_constraints(constraints).runtime:
        requirement = Requirement(pin)
        if requirement.marker is None or requirement.marker.evaluate(IMAGE_MARKERS):
            chosen.append((requirement.name, str(requirement.specifier).removeprefix("==")))
    return chosen


def build_files(constraints: str) -> dict[str, str]:
    """The text of every file of the environment, by its path in the repository."""
    pins = packages(constraints)
    environment = {
        "version": 1,
        "base_image": BASE_IMAGE,
        "options": {"registry_host_arg": True},
        "installers": {
            "pip3": {
                "packages": [{"name": name, "version": version} for name, version in pins],
                "options": {},
                "pre_install_options": {},
            }
        },
    }
    lines = " \\\n".join(f"    {name}=={version}" for name, version in pins)
    return {
        "environment/Dockerfile": DOCKERFILE_HEAD.format(base_image=BASE_IMAGE) + lines + "\n",
        ".codeocean/environment.json": json.dumps(environment, indent=2) + "\n",
        ".codeocean/resources.json": json.dumps({"version": 1, "resource_class": "small"}, indent=2) + "\n",
    }


def main() -> None:
    """Write the files."""
    for path, text in build_files(CONSTRAINTS.read_text(encoding="utf-8")).items():
        (ROOT / path).parent.mkdir(exist_ok=True)
        (ROOT / path).write_text(text, encoding="utf-8")
        print(f"wrote {path}")


if __name__ == "__main__":
    main()
