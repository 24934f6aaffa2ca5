from hypothesis import given
from hypothesis import strategies as st

from miniscope_to_nwb_zarr.sources import ffv1

SLICES = st.lists(st.binary(min_size=1, max_size=40), min_size=1, max_size=5)


def packet_of(slices, footer):
    return b"".join(content + len(content).to_bytes(3, "big") + footer for content in slices)


@given(SLICES)
def test_slices_that_fill_their_packet(slices):
    checksum = b"\0\x12\x34\x56\x78"
    assert ffv1.slices_fill(packet_of(slices, checksum))
    assert ffv1.has_checksums(packet_of(slices, checksum))
    assert ffv1.slices_fill(packet_of(slices, b""))


@given(SLICES, st.integers(1, 200))
def test_zeros_at_the_end_are_no_slices(slices, n_zeros):
    packet = packet_of(slices, b"\0\x12\x34\x56\x78")
    n_zeros = min(n_zeros + 7, len(packet))
    assert not ffv1.slices_fill(packet[:-n_zeros] + bytes(n_zeros))


@given(st.binary(max_size=100))
def test_any_bytes(data):
    assert ffv1.slices_fill(data) in {True, False}
    assert ffv1.is_key(data) in {True, False}
