from dataclasses import replace
from types import SimpleNamespace

import pytest

from tests.conversions import convert, no_processes, sessions_in
from tests.recordings import SCOPE, small_recording


@pytest.fixture
def in_process(monkeypatch):
    """Workers are this process."""
    from miniscope_to_nwb_zarr.run import session_job

    monkeypatch.setattr(session_job, "open_pool", no_processes)


@pytest.fixture
def tiny(tmp_path):
    """One scope of 25 frames in a folder with a space, not converted."""
    folder = tmp_path / "my data"
    truth = small_recording(folder, devices=(replace(SCOPE, has_orientation=False),))
    (session,) = sessions_in(folder)
    return SimpleNamespace(truth=truth, session=session, folder=folder, results=tmp_path / "my results")


@pytest.fixture
def done(tiny):
    """The same, converted."""
    tiny.outcome = convert(tiny.session, tiny.results)
    tiny.output = tiny.outcome.output
    return tiny
