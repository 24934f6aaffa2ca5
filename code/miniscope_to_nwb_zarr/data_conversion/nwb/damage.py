"""Errors of the libraries that read a damaged file, as one of ours that names the file."""

from __future__ import annotations

import lzma
import os
import pickle
import re
import struct
import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING

import zarr

from miniscope_to_nwb_zarr.core.errors import InputError
from miniscope_to_nwb_zarr.data_conversion.nwb.hdf5_values import cut

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# what the libraries end in when a file is not what it says
_OF_DAMAGE: tuple[type[Exception], ...] = (
    *(ArithmeticError, AssertionError, AttributeError, BufferError, EOFError, LookupError, MemoryError, OSError),
    *(RuntimeError, SystemError, TypeError, ValueError, pickle.UnpicklingError, struct.error),
    *(lzma.LZMAError, zlib.error, zarr.errors.MetadataError, zarr.errors.GroupNotFoundError),
)
# HDF5 tells an error of the system in its own words
_NUMBER = re.compile(r"\berrno = ([1-9]\d*)")


@contextmanager
def explaining(path: Path, where: str = "", also: tuple[type[Exception], ...] = ()) -> Iterator[None]:
    """Within this context whatever a library makes of a damaged file becomes an `InputError` that names the file.

    An error of the disk stays what it is: the file may be sound.

    Parameters
    ----------
    path : Path
        The file that is read.
    where : str
        What is read of it, if it is not all of it.
    also : tuple of type
        Further errors of the library that is used.
    """
    try:
        yield
    except (*_OF_DAMAGE, *also) as error:
        if _is_of_disk(error):
            raise
        if (number := _NUMBER.search(str(error))) and int(number[1]):
            raise OSError(int(number[1]), os.strerror(int(number[1])), str(path)) from error
        # that of hdmf holds the whole file before its sentence
        reason = cut(str(error.args[-1] if error.args else "").strip() or type(error).__name__)
        what = f"{where} cannot be read" if where else "cannot be read as an NWB file"
        raise InputError(
            f"{path.name}: {what} ({reason}). Check that it was copied whole, and open it with pynwb"
        ) from error


def _is_of_disk(error: BaseException | None) -> bool:
    while error is not None and not (isinstance(error, OSError) and error.errno):
        error = error.__cause__
    return error is not None and not isinstance(error, FileNotFoundError)
