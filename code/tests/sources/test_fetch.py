"""Files of a bucket, from a real server of S3 on this machine: whole, checked, resumed, and asked for again."""

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.request import Request, urlopen

import boto3
import pytest
from moto.server import ThreadedMotoServer

from miniscope_to_nwb_zarr.core.errors import InputError, TemporaryError, UsageError
from miniscope_to_nwb_zarr.sources import fetch as fetching
from miniscope_to_nwb_zarr.sources.fetch import fetch
from miniscope_to_nwb_zarr.sources.object_store import ObjectStore

CONTENT = bytes(range(256)) * 4000
PART = 5 * 1024 * 1024


@pytest.fixture(scope="module")
def address():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(address, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", address)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    client = boto3.client("s3", region_name="us-east-1")
    client.create_bucket(Bucket="data")
    put(client, "set/tables/sessions.csv", b"id\n1\n")
    put(client, "set/sessions/1.nwb", CONTENT)
    yield client
    for each in client.list_objects_v2(Bucket="data")["Contents"]:
        client.delete_object(Bucket="data", Key=each["Key"])
    client.delete_bucket(Bucket="data")


@pytest.fixture
def store(bucket):
    return ObjectStore("s3://data/set")


@pytest.fixture
def file(store):
    return store.files("sessions/")[0]


def put(client, key, content, acl="public-read"):
    client.put_object(Bucket="data", Key=key, Body=content, ACL=acl)


def put_in_parts(client, key, content):
    upload = client.create_multipart_upload(Bucket="data", Key=key, ACL="public-read")["UploadId"]
    parts = []
    for number, first in enumerate(range(0, len(content), PART), start=1):
        body = content[first : first + PART]
        made = client.upload_part(Bucket="data", Key=key, UploadId=upload, PartNumber=number, Body=body)
        parts.append({"PartNumber": number, "ETag": made["ETag"]})
    client.complete_multipart_upload(Bucket="data", Key=key, UploadId=upload, MultipartUpload={"Parts": parts})


def test_files_are_listed_with_what_tells_them_apart(store):
    listed = store.files()
    assert [each.key for each in listed] == ["set/sessions/1.nwb", "set/tables/sessions.csv"]
    assert listed[0].size_bytes == len(CONTENT)
    assert listed[0].etag == hashlib.md5(CONTENT).hexdigest()
    assert [each.name for each in store.files("tables/")] == ["sessions.csv"]


def test_a_file_is_fetched_whole_and_used_again(store, file, tmp_path):
    first = fetch(store, file, tmp_path)
    assert first.path == tmp_path / "s3" / "data" / "set" / "sessions" / "1.nwb"
    assert first.path.read_bytes() == CONTENT
    assert (first.is_checked, first.was_there) == (True, False)
    assert fetch(store, file, tmp_path).was_there
    assert [path.name for path in first.path.parent.iterdir()] == ["1.nwb"]


def test_a_file_that_was_put_there_in_parts_is_checked_too(bucket, store, tmp_path):
    content = CONTENT * 12
    put_in_parts(bucket, "set/sessions/2.nwb", content)
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


def test_a_broken_connection_is_tried_again_after_longer_waits(store, file, tmp_path, monkeypatch):
    read, failures, waits = store.read, [], []

    def failing(which, first, stop):
        if len(failures) < 3:
            failures.append(first)
            raise TemporaryError("the connection failed")
        return read(which, first, stop)

    monkeypatch.setattr(store, "read", failing)
    assert fetch(store, file, tmp_path, wait=waits.append).path.read_bytes() == CONTENT
    assert waits == [1.0, 2.0, 4.0]


def test_a_server_that_never_recovers_is_a_temporary_failure_that_keeps_what_came(store, file, tmp_path, monkeypatch):
    monkeypatch.setattr(fetching, "_BLOCK_BYTES", 400_000)
    read = store.read

    def failing(which, first, stop):
        if first:
            raise TemporaryError("the server says SlowDown")
        return read(which, first, stop)

    monkeypatch.setattr(store, "read", failing)
    with pytest.raises(TemporaryError, match="SlowDown"):
        fetch(store, file, tmp_path, wait=lambda _: None)
    (part,) = (tmp_path / "s3/data/set/sessions").iterdir()
    assert part.name.endswith(".part")
    assert part.read_bytes() == CONTENT[:400_000]


def test_a_file_that_changes_meanwhile_is_not_mixed(bucket, store, file, tmp_path, monkeypatch):
    monkeypatch.setattr(fetching, "_BLOCK_BYTES", 400_000)
    read = store.read

    def changing(which, first, stop):
        content = read(which, first, stop)
        put(bucket, file.key, CONTENT[::-1])
        return content

    monkeypatch.setattr(store, "read", changing)
    with pytest.raises(TemporaryError, match="was changed while it was fetched"):
        fetch(store, file, tmp_path, wait=lambda _: None)


def test_what_came_damaged_is_not_used(store, file, tmp_path, monkeypatch):
    monkeypatch.setattr(store, "read", lambda _file, first, stop: bytes(stop - first))
    with pytest.raises(TemporaryError, match="is not what the server has"):
        fetch(store, file, tmp_path)
    assert not list((tmp_path / "s3/data/set/sessions").iterdir())


def test_a_full_disk_is_said_before_anything_is_fetched(store, file, tmp_path, monkeypatch):
    monkeypatch.setattr(fetching.shutil, "disk_usage", lambda _: type("usage", (), {"free": 10}))
    with pytest.raises(TemporaryError, match="1,024,000 bytes are still to be fetched, 10 are free"):
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
    with pytest.raises(InputError, match="s3://nowhere/"):
        ObjectStore("s3://nowhere").files()
    bucket.delete_object(Bucket="data", Key=file.key)
    with pytest.raises(InputError, match="is not there"):
        fetch(store, file, tmp_path)


def test_a_name_that_leads_elsewhere_is_refused(bucket, store, tmp_path):
    put(bucket, "set/sessions/../../../x", b"x")
    with pytest.raises(InputError, match="cannot be that of a file here"):
        fetch(store, store.files("sessions/..")[0], tmp_path)


@pytest.mark.parametrize("url", ["https://data/set", "s3://", "data/set", ""])
def test_other_addresses_are_refused(url):
    with pytest.raises(UsageError, match="s3://bucket/folder"):
        ObjectStore(url)


def test_a_file_that_is_not_public_needs_credentials(bucket, file, tmp_path):
    put(bucket, file.key, CONTENT, acl="private")
    with pytest.raises(InputError, match="--s3_credentials True"):
        fetch(ObjectStore("s3://data/set"), file, tmp_path)
    assert fetch(ObjectStore("s3://data/set", with_credentials=True), file, tmp_path).is_checked


def test_a_busy_server_is_asked_again(address, bucket, tmp_path, monkeypatch):
    answers = []

    class Busy(BaseHTTPRequestHandler):
        """Says 503 to every other request, and gives the rest to the server behind it."""

        def do_GET(self):
            answers.append(len(answers) % 2)
            if not answers[-1]:
                self.send_error(503, "Slow Down")
                return
            wanted = {name: self.headers[name] for name in ("Range", "If-Match") if name in self.headers}
            with urlopen(Request(address + self.path, headers=wanted)) as reply:
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(reply.read())

        def log_message(self, *args):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Busy) as server:
        threading.Thread(target=server.serve_forever).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
        store = ObjectStore("s3://data/set")
        assert fetch(store, store.files("sessions/")[0], tmp_path).path.read_bytes() == CONTENT
        server.shutdown()
    assert answers == [0, 1, 0, 1]


class Faulty(BaseHTTPRequestHandler):
    """Gives the answers of the server behind it, but for what is in store for each request: a fault, or none."""

    behind: str
    faults: list
    asked: list

    def do_GET(self):
        fault = self.faults.pop(0) if self.faults else ""
        self.asked.append((fault, self.headers.get("Range", "")))
        if fault == "busy":
            self.send_error(503, "Slow Down")
            return
        wanted = {name: self.headers[name] for name in ("Range", "If-Match") if name in self.headers}
        with urlopen(Request(self.behind + self.path, headers=wanted)) as reply:
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.end_headers()
            body = reply.read()
        # as long as was promised, less, or with a bit that tipped on the way
        if fault == "cut":
            body = body[: len(body) // 2]
        elif fault == "bent":
            body = body[:100] + bytes([body[100] ^ 1]) + body[101:]
        self.wfile.write(body)

    def log_message(self, *args):
        pass


@pytest.fixture
def faulty(address, bucket, monkeypatch):
    """A store behind a server with faults; `.faults` are those of the requests to come, `.asked` those that were."""
    kind = type("Own", (Faulty,), {"behind": address, "faults": [], "asked": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), kind) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
        # the waits of boto3 between its own tries
        monkeypatch.setattr("miniscope_to_nwb_zarr.sources.object_store._ATTEMPTS", 2)
        yield kind
        server.shutdown()
        thread.join()


def test_a_body_that_is_cut_off_is_asked_for_again(faulty, tmp_path, monkeypatch):
    monkeypatch.setattr(fetching, "_BLOCK_BYTES", 400_000)
    store = ObjectStore("s3://data/set")
    file = store.files("sessions/")[0]
    faulty.faults[:] = ["", "cut", "", "cut", ""]
    waits = []
    fetched = fetch(store, file, tmp_path, wait=waits.append)
    assert fetched.path.read_bytes() == CONTENT
    assert fetched.is_checked
    assert waits == [1.0, 1.0]
    # each block from where it begins, none from the start of the file
    ranges = [place for _, place in faulty.asked[1:]]
    assert ranges == [f"bytes={first}" for first in ("0-399999", *["400000-799999"] * 2, *["800000-1023999"] * 2)]


def test_busy_and_cut_off_until_nothing_is_left_to_try_keeps_what_came(faulty, tmp_path, monkeypatch):
    monkeypatch.setattr(fetching, "_BLOCK_BYTES", 400_000)
    store = ObjectStore("s3://data/set")
    file = store.files("sessions/")[0]
    faulty.faults[:] = ["", *["cut", "busy", "busy"] * 4]
    waits = []
    with pytest.raises(TemporaryError, match="Run the same command again"):
        fetch(store, file, tmp_path, wait=waits.append)
    assert waits == [1.0, 2.0, 4.0, 8.0]
    faulty.faults.clear()
    faulty.asked.clear()
    came = []
    assert fetch(store, file, tmp_path, came.append).path.read_bytes() == CONTENT
    assert came[0] == 400_000
    assert faulty.asked[0][1] == "bytes=400000-799999"


def test_a_bit_that_tipped_on_the_way_is_found_by_the_etag(faulty, tmp_path):
    store = ObjectStore("s3://data/set")
    file = store.files("sessions/")[0]
    faulty.faults[:] = ["bent"]
    with pytest.raises(TemporaryError, match="is not what the server has"):
        fetch(store, file, tmp_path)
    assert fetch(store, file, tmp_path).path.read_bytes() == CONTENT


def test_a_server_that_is_not_there_is_a_temporary_failure(monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setattr("miniscope_to_nwb_zarr.sources.object_store._ATTEMPTS", 1)
    with pytest.raises(TemporaryError, match="the connection failed"):
        ObjectStore("s3://data").files()
