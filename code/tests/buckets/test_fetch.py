"""Files of a bucket, from a real server of S3 on this machine: whole, checked, resumed, and asked for again."""

import hashlib
import threading

import pytest

from miniscope_to_nwb_zarr.buckets import fetch as fetching
from miniscope_to_nwb_zarr.buckets import patience
from miniscope_to_nwb_zarr.buckets.fetch import fetch, fetch_all, give_back, note_companions
from miniscope_to_nwb_zarr.buckets.object_store import StorePlace
from miniscope_to_nwb_zarr.core.addresses import BucketAddress
from miniscope_to_nwb_zarr.core.errors import InputError, TemporaryError, UsageError
from tests.s3_server import KEYS, Bucket, address, faulty

CONTENT = bytes(range(256)) * 4000


@pytest.fixture(autouse=True)
def keys(monkeypatch):
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(patience, "_FIRST_WAIT_S", 0.001)


@pytest.fixture
def bucket():
    made = Bucket()
    made.put("set/tables/sessions.csv", b"id\n1\n")
    made.put("set/sessions/1.nwb", CONTENT)
    return made


def store_of(bucket, folder="set", endpoint=None, **more):
    return StorePlace(BucketAddress(bucket.name, folder), endpoint or address(), **more).open()


@pytest.fixture
def store(bucket):
    return store_of(bucket)


@pytest.fixture
def file(store):
    return store.files("sessions/")[0]


def test_files_are_listed_with_what_tells_them_apart(store):
    listed = store.files()
    assert [each.key for each in listed] == ["set/sessions/1.nwb", "set/tables/sessions.csv"]
    assert listed[0].size_bytes == len(CONTENT)
    assert listed[0].etag == hashlib.md5(CONTENT).hexdigest()
    assert [each.name for each in store.files("tables/")] == ["sessions.csv"]


def test_a_file_is_fetched_whole_and_used_again(bucket, store, file, tmp_path):
    first = fetch(store, file, tmp_path)
    assert first.path == tmp_path / "s3" / bucket.name / "set" / "sessions" / "1.nwb"
    assert first.path.read_bytes() == CONTENT
    assert (first.is_checked, first.was_there) == (True, False)
    assert fetch(store, file, tmp_path).was_there
    # with the mark that it is ours
    assert sorted(path.name for path in first.path.parent.iterdir()) == ["1.nwb"]


def test_a_file_that_was_put_there_in_parts_is_checked_too(bucket, store, tmp_path):
    content = CONTENT * 12
    bucket.put_in_parts("set/sessions/2.nwb", content)
    large = store.files("sessions/2")[0]
    assert large.etag.endswith("-3")
    fetched = fetch(store, large, tmp_path)
    assert fetched.is_checked
    assert fetched.path.read_bytes() == content
    fetched.path.write_bytes(content[:-1] + b"x")
    assert not fetch(store, large, tmp_path).was_there
    assert fetched.path.read_bytes() == content


def test_a_damaged_copy_in_the_scratch_folder_is_fetched_anew(store, file, tmp_path):
    path = fetch(store, file, tmp_path).path
    path.write_bytes(b"x" + CONTENT[1:])
    assert not fetch(store, file, tmp_path).was_there
    assert path.read_bytes() == CONTENT


def test_an_interrupted_fetch_goes_on_where_it_stopped(store, file, tmp_path, monkeypatch):
    monkeypatch.setattr(fetching, "_BLOCK_BYTES", 100_000)
    asked = []
    read = store.read

    def breaking(which, first, stop):
        asked.append(first)
        if len(asked) == 4:
            raise KeyboardInterrupt
        return read(which, first, stop)

    monkeypatch.setattr(store, "read", breaking)
    with pytest.raises(KeyboardInterrupt):
        fetch(store, file, tmp_path)
    came = []
    assert fetch(store, file, tmp_path, came.append).path.read_bytes() == CONTENT
    assert asked[4] == 300_000
    assert came[0] == 300_000
    assert sum(came) == len(CONTENT)


def test_a_file_that_changes_meanwhile_is_not_mixed(bucket, store, file, tmp_path, monkeypatch):
    monkeypatch.setattr(fetching, "_BLOCK_BYTES", 400_000)
    read = store.read

    def changing(which, first, stop):
        content = read(which, first, stop)
        bucket.put(file.key, CONTENT[::-1])
        return content

    monkeypatch.setattr(store, "read", changing)
    with pytest.raises(TemporaryError, match="was changed meanwhile"):
        fetch(store, file, tmp_path)


def test_what_comes_damaged_is_not_used(bucket, store, file, tmp_path, monkeypatch):
    monkeypatch.setattr(store, "read", lambda _file, first, stop: bytes(stop - first))
    with pytest.raises(TemporaryError, match="differs from what the server has"):
        fetch(store, file, tmp_path)
    assert not list((tmp_path / "s3" / bucket.name / "set/sessions").iterdir())


def test_a_full_disk_is_said_before_anything_is_fetched(store, file, tmp_path, monkeypatch):
    monkeypatch.setattr(fetching.shutil, "disk_usage", lambda _: type("usage", (), {"free": 10}))
    with pytest.raises(TemporaryError, match="1,024,000 bytes still have to be fetched, 10 are free"):
        fetch(store, file, tmp_path)


def test_two_runs_do_not_write_into_one_file(store, file, tmp_path, monkeypatch):
    began, go_on = threading.Event(), threading.Event()
    read = store.read

    def slow(which, first, stop):
        began.set()
        assert go_on.wait(20)
        return read(which, first, stop)

    monkeypatch.setattr(store, "read", slow)
    first = threading.Thread(target=fetch, args=(store, file, tmp_path))
    first.start()
    assert began.wait(20)
    with pytest.raises(TemporaryError, match="another run is fetching it"):
        fetch(store, file, tmp_path)
    go_on.set()
    first.join()
    assert fetch(store, file, tmp_path).was_there


def test_what_is_not_there_is_an_error_of_the_input(bucket, store, file, tmp_path):
    with pytest.raises(InputError, match="s3://nowhere: is not there"):
        StorePlace(BucketAddress("nowhere", ""), address()).open().files()
    bucket.delete(file.key)
    with pytest.raises(InputError, match="is not there"):
        fetch(store, file, tmp_path)


def test_a_name_that_leads_elsewhere_is_refused(bucket, store, tmp_path):
    bucket.put("set/sessions/../../../x", b"x")
    with pytest.raises(InputError, match="cannot be that of a file here"):
        fetch(store, store.files("sessions/..")[0], tmp_path)


@pytest.mark.parametrize("url", ["https://data/set", "s3://", "data/set", "", "s3://data//set", "s3://data/../x"])
def test_other_addresses_are_refused(url):
    with pytest.raises(UsageError, match="s3://bucket/folder"):
        BucketAddress.parse(url)


def test_a_file_that_is_not_public_needs_credentials(bucket, file, tmp_path):
    bucket.put(file.key, CONTENT, acl="private")
    with pytest.raises(InputError, match="--s3_credentials True"):
        fetch(store_of(bucket), file, tmp_path)
    assert fetch(store_of(bucket, with_credentials=True), file, tmp_path).is_checked


def planned(*faults):
    """Faults for the requests in their order; none for those that come later."""
    return lambda _method, _path, number: faults[number] if number < len(faults) else ""


def test_a_body_that_is_cut_off_is_asked_for_again(bucket, file, tmp_path, monkeypatch):
    monkeypatch.setattr(fetching, "_BLOCK_BYTES", 400_000)
    with faulty(planned("", "cut", "503", "reset", "500", "", "lost", "")) as proxy:
        fetched = fetch(store_of(bucket, endpoint=proxy.url), file, tmp_path)
    assert fetched.path.read_bytes() == CONTENT
    assert fetched.is_checked
    # three blocks, and one request for each fault
    assert len(proxy.asked) == 3 + 5


def test_what_came_before_the_server_failed_for_good_is_kept(bucket, file, tmp_path, monkeypatch):
    monkeypatch.setattr(fetching, "_BLOCK_BYTES", 400_000)
    monkeypatch.setattr(patience, "_GIVE_UP_AFTER_S", 0.002)
    with faulty(lambda _method, _path, number: "503" if number else "") as proxy:
        with pytest.raises(TemporaryError, match="SlowDown"):
            fetch(store_of(bucket, endpoint=proxy.url), file, tmp_path)
        (part,) = (tmp_path / "s3" / bucket.name / "set/sessions").iterdir()
        assert part.name.endswith(".part")
        assert part.read_bytes() == CONTENT[:400_000]
        proxy.fault = lambda *_: ""
        came = []
        assert fetch(store_of(bucket, endpoint=proxy.url), file, tmp_path, came.append).path.read_bytes() == CONTENT
    assert came == [400_000, 400_000, 224_000]


def test_a_bit_that_tipped_on_the_way_is_fetched_again(bucket, file, tmp_path, monkeypatch):
    monkeypatch.setattr(fetching, "_BLOCK_BYTES", 400_000)
    with faulty(planned("bent")) as proxy:
        fetched = fetch(store_of(bucket, endpoint=proxy.url), file, tmp_path)
    assert fetched.path.read_bytes() == CONTENT
    assert [method for method, _, _ in proxy.asked] == ["GET"] * 3 + ["HEAD"] + ["GET"] * 3


def test_a_server_that_is_not_there_is_said_soon(bucket):
    with pytest.raises(TemporaryError, match="the connection failed"):
        store_of(bucket, endpoint="http://127.0.0.1:9").files()


def test_a_clock_that_is_wrong_is_named(bucket, monkeypatch):
    monkeypatch.setattr(patience, "_GIVE_UP_AFTER_S", 0.002)
    with faulty(lambda *_: "skew") as proxy, pytest.raises(TemporaryError, match="the clock of this machine"):
        store_of(bucket, endpoint=proxy.url).files()


def test_only_what_was_fetched_is_given_back(bucket, store, tmp_path):
    bucket.put("set/sessions/2.nwb", b"two")
    files = store.files("sessions/")
    (mine := tmp_path / "s3" / bucket.name / "set/sessions/2.nwb").parent.mkdir(parents=True)
    mine.write_bytes(b"two")
    fetched = fetch_all(store, files, tmp_path)
    assert [one.was_there for one in fetched] == [False, True]
    give_back((one.path for one in fetched), tmp_path)
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["2.nwb"]


def test_what_a_file_names_is_given_back_with_it(store, file, tmp_path):
    one, other = (fetch(store, each, tmp_path).path for each in (file, store.files("tables/")[0]))
    note_companions(one, [other], tmp_path)
    give_back([one], tmp_path)
    assert not list(tmp_path.iterdir())


def test_room_for_all_files_is_asked_for_before_the_first(store, file, tmp_path, monkeypatch):
    monkeypatch.setattr(fetching.shutil, "disk_usage", lambda _: type("usage", (), {"free": 1_024_002}))
    with pytest.raises(TemporaryError, match="1,024,005 bytes have to be fetched, 1,024,002 are free"):
        fetch_all(store, store.files(), tmp_path)
    assert not list(tmp_path.iterdir())
