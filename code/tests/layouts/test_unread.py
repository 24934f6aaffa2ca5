"""A file that the disk does not give back is no file that says nothing: its recording waits for a better disk."""

import errno
import os
from pathlib import Path

import pytest

from miniscope_to_nwb_zarr.layouts.discovery import Request, discover
from tests.faults import samples

FAILING = OSError(errno.EIO, os.strerror(errno.EIO))


@pytest.mark.parametrize("layout", samples.LAYOUTS)
def test_a_recording_is_a_temporary_failure_that_names_the_file(layout, monkeypatch):
    """Whichever file it is, whichever of its readers is the one that fails."""
    files = {file.path for file in samples.session_of(layout).source_files}
    request = Request(**samples.LAYOUTS[layout].request)
    opened = []

    def failing_sometimes(opener):
        def open_file(path, *rest, **more):
            opened.append(path)
            if len(opened) == failing:
                raise FAILING
            return opener(path, *rest, **more)

        return open_file

    for owner in (os, Path):
        monkeypatch.setattr(owner, "open", failing_sometimes(owner.open))
    failing = 0
    assert len(discover(samples.folder_of(layout), request).sessions) == 1
    reads = opened.copy()
    assert files & set(reads)
    for k, path in enumerate(reads):
        opened.clear()
        failing = k + 1
        if path not in files:
            continue
        found = discover(samples.folder_of(layout), request)
        assert found.sessions == (), f"opened as number {k}: {path}"
        (failure,) = found.failures
        assert failure.is_temporary
        assert path.name in failure.message


def test_the_other_recordings_are_found(tmp_path, monkeypatch):
    for layout in ("Miniscope DAQ", "Miniscope Open Ephys"):
        samples.copy_of(layout, tmp_path / layout)
    (failing,) = tmp_path.glob("Miniscope Open Ephys/**/*.csv")
    open_file = os.open

    def noting(path, *rest, **more):
        if path == failing:
            raise FAILING
        return open_file(path, *rest, **more)

    monkeypatch.setattr(os, "open", noting)
    found = discover(tmp_path, Request())
    assert [session.layout for session in found.sessions] == ["Miniscope DAQ"]
    assert [(failure.folder, failure.is_temporary) for failure in found.failures] == [(failing.parent, True)]
