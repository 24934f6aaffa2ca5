"""R14: links and special files: only regular files inside the data folder are opened, and nothing waits for one.

The data folder and the links directly in it are trusted, as Code Ocean mounts data assets; any other link is followed
only to what lies inside of them (reference engineering B.4).
"""

import ctypes
import os
import shutil
import signal
import socket
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from miniscope_to_nwb_zarr.core.model import DeviceKind
from miniscope_to_nwb_zarr.sources import limits
from tests.faults import samples
from tests.faults.harness import Case, Row, Tier
from tests.faults.program import Said, run_in_child, words

_MAX_S = 10
_KERNEL_LINKS = 40
_HARMLESS = ("/dev/null", "/dev/urandom", "/dev/tty", "/dev/shm")


def _to_a_hidden_copy(path: Path, _outside: Path) -> None:
    hidden = path.parent / ".kept"
    hidden.mkdir()
    path.symlink_to(path.rename(hidden / path.name))


def _hard_link(path: Path, outside: Path) -> None:
    path.rename(outside / path.name)
    path.hardlink_to(outside / path.name)


def _out_of_the_root(path: Path, outside: Path) -> None:
    path.symlink_to(path.rename(outside / path.name))


def _to_itself(path: Path, _outside: Path) -> None:
    _remove(path)
    path.symlink_to(path)


def _to_its_folder(path: Path, _outside: Path) -> None:
    _remove(path)
    path.symlink_to(path.parent)


def _to_nowhere(path: Path, outside: Path) -> None:
    _remove(path)
    path.symlink_to(outside / "gone")


def _to_zeros(path: Path, _outside: Path) -> None:
    _remove(path)
    path.symlink_to("/dev/zero")


def _pipe(path: Path, _outside: Path) -> None:
    _remove(path)
    os.mkfifo(path)


def _socket(path: Path, _outside: Path) -> None:
    _remove(path)
    # the name of a socket may have a hundred bytes only
    here = Path.cwd()
    os.chdir(path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    finally:
        os.chdir(here)


def _long_chain(path: Path, _outside: Path) -> None:
    """More links one after the other than the system follows."""
    hidden = path.parent / ".kept"
    hidden.mkdir()
    path.rename(hidden / path.name)
    target = hidden / path.name
    for k in range(_KERNEL_LINKS + 5):
        link = hidden / f"link{k}"
        link.symlink_to(target)
        target = link
    path.symlink_to(target)


def _links_behind_links(path: Path, _outside: Path) -> None:
    """Folders in hidden folders, each seen through a link in the one before."""
    hidden = path.parent / ".kept"
    hidden.mkdir()
    inner = path.rename(hidden / path.name)
    for k in range(limits.LINK_DEPTH.value):
        outer = hidden / f"outer{k}"
        outer.mkdir()
        (outer / path.name).symlink_to(inner)
        inner = outer
    path.symlink_to(inner)


def _forbidden(path: Path, _outside: Path) -> None:
    path.chmod(0)


def _remove(path: Path) -> None:
    shutil.rmtree(path) if path.is_dir() else path.unlink()


_Trick = Callable[[Path, Path], None]
_ALLOWED: tuple[_Trick, ...] = (_to_a_hidden_copy, _hard_link)
_REFUSED: tuple[_Trick, ...] = (
    _out_of_the_root, _to_itself, _to_its_folder, _to_nowhere, _to_zeros, _pipe, _socket, _long_chain, _forbidden,
)  # fmt: skip
_OF_FOLDERS: tuple[_Trick, ...] = (
    _out_of_the_root, _to_itself, _to_its_folder, _to_nowhere, _links_behind_links, _pipe, _forbidden,
)  # fmt: skip
_ROLES = ("video", "table", "other")


@dataclass(frozen=True)
class _Place:
    """What a trick is played on: a file of a sample by what it is, or the folder that the recording lies in."""

    layout: str
    role: str

    def path(self, data: Path) -> Path:
        """It in a copy of the sample."""
        session = samples.session_of(self.layout)
        if self.role == "folder":
            return _recording(self.layout, data)
        scope = next(stream for _, stream in session.streams if stream.device.kind is DeviceKind.SCOPE)
        chosen = {"video": scope.video_files[0].path, "table": scope.table.path}
        others = [file.path for file in session.source_files if file.path not in chosen.values()]
        chosen["other"] = others[-1] if others else scope.table.path
        return _recording(self.layout, data) / chosen[self.role].relative_to(samples.folder_of(self.layout))


def _recording(layout: str, data: Path) -> Path:
    # every link in the data folder itself is trusted, so tricks are played further down
    return data / "of the lab" / layout


def _copy(layout: str, folder: Path) -> tuple[Path, Path]:
    """A data folder with a copy of the sample some folders down, and a folder outside."""
    data, outside = folder / "data", folder / "outside"
    _recording(layout, data).parent.mkdir(parents=True)
    outside.mkdir()
    samples.copy_of(layout, _recording(layout, data))
    return data, outside


def _look(layout: str, data: Path, folder: Path, **options: object) -> tuple[Said, list[str]]:
    """Ask the program what it would convert, without root's power over files; gives what it opened, too."""
    opened = folder / "opened"
    opened.touch()
    request = samples.FORMS[layout].request
    said = run_in_child(
        words(data, folder / "results", dry_run=True, **request, **options), folder / "said", partial(_watch, opened)
    )
    assert said.code != -signal.SIGALRM, f"waited for more than {_MAX_S} s"
    return said, opened.read_text().splitlines()


def _watch(opened: Path) -> None:
    signal.alarm(_MAX_S)
    fd = os.open(opened, os.O_WRONLY | os.O_APPEND)

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        if event in {"open", "os.scandir", "os.listdir"} and isinstance(arguments[0], (str, bytes, os.PathLike)):
            os.write(fd, os.fsencode(os.path.realpath(os.fspath(arguments[0]))) + b"\n")

    sys.addaudithook(hook)
    be_nobody()


def be_nobody() -> None:
    """Give up root's power over files and folders that forbid it."""
    if os.geteuid() == 0:
        header = (ctypes.c_uint32 * 2)(0x20080522, 0)
        if ctypes.CDLL(None, use_errno=True).capset(header, (ctypes.c_uint32 * 6)()):
            error = ctypes.get_errno()
            raise OSError(error, os.strerror(error))


def _plan(said: Said) -> list[tuple[object, ...]]:
    return [(line["device"], line["frames"]) for line in said.lines if line["type"] == "plan"]


def _hold_outside(opened: Iterable[str], outside: Path) -> None:
    real = os.path.realpath(outside)
    wrong = [
        path
        for path in opened
        if path == real or (path.startswith((real + os.sep, "/dev/")) and not path.startswith(_HARMLESS))
    ]
    assert not wrong, f"opened {wrong}"


def _is_taken(place: _Place, trick: _Trick, folder: Path) -> None:
    """What is allowed is read as if it were not there."""
    data, outside = _copy(place.layout, folder)
    trick(place.path(data), outside)
    said, _ = _look(place.layout, data, folder)
    assert said.code == 0, said
    assert _plan(said) == _whole_plan(place.layout), said


def _whole_plan(layout: str) -> list[tuple[object, ...]]:
    return [(s.device.name, s.n_frames) for _, s in samples.session_of(layout).streams if s.n_frames]


def _is_refused(place: _Place, trick: _Trick, folder: Path) -> None:
    """What is not allowed is not opened, and the one sentence about it names it."""
    data, outside = _copy(place.layout, folder)
    path = place.path(data)
    trick(path, outside)
    try:
        said, opened = _look(place.layout, data, folder)
    finally:
        if not path.is_symlink():
            path.chmod(0o700)
    assert said.code in {0, 3}, said
    _hold_outside(opened, outside)
    told = [line["sentence"] + line["where"] for line in said.lines if line["type"] == "finding"]
    told += [line["sentence"] for line in said.lines if line["type"] == "summary" and said.code != 0]
    told += [said.err] if said.code == 3 else []
    assert any(path.name in text for text in told), f"{path.name} is not named: {said}"
    if said.code == 0 and place.role == "video":
        assert _plan(said) != _whole_plan(place.layout)


def _root(links: int, folder: Path) -> None:
    """The data folder is reached by links; so is, where there are two or more, an asset in it."""
    layout = list(samples.FORMS)[links % len(samples.FORMS)]
    folder.mkdir(parents=True)
    asset = samples.copy_of(layout, folder / "assets" / "asset")
    data = folder / "mounted"
    data.mkdir()
    (data / "asset").symlink_to(asset)
    for k in range(links):
        link = folder / f"data{k}"
        link.symlink_to(data)
        data = link
    said, _ = _look(layout, data, folder)
    assert said.code == 0, said
    assert _plan(said) == _whole_plan(layout)


def _in_an_asset(place: _Place, folder: Path) -> None:
    """A link in a trusted asset that leads out of it is not followed."""
    data, outside = _copy(place.layout, folder)
    path = place.path(data)
    _out_of_the_root(path, outside)
    mounted = folder / "mounted"
    mounted.mkdir()
    (mounted / "asset").symlink_to(data)
    said, opened = _look(place.layout, mounted, folder)
    _hold_outside(opened, outside)
    assert path.name in said.out


_OPTIONS = ("session_metadata", "subjects", "user_config", "timestamps_file", "device_metadata_file", "video_files")


def _named_by_an_option(option: str, trick: _Trick, folder: Path) -> None:
    """A special file that an option names is refused with its name; the user may well have mistyped it."""
    layout = "Miniscope DAQ"
    data, outside = _copy(layout, folder)
    session = samples.session_of(layout)
    scope = next(stream for _, stream in session.streams if stream.device.kind is DeviceKind.SCOPE)
    given: dict[str, object] = {}
    if option in _OPTIONS[3:]:
        given = {
            "video_files": ",".join(str(file.path) for file in scope.video_files),
            "timestamps_file": scope.table.path,
            "start_time": session.start.isoformat(),
        }
    special = folder / "special" / f"special.{'avi' if option == 'video_files' else 'csv'}"
    special.parent.mkdir()
    special.touch()
    trick(special, outside)
    said, _ = _look(layout, data, folder, **given, **{option: special} if option not in given else {})
    if option in given:
        said, _ = _look(layout, data, folder, **{**given, option: special})
    assert said.code in ({0, 3} if option == "device_metadata_file" else {2, 3}), said
    assert special.name in said.err + said.out, said


def _fast() -> Iterable[Case]:
    layouts = list(samples.FORMS)
    yield Case("root-1", partial(_root, 1))
    yield Case("root-3", partial(_root, 3))
    for k, trick in enumerate(_ALLOWED):
        yield _case(_Place(layouts[k], "video"), trick, _is_taken)
    for k, trick in enumerate(_REFUSED):
        yield _case(_Place(layouts[k % len(layouts)], _ROLES[k % 2]), trick, _is_refused)
    for k, trick in enumerate((_out_of_the_root, _links_behind_links, _forbidden)):
        yield _case(_Place(layouts[k], "folder"), trick, _is_refused)
    yield Case("in-an-asset", partial(_in_an_asset, _Place("Miniscope DAQ", "video")))
    for option, trick in (("session_metadata", _pipe), ("video_files", _pipe), ("timestamps_file", _to_zeros)):
        yield Case(f"{option}-{_name(trick)}", partial(_named_by_an_option, option, trick))


def _full() -> Iterable[Case]:
    for links in range(len(samples.FORMS)):
        yield Case(f"root-{links}", partial(_root, links))
    for layout in samples.FORMS:
        for role in _ROLES:
            place = _Place(layout, role)
            yield from (_case(place, trick, _is_taken) for trick in _ALLOWED)
            yield from (_case(place, trick, _is_refused) for trick in _REFUSED)
            yield Case(f"{layout}-{role}-in-an-asset", partial(_in_an_asset, place))
        yield from (_case(_Place(layout, "folder"), trick, _is_refused) for trick in _OF_FOLDERS)
    for option in _OPTIONS:
        for trick in (_pipe, _to_zeros, _socket, _forbidden, _to_itself):
            yield Case(f"{option}-{_name(trick)}", partial(_named_by_an_option, option, trick))


def _case(place: _Place, trick: _Trick, hold: Callable[[_Place, _Trick, Path], None]) -> Case:
    return Case(f"{place.layout}-{place.role}-{_name(trick)}", partial(hold, place, trick))


def _name(trick: _Trick) -> str:
    return trick.__name__.lstrip("_").replace("_", "-")


def _needs() -> str | None:
    return None if sys.platform.startswith("linux") else "special files and rights are made as on Linux"


ROW = Row(
    name="R14",
    title="links and special files",
    promise="nothing outside the data folder is opened, nothing waits, and what is left out is named",
    cases=lambda tier: _fast() if tier is Tier.FAST else _full(),
    needs=_needs,
)
