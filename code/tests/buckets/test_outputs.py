"""Outputs in a bucket of a real server: whole or not there for who trusts the receipt, and nobody else's touched."""

import json
import threading
from contextlib import suppress
from dataclasses import replace

import pytest

from miniscope_to_nwb_zarr.buckets import patience, put
from miniscope_to_nwb_zarr.buckets.outputs import TRIED_NAME
from miniscope_to_nwb_zarr.core.errors import ConflictError, TemporaryError, UsageError
from tests.bucket_outputs import NAME, NOW, TIME, hold_whole, outputs_of, publish, small_output
from tests.s3_server import KEYS, Bucket, faulty

PREFIX = f"out/{NAME}"
RECEIPT = f"{PREFIX}/receipt.json"
CHUNK = f"{PREFIX}/{NAME}.nwb.zarr/frames/0.0.0"


@pytest.fixture(autouse=True)
def keys(monkeypatch):
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(patience, "_FIRST_WAIT_S", 0.001)
    monkeypatch.setattr(patience, "_GIVE_UP_AFTER_S", 0.1)


@pytest.fixture
def bucket():
    return Bucket()


def written(proxy):
    return [path.split("?")[0] for method, path, _ in proxy.asked if method == "PUT"]


def test_an_output_is_published_whole_and_its_receipt_last(bucket, tmp_path):
    receipt = small_output(tmp_path)
    with faulty() as proxy:
        assert publish(outputs_of(bucket, proxy.url), tmp_path, receipt) == receipt
    hold_whole(bucket, receipt)
    assert written(proxy)[-1].endswith("/receipt.json")
    # nothing else is left behind, but what the store's word was tried at
    assert {key.split("/")[1] for key in bucket.objects()} == {NAME, TRIED_NAME}


def test_what_is_there_already_is_not_sent_again(bucket, tmp_path):
    receipt = small_output(tmp_path)

    def stops(method, path, _number):
        return "503" if method == "PUT" and "/frames/" in path and path.endswith("0.0") and "/5." in path else ""

    with faulty(stops) as proxy, pytest.raises(TemporaryError, match="SlowDown"):
        publish(outputs_of(bucket, proxy.url), tmp_path, receipt)
    assert RECEIPT not in bucket.objects()
    before = bucket.objects(PREFIX)
    with faulty() as proxy:
        publish(outputs_of(bucket, proxy.url), tmp_path, receipt)
    hold_whole(bucket, receipt)
    assert not {path.removeprefix(f"/{bucket.name}/") for path in written(proxy)} & before.keys()


def test_a_lost_answer_is_no_conflict(bucket, tmp_path):
    receipt = small_output(tmp_path)
    seen = set()

    def once_each(method, path, _number):
        is_new = method in {"PUT", "DELETE"} and (method, path) not in seen
        seen.add((method, path))
        return "lost" if is_new else ""

    with faulty(once_each) as proxy:
        assert publish(outputs_of(bucket, proxy.url), tmp_path, receipt) == receipt
    assert any(fault == "lost" and path.split("?")[0].endswith("receipt.json") for _, path, fault in proxy.asked)
    hold_whole(bucket, receipt)


def test_what_arrives_bent_is_put_right(bucket, tmp_path):
    receipt = small_output(tmp_path)
    seen = set()

    def once_each(method, path, _number):
        is_new = method == "PUT" and (method, path) not in seen
        seen.add((method, path))
        return "bent" if is_new else ""

    with faulty(once_each) as proxy:
        publish(outputs_of(bucket, proxy.url), tmp_path, receipt)
    hold_whole(bucket, receipt)


def test_the_second_of_two_that_did_the_same_compares(bucket, tmp_path):
    first, second = (small_output(tmp_path / made, made=made) for made in ("first", "second"))
    publish(outputs_of(bucket), tmp_path / "first", first)
    before = bucket.objects()
    assert publish(outputs_of(bucket), tmp_path / "second", second) == first
    assert bucket.objects() == before


@pytest.mark.parametrize("plans", [("a", "a"), ("a", "b"), ("a", "a", "a"), ("a", "b", "b")])
def test_of_several_writers_at_once_one_plan_wins(bucket, tmp_path, plans):
    """Each request of one waits for a moment, so that they get between each other."""
    said: dict[int, object] = {}

    def write(k):
        folder = tmp_path / str(k)
        receipt = small_output(folder, plan=plans[k], made=f"made {k}")
        barrier.wait()
        try:
            said[k] = publish(outputs_of(bucket), folder, receipt)
        except ConflictError as error:
            said[k] = error

    barrier = threading.Barrier(len(plans))
    threads = [threading.Thread(target=write, args=(k,)) for k in range(len(plans))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    receipts = [one for one in said.values() if not isinstance(one, ConflictError)]
    (winner,) = {one.plan_digest for one in receipts}
    assert len(receipts) == plans.count(winner)
    # all of them say the same
    assert len({one.as_text() for one in receipts}) == 1
    hold_whole(bucket, receipts[0])


def test_the_time_of_an_interrupted_run_stays_and_the_receipt_says_so(bucket, tmp_path):
    first, second = (small_output(tmp_path / made, made=made) for made in ("first", "second"))

    def no_receipt(method, path, _number):
        return "503" if method == "PUT" and path.endswith("receipt.json") else ""

    with faulty(no_receipt) as proxy, pytest.raises(TemporaryError):
        publish(outputs_of(bucket, proxy.url), tmp_path / "first", first)
    there = publish(outputs_of(bucket), tmp_path / "second", second)
    hold_whole(bucket, there)
    assert bucket.get(f"{PREFIX}/{TIME}") == b"first"
    assert there.content_digest == second.content_digest


def test_an_unfinished_output_of_another_plan_is_a_conflict_unless_it_may_be_replaced(bucket, tmp_path):
    first, second = (small_output(tmp_path / plan, plan=plan) for plan in ("a", "b"))

    def no_receipt(method, path, _number):
        return "503" if method == "PUT" and path.endswith("receipt.json") else ""

    with faulty(no_receipt) as proxy, pytest.raises(TemporaryError):
        publish(outputs_of(bucket, proxy.url), tmp_path / "a", first)
    before = bucket.objects()
    with pytest.raises(ConflictError, match="has not finished"):
        publish(outputs_of(bucket), tmp_path / "b", second)
    assert bucket.objects() == before
    publish(outputs_of(bucket), tmp_path / "b", second, replaces="")
    hold_whole(bucket, second)


@pytest.mark.parametrize("key", [CHUNK, RECEIPT, f"{PREFIX}/thesis.txt"])
@pytest.mark.parametrize("may_replace", [False, True])
def test_what_is_not_ours_is_never_touched(bucket, tmp_path, key, may_replace):
    bucket.put(key, b"the only copy")
    before = bucket.objects()
    store = outputs_of(bucket)
    standing = store.look(NAME)
    with pytest.raises(ConflictError):
        publish(store, tmp_path, small_output(tmp_path), replaces=standing.etag if may_replace else None)
    added = bucket.objects().keys() - before.keys()
    assert (added, {key: bucket.objects()[key] for key in before}) == ({f"out/{TRIED_NAME}"}, before)
    assert bucket.get(key) == b"the only copy"


def test_whether_a_store_keeps_its_word_is_tried_at_one_object(bucket, tmp_path):
    for number in range(3):
        publish(outputs_of(bucket), tmp_path / str(number), small_output(tmp_path / str(number)))
    tried = [key for key in bucket.objects("out/.") if "/" not in key.removeprefix("out/")]
    assert tried == [f"out/{TRIED_NAME}"]
    assert b"miniscope-to-nwb-zarr" in bucket.get(tried[0])


def test_what_comes_between_is_not_touched_either(bucket, tmp_path):
    receipt = small_output(tmp_path)

    def comes(method, path, _number):
        if method == "PUT" and path.endswith("/0.0.0"):
            with suppress(Exception):
                bucket.client.put_object(Bucket=bucket.name, Key=CHUNK, Body=b"of others", IfNoneMatch="*")
        return ""

    with faulty(comes) as proxy, pytest.raises(ConflictError):
        publish(outputs_of(bucket, proxy.url), tmp_path, receipt)
    assert bucket.get(CHUNK) == b"of others"
    assert RECEIPT not in bucket.objects()


def test_a_replaced_output_is_kept_and_no_receipt_is_there_meanwhile(bucket, tmp_path):
    former, new = (small_output(tmp_path / plan, plan=plan, n_chunks=n) for plan, n in (("a", 8), ("b", 6)))
    publish(outputs_of(bucket), tmp_path / "a", former)
    store = outputs_of(bucket)
    etag = store.look(NAME).etag
    states = []

    def watch(method, path, _number):
        if method == "PUT" and "/frames/" in path and ".replaced" not in path:
            states.append(outputs_of(bucket).look(NAME))
        return ""

    with faulty(watch) as proxy:
        publish(outputs_of(bucket, proxy.url), tmp_path / "b", new, replaces=etag)
    hold_whole(bucket, new)
    (kept,) = {key.split("/")[2] for key in bucket.objects("out/.replaced/")}
    hold_whole(bucket, former, f"out/.replaced/{kept}")
    assert states
    assert all(state.exists and state.receipt is None for state in states)
    assert "being replaced" in json.loads(states[0].text)["note"]


def test_a_replacement_that_was_cut_short_is_taken_up_and_the_former_kept_once(bucket, tmp_path):
    former, new = (small_output(tmp_path / plan, plan=plan) for plan in ("a", "b"))
    publish(outputs_of(bucket), tmp_path / "a", former)
    etag = outputs_of(bucket).look(NAME).etag

    def fails(method, path, _number):
        return "503" if method == "PUT" and path.endswith("/3.0.0") and ".replaced" not in path else ""

    with faulty(fails) as proxy, pytest.raises(TemporaryError):
        publish(outputs_of(bucket, proxy.url), tmp_path / "b", new, replaces=etag)
    standing = outputs_of(bucket).look(NAME)
    assert standing.exists
    assert standing.receipt is None
    # a run that was given up for dead and comes back now cannot publish
    with pytest.raises(ConflictError):
        publish(outputs_of(bucket), tmp_path / "a", former)
    publish(outputs_of(bucket), tmp_path / "b", new, replaces=standing.etag)
    hold_whole(bucket, new)
    (kept,) = {key.split("/")[2] for key in bucket.objects("out/.replaced/")}
    hold_whole(bucket, former, f"out/.replaced/{kept}")


def test_two_that_replace_at_once_do_not_mix(bucket, tmp_path):
    former, new, other = (small_output(tmp_path / plan, plan=plan) for plan in ("a", "b", "c"))
    publish(outputs_of(bucket), tmp_path / "a", former)
    etag = outputs_of(bucket).look(NAME).etag
    publish(outputs_of(bucket), tmp_path / "b", new, replaces=etag)
    with pytest.raises(ConflictError):
        publish(outputs_of(bucket), tmp_path / "c", other, replaces=etag)
    hold_whole(bucket, new)


def test_every_change_is_found(bucket, tmp_path):
    receipt = small_output(tmp_path)
    store = outputs_of(bucket)
    publish(store, tmp_path, receipt)
    standing = store.look(NAME)
    assert store.problems(NAME, standing, receipt, in_full=True) == []
    bucket.put(CHUNK, b"x" * len(bucket.get(CHUNK)))
    bucket.put(f"{PREFIX}/more", b"")
    bucket.delete(f"{PREFIX}/{TIME}")
    bucket.put(CHUNK.replace("0.0.0", "1.0.0"), b"short")
    for in_full in (False, True):
        problems = " ".join(store.problems(NAME, standing, receipt, in_full=in_full))
        assert f"{TIME}: is missing" in problems
        assert "more: is not in the receipt" in problems
        assert "0.0.0: its content has changed" in problems
        assert "1.0.0: has 5 bytes" in problems


def test_large_files_go_in_parts_and_are_copied_in_parts(bucket, tmp_path, monkeypatch):
    monkeypatch.setattr(put, "_LARGE_BYTES", 6 << 20)
    monkeypatch.setattr(put, "_PART_BYTES", 5 << 20)
    content = bytes(range(256)) * (13 << 12)
    former = small_output(tmp_path / "a", plan="a", **{f"{NAME}.nwb": content})
    seen = set()

    def once_each(method, path, _number):
        is_new = (method, path) not in seen
        seen.add((method, path))
        return "lost" if is_new and "uploadId" in path else ""

    with faulty(once_each) as proxy:
        publish(outputs_of(bucket, proxy.url), tmp_path / "a", former)
    hold_whole(bucket, former)
    assert bucket.objects(f"{PREFIX}/{NAME}.nwb")[f"{PREFIX}/{NAME}.nwb"][0].strip('"').endswith("-3")
    # in parts or not, it is known again
    with faulty() as proxy:
        publish(outputs_of(bucket, proxy.url), tmp_path / "a", former)
    assert not [path for path in written(proxy) if path.endswith(".nwb")]
    new = small_output(tmp_path / "b", plan="b")
    publish(outputs_of(bucket), tmp_path / "b", new, replaces=outputs_of(bucket).look(NAME).etag)
    (kept,) = {key.split("/")[2] for key in bucket.objects("out/.replaced/")}
    hold_whole(bucket, former, f"out/.replaced/{kept}")
    assert not bucket.client.list_multipart_uploads(Bucket=bucket.name).get("Uploads")


def test_an_output_is_brought_here_as_it_is(bucket, tmp_path):
    receipt = small_output(tmp_path / "made")
    publish(outputs_of(bucket), tmp_path / "made", receipt)
    (tmp_path / "here").mkdir()
    outputs_of(bucket).bring(NAME, tmp_path / "here" / NAME, tmp_path / "scratch")
    made, here = (
        {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        for folder in (tmp_path / "made", tmp_path / "here")
    )
    assert made == here
    assert not list((tmp_path / "scratch").iterdir())


def test_a_server_that_writes_over_what_is_there_is_refused(bucket, tmp_path, monkeypatch):
    monkeypatch.setattr(put, "_only_if", lambda _replaces: {})
    with pytest.raises(UsageError, match="writes over objects"):
        publish(outputs_of(bucket), tmp_path, small_output(tmp_path))
    assert not bucket.objects()


def test_only_outputs_are_listed(bucket, tmp_path):
    receipt = small_output(tmp_path)
    store = outputs_of(bucket)
    publish(store, tmp_path, receipt)
    bucket.put("out/run-1-2/summary.json", b"{}")
    bucket.put("out/of others/file", b"x")
    bucket.put("out/file", b"x")
    assert store.names() == [NAME]
    assert store.look("of others").is_foreign
    assert replace(store.look(NAME)).receipt == receipt
    assert NOW.year == 2026
