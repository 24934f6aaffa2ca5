import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniscope_to_nwb_zarr.demo import barcode
from miniscope_to_nwb_zarr.demo.avi import Encoding, write_avi

NUMBERS = [0, 1, 255, 256, 21845, 43690, 65535]


@given(st.integers(0, 1 << 20), st.integers(32, 90), st.booleans())
def test_reads_what_was_drawn(number, width, is_color):
    frame = np.full((24, width, 3) if is_color else (24, width), 130, np.uint8)
    barcode.draw(frame, number)
    assert barcode.read(frame) == number % 65536


@pytest.mark.parametrize("encoding", [encoding for encoding in Encoding if encoding.bit_depth == 8])
@pytest.mark.parametrize("size", [(32, 24), (64, 48), (320, 240)])
def test_survives_every_encoding(tmp_path, encoding, size):
    width, height = size
    frames = np.full((len(NUMBERS), height, width), 90, np.uint8)
    for frame, number in zip(frames, NUMBERS, strict=True):
        barcode.draw(frame, number)
    write_avi(tmp_path / "0.avi", frames, width, height, encoding)
    with av.open(str(tmp_path / "0.avi")) as container:
        read = [barcode.read(picture.to_ndarray(format="gray")) for picture in container.decode(video=0)]
    assert read == NUMBERS
