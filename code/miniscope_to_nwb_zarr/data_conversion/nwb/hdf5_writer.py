"""An HDF5 file as pynwb writes it, but for its arrays: cut as planned here, large ones compressed by the workers."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
from pynwb import NWBHDF5IO

from miniscope_to_nwb_zarr.core.errors import InputError
from miniscope_to_nwb_zarr.data_conversion.nwb.blocks import GZIP_LEVEL, BoxTask, Place
from miniscope_to_nwb_zarr.data_conversion.nwb.plan import LARGE_BYTES, plan_array
from miniscope_to_nwb_zarr.data_conversion.nwb.specs import SPEC_FOLDER
from miniscope_to_nwb_zarr.data_conversion.nwb.values import is_ragged, is_scalar, stored_numbers, values_of, where_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from hdmf.build import BuildManager, DatasetBuilder, GroupBuilder
    from numpy.typing import NDArray

    from miniscope_to_nwb_zarr.data_conversion.nwb.blocks import ChunkWritten
    from miniscope_to_nwb_zarr.data_conversion.nwb.specs import Specs
    from miniscope_to_nwb_zarr.data_conversion.nwb.values import Stored

_TEXT = h5py.string_dtype("utf-8")
_TABLE_ROWS = 1 << 17
# hdmf-zarr notes the columns of a table by names that pynwb's writer of HDF5 does not know
_NAMES = {"str_": "utf8", "bytes_": "ascii", "bool_": "bool", "object_": "utf8"}


class Hdf5Writer(NWBHDF5IO):  # type: ignore[misc] # pynwb has no types
    """Writes builders; arrays of numbers above `LARGE_BYTES` are made empty, and their boxes handed over.

    Parameters
    ----------
    path : Path
        The file to write.
    manager : BuildManager
        Of the sources.
    chunk_bytes : int
    start : callable
        Given the tasks of each large array as soon as it is there.
    prepare : callable
        Given what is to be written right before it is; may change it.
    """

    def __init__(
        self,
        path: Path,
        manager: BuildManager,
        chunk_bytes: int,
        start: Callable[[Sequence[BoxTask]], None],
        prepare: Callable[[GroupBuilder], None],
    ) -> None:
        super().__init__(str(path), mode="w", manager=manager)
        self._prepare = prepare
        self.root: GroupBuilder
        """All that was written, once it is."""
        self._chunk_bytes = chunk_bytes
        self._start = start

    def write_builder(self, **kwargs: Any) -> None:  # noqa: ANN401 - as hdmf has it
        """Write all that a builder holds."""
        self.root = kwargs["builder"]
        self._prepare(self.root)
        super().write_builder(**kwargs)

    def write_dataset(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - as hdmf has it
        """Write one dataset; a dataset that is written already is left alone."""
        parent, builder = args
        if self.get_written(builder):
            return
        stored = stored_numbers(builder)
        if stored is not None and stored.n_bytes >= LARGE_BYTES:
            dataset = self._make_large(parent, builder, stored)
        else:
            values = values_of(builder)
            if values is None:
                # references, and what yields its chunks
                for field in builder.dtype if isinstance(builder.dtype, list) else ():
                    field["dtype"] = _NAMES.get(str(field["dtype"]), field["dtype"])
                super().write_dataset(parent, builder, **kwargs)
                return
            _refuse_zeros(builder, values)
            dataset = _make_small(parent, builder, values)
        self.set_attributes(dataset, builder.attributes)
        self._written_builders.set_written(builder)

    def write_chunk(self, path: str, chunk: ChunkWritten) -> None:
        """Put a chunk that a worker has compressed into its place."""
        self._file[path].id.write_direct_chunk(chunk.corner, chunk.encoded)

    def write_specs(self, specs: Specs) -> None:
        """Write the schemas that a file holds, as they are."""
        if not specs:
            return
        folder = self._file.create_group(SPEC_FOLDER)
        for path, text in specs.items():
            folder.create_dataset(path, data=text, dtype=_TEXT)
        self._file.attrs[".specloc"] = folder.ref

    def _make_large(self, parent: h5py.Group, builder: DatasetBuilder, stored: Stored) -> h5py.Dataset:
        itemsize, is_column = stored.dtype.itemsize, is_ragged(builder)
        plan = plan_array(stored.shape, itemsize, self._chunk_bytes, stored.chunks, is_ragged=is_column)
        dataset = parent.create_dataset(
            builder.name,
            shape=plan.shape,
            dtype=stored.dtype,
            chunks=plan.chunks,
            maxshape=(None, *plan.shape[1:]),
            # in the order in which HDF5 applies them, which `blocks.encode_hdf5` follows
            shuffle=True,
            compression="gzip",
            compression_opts=GZIP_LEVEL,
            fletcher32=True,
        )
        target = Place(os.path.abspath(self.source), dataset.name, is_zarr=False)  # noqa: PTH100 - links stay
        self._start([BoxTask(stored.place, target, box, stored.dtype, plan.chunks) for box in plan.boxes()])
        return dataset


def _refuse_zeros(builder: DatasetBuilder, values: NDArray[Any]) -> None:
    """Refuse texts that HDF5 cannot hold.

    Raises
    ------
    InputError
        A text holds a zero.
    """
    columns = [values[name] for name in values.dtype.names or ()] or [values]
    for column in columns:
        if column.dtype.hasobject and any("\0" in text for text in column.flat):
            name = os.path.basename(builder.source)  # noqa: PTH119 - a text as hdmf has it
            raise InputError(f"{name}: {where_of(builder)} holds text with zeros inside, which HDF5 cannot hold")


def _make_small(parent: h5py.Group, builder: DatasetBuilder, values: NDArray[Any]) -> h5py.Dataset:
    dtype = _with_text(values.dtype)
    if is_scalar(builder):
        return parent.create_dataset(builder.name, data=values[()], dtype=dtype)
    if not values.size:
        return parent.create_dataset(builder.name, shape=values.shape, dtype=dtype)
    return parent.create_dataset(
        builder.name,
        data=values,
        dtype=dtype,
        # rows can be added to tables later, which asks for chunks
        chunks=(min(len(values), _TABLE_ROWS), *values.shape[1:]),
        maxshape=(None, *values.shape[1:]),
        compression="gzip",
        compression_opts=GZIP_LEVEL,
    )


def _with_text(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The type in a file of values whose objects are texts."""
    if dtype.names and dtype.hasobject:
        return np.dtype([(name, _with_text(dtype[name])) for name in dtype.names])
    return np.dtype(_TEXT) if dtype.hasobject else dtype
