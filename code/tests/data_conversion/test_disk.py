import errno
import multiprocessing
import os
import signal
from pathlib import Path

import pytest

from miniscope_to_nwb_zarr.core.errors import InputError, TemporaryError
from miniscope_to_nwb_zarr.data_conversion import disk


@pytest.fixture(params=["of the kernel", "without the kernel"])
def kernel(request, monkeypatch):
    if request.param == "without the kernel":
        monkeypatch.setattr(disk, "_renameat2", lambda *_: False)


def test_a_folder_is_renamed_to_a_free_name_only(tmp_path, kernel):
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "file").write_text("x")
    (tmp_path / "taken").mkdir()
    with pytest.raises(FileExistsError):
        disk.rename_new(tmp_path / "new", tmp_path / "taken")
    assert not list((tmp_path / "taken").iterdir())
    disk.rename_new(tmp_path / "new", tmp_path / "free")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["free", "taken"]
    assert (tmp_path / "free" / "file").read_text() == "x"


def test_what_a_killed_run_left_of_its_lock_is_in_nobodys_way(tmp_path, monkeypatch):
    monkeypatch.setattr(disk, "_renameat2", lambda *_: False)
    (tmp_path / "new").mkdir()
    process = multiprocessing.get_context("fork").Process(target=die_in_rename, args=(tmp_path / "new",))
    process.start()
    process.join(30)
    assert process.exitcode == -signal.SIGKILL
    assert sorted(path.name for path in tmp_path.iterdir()) == [".free.publishing-lock", "new"]
    disk.rename_new(tmp_path / "new", tmp_path / "free")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["free"]


def die_in_rename(folder):
    Path.rename = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
    disk.rename_new(folder, folder.with_name("free"))


def test_of_several_that_rename_to_one_name_one_does_without_the_kernel_too(tmp_path, monkeypatch):
    monkeypatch.setattr(disk, "_renameat2", lambda *_: False)
    context = multiprocessing.get_context("fork")
    ended = context.SimpleQueue()
    folders = [tmp_path / name for name in "abcd"]
    for folder in folders:
        folder.mkdir()
    processes = [context.Process(target=rename_and_tell, args=(folder, ended)) for folder in folders]
    for process in processes:
        process.start()
    for process in processes:
        process.join(30)
    assert sorted(ended.get() for _ in folders) == ["renamed", "taken", "taken", "taken"]
    assert len(list(tmp_path.iterdir())) == 4


def rename_and_tell(folder, ended):
    try:
        disk.rename_new(folder, folder.with_name("free"))
        ended.put("renamed")
    except FileExistsError:
        ended.put("taken")


def test_two_folders_change_places(tmp_path, kernel):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).write_text("")
    disk.exchange(tmp_path / "a", tmp_path / "b")
    assert sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*/*")) == ["a/b", "b/a"]


@pytest.mark.parametrize("shares_blocks", [True, False])
def test_a_copy_is_equal_its_own_and_of_the_digest_given(tmp_path, monkeypatch, shares_blocks):
    if shares_blocks:
        # a file system that shares blocks: the copy is there without a byte having been read
        monkeypatch.setattr(disk, "_clone", lambda reader, writer: writer.write(os.pread(reader.fileno(), 9999, 0)))
    (tmp_path / "a").write_bytes(b"frames" * 99)
    digest = disk.copy_file(tmp_path / "a", tmp_path / "b")
    assert digest == disk.hash_file(tmp_path / "a") == disk.hash_file(tmp_path / "b")
    assert (tmp_path / "b").stat().st_nlink == 1
    with pytest.raises(FileExistsError):
        disk.copy_file(tmp_path / "a", tmp_path / "b")


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.ENOSPC, TemporaryError),
        (errno.EIO, TemporaryError),
        (errno.ESTALE, TemporaryError),
        (errno.EACCES, InputError),
        (errno.EROFS, InputError),
        (errno.ENAMETOOLONG, InputError),
    ],
)
def test_an_error_of_the_system_says_whether_to_try_again(number, kind):
    error = disk.explain(OSError(number, os.strerror(number), "results/x"))
    assert type(error) is kind
    assert "results/x" in str(error)
    assert os.strerror(number) in str(error)
    assert disk.is_full(OSError(number, "")) is (number == errno.ENOSPC)


def fail(error, kind, sentence):
    """Raise an error of another kind from an error, as libraries do, with one more between them."""
    try:
        try:
            raise error
        except OSError as cause:
            raise KeyError("0.0.0") from cause
    except KeyError as cause:
        raise kind(sentence) from cause


def test_an_error_of_the_system_comes_out_of_what_libraries_make_of_it():
    full = OSError(errno.ENOSPC, "No space left on device")
    with pytest.raises(OSError, match="No space left") as raised, disk.system_errors():
        fail(full, ValueError, "could not create the array")
    assert raised.value is full


def test_a_missing_file_may_be_a_fault_of_the_program():
    with pytest.raises(ValueError, match="could not create"), disk.system_errors():
        fail(FileNotFoundError(errno.ENOENT, "No such file"), ValueError, "could not create the array")


def test_an_error_of_the_program_stays_what_it_is():
    with pytest.raises(InputError, match="mend it"), disk.system_errors():
        fail(PermissionError(errno.EACCES, "Permission denied"), InputError, "mend it")
