import numpy as np
import pytest

from miniscope_to_nwb_zarr.data_conversion.visual_coding_ophys.lazy_stack import LazyStack


@pytest.fixture
def images():
    return [np.full((5, 4), k, np.uint16) + np.arange(4, dtype=np.uint16) for k in range(7)]


@pytest.mark.parametrize("key", [3, -1, slice(None), slice(1, 6, 2), (2, 1), (slice(0, 3), slice(1, 2), 3), [4, 0]])
def test_it_is_read_as_the_stacked_array(images, key):
    np.testing.assert_array_equal(LazyStack(images)[key], np.stack(images)[key])


def test_it_comes_in_pieces_of_whole_images_again_and_again(images, monkeypatch):
    monkeypatch.setattr(
        "miniscope_to_nwb_zarr.data_conversion.visual_coding_ophys.lazy_stack._CHUNK_BYTES", 3 * 5 * 4 * 2
    )
    stack = LazyStack(images)
    assert stack.recommended_chunk_shape() == (3, 5, 4)
    for _ in range(2):
        written = np.zeros(stack.shape, stack.dtype)
        sizes = []
        for piece in stack:
            written[piece.selection] = piece.data
            sizes.append(len(piece.data))
        assert sizes == [3, 3, 1]
        np.testing.assert_array_equal(written, np.stack(images))


def test_an_image_larger_than_a_piece_comes_alone():
    stack = LazyStack([np.zeros((4000, 3000), np.uint8)] * 2)
    assert stack.recommended_chunk_shape() == (1, 4000, 3000)
    assert (stack.ndim, len(stack), stack.recommended_data_shape()) == (3, 2, (2, 4000, 3000))
