"""What lies in the repository beside the code, and what must never lie there."""

import importlib.metadata
import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from make_app_panel import PANEL
from make_constraints import BEGIN, CONSTRAINTS, PYPROJECT, own_part, read_constraints
from make_environment import build_files, packages
from miniscope_to_nwb_zarr import __version__
from miniscope_to_nwb_zarr.run.panel import panel_text

ROOT = Path(__file__).resolve().parents[3]
MAX_BYTES = 1_000_000

# in pieces, so that this file does not hold what it forbids
HOSTS = [
    "pypi" + ".org",
    "python" + "hosted.org",
    "/simple" + "/",
    "index" + "-url",
    "conda" + ".anaconda.org",
    "registry" + ".npmjs",
    "/opt/" + "pypi",
]
PLACES = ["/" + "work/", "/" + "root/"]


def tracked_files():
    if not (ROOT / ".git").exists():
        pytest.skip("only a git checkout knows which files belong to the repository")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def as_text(path):
    return path.read_bytes().decode("utf-8", errors="replace")


def test_no_file_names_a_package_registry_or_a_place_on_some_machine():
    # a folder called work inside another one is nobody's machine
    words = [re.escape(host) for host in HOSTS] + [rf"(?<![\w.~/]){re.escape(place)}" for place in PLACES]
    forbidden = re.compile("|".join(words))
    found = [(path.name, match[0]) for path in tracked_files() for match in forbidden.finditer(as_text(path))]
    assert not found


def test_no_file_is_large():
    assert not [path.name for path in tracked_files() if path.stat().st_size > MAX_BYTES]


def test_neither_recordings_nor_lock_files_are_kept():
    names = [str(path.relative_to(ROOT)) for path in tracked_files()]
    kept = re.compile(r"(data|results)/(?!README\.md$)|.*uv\.lock$|.*\.(avi|mkv|mp4)$|.*\.zarr/")
    assert not [name for name in names if kept.match(name)]


def test_what_a_repository_owes_its_readers_is_there():
    owed = ["LICENSE", "CHANGELOG.md", "CONTRIBUTING.md", "data/README.md", "results/README.md"]
    assert not [name for name in owed if not (ROOT / name).is_file()]


def test_versions_agree():
    assert tomllib.loads(as_text(PYPROJECT))["project"]["version"] == __version__
    assert f"## [{__version__}]" in as_text(ROOT / "CHANGELOG.md")


@pytest.mark.parametrize("script", ["code/run", ".ci/run"])
def test_scripts_are_executable_and_parse(script):
    path = ROOT / script
    assert os.access(path, os.X_OK)
    assert "\nset -euo pipefail\n" in as_text(path)
    subprocess.run(["bash", "-n", str(path)], check=True)


def test_the_committed_panel_is_made_from_the_options():
    assert as_text(PANEL) == panel_text(), "run scripts/make_app_panel.py"


def test_the_committed_environment_is_made_from_the_pins():
    for name, text in build_files(as_text(CONSTRAINTS)).items():
        assert as_text(ROOT / name) == text, "run scripts/make_environment.py"


def test_uv_holds_the_same_versions_as_the_constraints_file():
    pins = read_constraints(as_text(CONSTRAINTS))
    assert as_text(PYPROJECT).endswith(pins.as_toml()), "run scripts/make_constraints.py"
    assert as_text(CONSTRAINTS) == pins.as_text()


def test_every_requirement_is_pinned_and_the_constraints_hold_that_version():
    project = tomllib.loads(as_text(PYPROJECT))
    pins = read_constraints(as_text(CONSTRAINTS))
    for required, held in (
        (project["project"]["dependencies"], pins.runtime),
        (project["dependency-groups"]["dev"], pins.development + pins.runtime),
        (project["project"]["optional-dependencies"]["metadata-service"], pins.development),
    ):
        assert all("==" in pin for pin in required)
        versions = {str(Requirement(pin)).partition(";")[0].strip() for pin in held}
        # what an extra brings is among the other packages
        wanted = {f"{requirement.name}{requirement.specifier}" for requirement in map(Requirement, required)}
        assert wanted <= versions, "run scripts/make_constraints.py"
    assert all(
        re.fullmatch(r"[a-z0-9-]+==[\w.+!-]+( ; .+)?", pin) for pin in pins.runtime + pins.development + pins.build
    )


def test_the_image_has_everything_once_and_nothing_of_other_platforms():
    names = [name for name, _ in packages(as_text(CONSTRAINTS))]
    assert len(set(names)) == len(names)
    assert "colorama" not in names
    assert "pytest" not in names


def test_the_tests_run_with_the_pinned_versions():
    pins = read_constraints(as_text(CONSTRAINTS))
    for pin in map(Requirement, pins.runtime):
        if pin.marker is None or pin.marker.evaluate():
            installed = importlib.metadata.version(pin.name)
            assert pin.specifier.contains(installed, prereleases=True), f"{pin.name} {installed}, expected {pin}"


def test_the_part_of_the_project_file_written_by_hand_is_left_alone():
    text = as_text(PYPROJECT)
    assert own_part(text) == text.partition(BEGIN)[0].rstrip() + "\n"
    assert own_part(own_part(text)) == own_part(text)


def capsule(folder, path_folder, *arguments):
    """Run code/run where only `code/` exists, with a python and a uv that tell how they were called."""
    code = folder / "capsule" / "code"
    code.mkdir(parents=True)
    shutil.copy(ROOT / "code" / "run", code)
    (code / "pyproject.toml").write_text('[project]\ndependencies = ["packaging==0.0.1"]\n')
    for name in ("python", "uv"):
        if (path_folder / name).exists():
            (path_folder / name).chmod(0o755)
    env = {"PATH": f"{path_folder}:/usr/bin:/bin"}
    return subprocess.run(
        [str(code / "run"), *arguments], cwd=folder, env=env, capture_output=True, text=True, check=True
    )


STUB = '#!/bin/sh\nif [ "$1" = - ]; then exit {matches}; fi\necho "{name} in $(basename "$PWD"):" "$@"\n'


@pytest.mark.parametrize(
    ("matches", "has_uv", "called"),
    [
        (0, True, "python in code: -u run_capsule.py --dataset demo --subject_id "),
        (1, True, "uv in code: run --no-dev python -u run_capsule.py --dataset demo --subject_id "),
        (1, False, "python in code: -u run_capsule.py --dataset demo --subject_id "),
    ],
    ids=["baked image", "laptop with uv", "neither"],
)
def test_the_entry_of_the_capsule_finds_the_right_python(tmp_path, matches, has_uv, called):
    stubs = tmp_path / "bin"
    stubs.mkdir()
    (stubs / "python").write_text(STUB.format(name="python", matches=matches))
    if has_uv:
        (stubs / "uv").write_text(STUB.format(name="uv", matches=0))
    elif shutil.which("uv", path="/usr/bin:/bin"):
        pytest.skip("uv lies in a system folder of this machine and cannot be hidden")
    done = capsule(tmp_path, stubs, "--dataset", "demo", "--subject_id", "")
    assert done.stdout.rstrip("\n") == called
    assert ("no uv" in done.stderr) == (matches == 1 and not has_uv)
