"""A store as hdmf-zarr writes it, but for its arrays: cut and compressed as planned here, large ones by the workers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hdmf.data_utils import AbstractDataChunkIterator
from hdmf_zarr.nwb import NWBZarrIO
from hdmf_zarr.utils import ZarrDataIO
from numcodecs import JSON, Pickle, VLenUTF8

from miniscope_to_nwb_zarr.data_conversion.encoding import encode_array, encode_table
from miniscope_to_nwb_zarr.data_conversion.nwb.blocks import BoxTask, Place
from miniscope_to_nwb_zarr.data_conversion.nwb.plan import LARGE_BYTES, plan_array
from miniscope_to_nwb_zarr.data_conversion.nwb.values import is_ragged, is_scalar, stored_numbers, values_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import numpy as np
    import zarr
    from hdmf.build import BuildManager, DatasetBuilder, GroupBuilder
    from numpy.typing import NDArray

    from miniscope_to_nwb_zarr.data_conversion.nwb.specs import Specs
    from miniscope_to_nwb_zarr.data_conversion.nwb.values import Stored

_TABLE_ROWS = 1 << 20
_FRAME_AXES = 3


class ZarrWriter(NWBZarrIO):  # type: ignore[misc] # hdmf-zarr has no types
    """Writes builders; arrays of numbers above `LARGE_BYTES` are made empty, and their boxes handed over.

    Parameters
    ----------
    store : Path
        The folder to write.
    manager : BuildManager
        Of the sources.
    chunk_bytes : int
    level : int
        Of compression.
    start : callable
        Given the tasks of each large array as soon as it is there.
    prepare : callable
        Given what is to be written right before it is; may change it.
    """

    def __init__(
        self,
        store: Path,
        manager: BuildManager,
        chunk_bytes: int,
        level: int,
        start: Callable[[Sequence[BoxTask]], None],
        prepare: Callable[[GroupBuilder], None],
    ) -> None:
        super().__init__(str(store), manager=manager, mode="w")
        self._prepare = prepare
        self.root: GroupBuilder
        """All that was written, once it is."""
        self._chunk_bytes = chunk_bytes
        self._level = level
        self._start = start

    def write_builder(self, **kwargs: Any) -> None:  # noqa: ANN401 - as hdmf has it
        """Write all that the builder of a file holds, links at its top too, which hdmf-zarr 0.13 leaves out."""
        root, source = kwargs["builder"], kwargs["export_source"]
        self.root = root
        self._prepare(root)
        for group in root.groups.values():
            self.write_group(parent=self._file, builder=group, link_data=False, export_source=source)
        for dataset in root.datasets.values():
            self.write_dataset(parent=self._file, builder=dataset, link_data=False, export_source=source)
        for link in root.links.values():
            self.write_link(parent=self._file, builder=link, export_source=source)
        self.write_attributes(self._file, root.attributes)
        self._written_builders.set_written(root)

    def write_dataset(self, **kwargs: Any) -> zarr.Array | None:  # noqa: ANN401 - as hdmf has it
        """Write one dataset; a dataset that is written already is left alone."""
        parent, builder = kwargs["parent"], kwargs["builder"]
        if self.get_written(builder):
            return None
        stored = stored_numbers(builder)
        if stored is not None and stored.n_bytes >= LARGE_BYTES:
            array = self._make_large(parent, builder, stored)
        else:
            values = values_of(builder)
            if values is None:
                # references, and what yields its chunks
                self._encode_pieces(builder)
                made: zarr.Array = super().write_dataset(**kwargs)
                return made
            array = self._make_small(parent, builder, values)
        if builder.dimension_labels is not None:
            builder.attributes["_ARRAY_DIMENSIONS"] = builder.dimension_labels
        self.write_attributes(array, builder.attributes)
        self._written_builders.set_written(builder)
        return array

    def write_specs(self, specs: Specs) -> None:
        """Write the schemas that a file holds, as they are."""
        if not specs:
            return
        self._file.attrs[".specloc"] = "specifications"
        for path, text in specs.items():
            # the codec and the settings of hdmf-zarr, whose readers look for them
            array = self._file.create_dataset(
                f"specifications/{path}", shape=(1,), dtype=object, object_codec=JSON(), compressor=None
            )
            array.attrs["zarr_dtype"] = "scalar"
            array[0] = text

    def _encode_pieces(self, builder: DatasetBuilder) -> None:
        """Have what yields its values in pieces packed like all else, not as zarr does when told nothing."""
        data = builder.data
        if isinstance(data, AbstractDataChunkIterator) and data.dtype.kind in "biuf":
            # images: neighbours on both axes are alike, as in frames
            compressor = encode_array(self._level, _FRAME_AXES, data.dtype).compressor
            wrapped = ZarrDataIO(data=data, compressor=compressor)
            # a builder's data can be set once; it is a dict underneath
            dict.__setitem__(builder, "data", wrapped)

    def _make_large(self, parent: zarr.Group, builder: DatasetBuilder, stored: Stored) -> zarr.Array:
        itemsize, is_column = stored.dtype.itemsize, is_ragged(builder)
        plan = plan_array(stored.shape, itemsize, self._chunk_bytes, stored.chunks, is_ragged=is_column)
        encoding = encode_array(self._level, len(plan.shape), stored.dtype)
        array = parent.create_dataset(
            builder.name,
            shape=plan.shape,
            chunks=plan.chunks,
            dtype=stored.dtype,
            compressor=encoding.compressor,
            filters=list(encoding.filters) or None,
            fill_value=None if stored.dtype.names else 0,
            # each channel's samples lie together in a chunk: they are more alike than those of one moment
            order="F" if len(plan.shape) == 2 else "C",
        )
        array.attrs["zarr_dtype"] = _type_name(stored.dtype)
        target = Place(self.abspath, array.path, is_zarr=True)
        self._start([BoxTask(stored.place, target, box, stored.dtype, plan.chunks) for box in plan.boxes()])
        return array

    def _make_small(self, parent: zarr.Group, builder: DatasetBuilder, values: NDArray[Any]) -> zarr.Array:
        is_one = is_scalar(builder)
        if is_one:
            values = values.reshape(1)
        is_text = values.dtype.kind == "O"
        most_rows = _rows_of_text(values, self._chunk_bytes) if is_text else _TABLE_ROWS
        array = parent.create_dataset(
            builder.name,
            shape=values.shape,
            chunks=tuple(max(1, min(size, most_rows)) for size in values.shape),
            dtype=object if is_text else values.dtype,
            # rows with text as hdmf-zarr writes rows with references
            object_codec=VLenUTF8() if is_text else Pickle() if values.dtype.hasobject else None,
            compressor=encode_table(),
            fill_value="" if is_text else None if values.dtype.names else 0,
        )
        array.attrs["zarr_dtype"] = "scalar" if is_one else "str" if is_text else _type_name(values.dtype)
        if values.size:
            array[...] = values
        return array


def _rows_of_text(values: NDArray[Any], chunk_bytes: int) -> int:
    """As many rows of texts as fill a chunk, if they are as long as all are on average."""
    n_bytes = sum(len(text) for text in values.flat)
    return max(1, min(_TABLE_ROWS, len(values) * chunk_bytes // max(1, n_bytes)))


def _type_name(dtype: np.dtype[Any]) -> str | list[dict[str, Any]]:
    """The type of an array as hdmf-zarr notes it."""
    if dtype.names:
        return [{"name": name, "dtype": _type_name(dtype[name])} for name in dtype.names]
    return "str_" if dtype.hasobject else str(dtype.type.__name__)
