"""How the tests of discovery look at what was found."""

import pytest

from miniscope_to_nwb_zarr.demo import barcode
from miniscope_to_nwb_zarr.layouts.discovery import Request, discover
from miniscope_to_nwb_zarr.sources.video import VideoFile


@pytest.fixture
def find():
    """Discover in a folder; the fields of `Request` as keywords."""
    return lambda folder, **request: discover(folder, Request(**request))


@pytest.fixture
def find_one(find):
    """The only session in a folder."""

    def only(folder, **request):
        found = find(folder, **request)
        assert found.failures == ()
        (session,) = found.sessions
        return session

    return only


@pytest.fixture
def find_failure(find):
    """The only failure in a folder."""

    def only(folder, **request):
        found = find(folder, **request)
        assert found.sessions == ()
        (failure,) = found.failures
        return failure

    return only


@pytest.fixture
def scope_of():
    """The stream of a session's scope."""
    return lambda session, name="HPC_miniscope1": next(s for _, s in session.streams if s.device.name == name)


@pytest.fixture
def numbers_seen():
    """The number that each kept frame of a stream shows in its bar code."""

    def read(stream):
        seen = []
        for segment in stream.segments:
            with VideoFile(segment.path) as video:
                frames = (video.read(segment.first_in_file + k) for k in range(segment.n_frames))
                seen += [barcode.read(frame.array) for frame in frames]
        return seen

    return read


@pytest.fixture
def holds(numbers_seen):
    """That a stream has the frames of these rows, each with the picture and the stamp that it was taken with."""

    def check(stream, taken_ms, rows=None):
        rows = list(range(len(taken_ms))) if rows is None else list(rows)
        assert numbers_seen(stream) == rows
        assert (stream.time_s * 1000).round().astype(int).tolist() == taken_ms[rows].tolist()

    return check


@pytest.fixture
def codes():
    """The codes of findings, with the place of each."""
    return lambda holder: {(finding.code, finding.where) for finding in holder.findings}
