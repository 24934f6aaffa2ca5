"""Shards: the same for the same sessions, whole, balanced, and read only as they were written."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from miniscope_to_nwb_zarr.core.shards import (
    HEAD_BYTES,
    MARK,
    Shard,
    ShardFile,
    ShardSession,
    looks_like_shard,
    shards_of,
)

sizes = st.lists(st.integers(0, 10**12), min_size=1, max_size=40)


def sessions_of(n_bytes):
    return [ShardSession(f"m{at}", (ShardFile(f"m{at}/0.avi", size, "sha256:00"),)) for at, size in enumerate(n_bytes)]


@given(n_bytes=sizes, n_shards=st.none() | st.integers(1, 50))
@example(n_bytes=[0, 0], n_shards=2)
def test_every_session_is_in_one_shard(n_bytes, n_shards):
    sessions = sessions_of(n_bytes)
    shards = shards_of("Miniscope", sessions, {}, n_shards)
    assert sorted(session.name for shard in shards for session in shard.sessions) == sorted(s.name for s in sessions)
    assert len(shards) == min(n_shards or len(sessions), len(sessions))
    assert [(shard.index, shard.total) for shard in shards] == [(at, len(shards)) for at in range(len(shards))]
    assert all(shard.sessions for shard in shards)


@given(n_bytes=sizes, n_shards=st.integers(1, 8))
def test_no_shard_is_heavier_than_the_mean_by_more_than_the_largest_session(n_bytes, n_shards):
    weights = [
        sum(one.n_bytes for one in shard.sessions) for shard in shards_of("x", sessions_of(n_bytes), {}, n_shards)
    ]
    assert max(weights) <= sum(weights) / len(weights) + max(n_bytes)


def test_a_session_a_shard_keeps_the_order():
    assert [shard.sessions[0].name for shard in shards_of("x", sessions_of([1, 9, 5]), {})] == ["m0", "m1", "m2"]


name = st.text(min_size=1, max_size=20)


@given(
    shard=st.builds(
        Shard,
        dataset=name,
        index=st.integers(0, 99),
        total=st.integers(1, 99),
        sessions=st.lists(
            st.builds(
                ShardSession,
                name=name,
                files=st.lists(st.builds(ShardFile, name, st.integers(0, 2**50), name), max_size=3).map(tuple),
            ),
            max_size=3,
        ).map(tuple),
        options=st.dictionaries(name, name, max_size=3),
    )
)
def test_what_is_written_is_read(shard):
    text = shard.as_text()
    assert Shard.from_text(text) == shard
    assert looks_like_shard(text.encode()[:HEAD_BYTES])
    assert text.isascii()


@pytest.mark.parametrize(
    "change",
    [
        lambda value: value.update(index=1),
        lambda value: value["sessions"][0].update(name="another"),
        lambda value: value["sessions"][0]["files"][0].update(size_bytes=6),
        lambda value: value["options"].update(timezone="UTC"),
        lambda value: value.pop("digest"),
        lambda value: value.update({MARK: 2}),
    ],
)
def test_a_shard_that_was_changed_is_refused(change):
    (shard,) = shards_of("x", sessions_of([5]), {})
    value = json.loads(shard.as_text())
    change(value)
    with pytest.raises(ValueError, match="shard"):
        Shard.from_text(json.dumps(value))


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "{}", '"x"', "[" * 100_000])
def test_what_is_no_shard_is_refused(text):
    with pytest.raises(ValueError, match=r"not a shard|Expecting|Unterminated"):
        Shard.from_text(text)
