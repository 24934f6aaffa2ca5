import errno
import os

import pytest

from miniscope_to_nwb_zarr.sources import failed_reads


@pytest.mark.parametrize(
    ("number", "is_noted"),
    [(errno.EIO, True), (errno.ESTALE, True), (errno.EMFILE, True), (errno.EACCES, False), (errno.ENOENT, False)],
)
def test_only_reads_that_may_succeed_the_next_time_are_remembered(tmp_path, number, is_noted):
    failed_reads.take()
    failed_reads.note(tmp_path, OSError(number, os.strerror(number)))
    failed_reads.note(tmp_path, ValueError("no AVI"))
    assert failed_reads.take() == ({tmp_path: os.strerror(number)} if is_noted else {})
    assert failed_reads.take() == {}


def test_an_error_names_the_file_that_it_is_about(tmp_path):
    with pytest.raises(OSError, match="failed") as raised, failed_reads.named(tmp_path):
        raise OSError(errno.EIO, "failed")
    assert raised.value.filename == str(tmp_path)
    with pytest.raises(OSError, match="failed") as raised, failed_reads.named(tmp_path):
        raise OSError(errno.EIO, "failed", "other")
    assert raised.value.filename == "other"
