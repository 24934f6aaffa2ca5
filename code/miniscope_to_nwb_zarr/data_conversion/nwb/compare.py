"""Compare two NWB files of either backend value by value, in bounded memory.

Groups, arrays, links, attributes, references by the path of their target, types and the specifications that the files
carry. What a newer schema or the other format says in another way, with nothing lost, is told apart from differences.

Examples
--------
>>> from pathlib import Path
>>> compare_files(Path("session.nwb"), Path("session.nwb.zarr")).differences  # doctest: +SKIP
()
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.core.errors import InputError
from miniscope_to_nwb_zarr.data_conversion.nwb.comparison.difference import Comparison, Difference
from miniscope_to_nwb_zarr.data_conversion.nwb.comparison.hdf5_contents import Hdf5Contents
from miniscope_to_nwb_zarr.data_conversion.nwb.comparison.targets import lost_targets
from miniscope_to_nwb_zarr.data_conversion.nwb.comparison.walk import Walk
from miniscope_to_nwb_zarr.data_conversion.nwb.comparison.zarr_contents import ZarrContents

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from miniscope_to_nwb_zarr.data_conversion.nwb.comparison.contents import Contents

_ANNOUNCED = "announced by the caller"


def compare_files(
    a: Path,
    b: Path,
    announced: Collection[str] = (),
    held: Collection[str] = (),
    moved: Mapping[str, str] = MappingProxyType({}),
) -> Comparison:
    """Compare a file with a copy of it.

    Parameters
    ----------
    a, b : Path
        The source, then its copy: what a newer schema adds to the copy is no difference, what it lacks is one.
    announced : collection of str
        Paths in the file at and below which the copy was changed on purpose.
    held : collection of str
        Paths of arrays whose values were held against each other already; only their values are passed over.
    moved : mapping of str to str
        What lay at a path in the source lies at another one in the copy: links and references follow it.

    Raises
    ------
    InputError
        One of them cannot be read.
    """
    with closing(open_contents(a)) as first, closing(open_contents(b)) as second:
        walk = Walk(first, second, held, moved)
        found = [_judged(one, announced) for one in walk.differences()]
        told = {one.where for one in found}
        found += [_judged(one, announced) for one in lost_targets(first, second) if one.where not in told]
        return Comparison(
            tuple(one for one in found if not one.allowed),
            tuple(one for one in found if one.allowed),
            walk.n_objects,
            walk.n_values,
        )


def open_contents(path: Path) -> Contents:
    """Open a file (HDF5) or a folder (Zarr) to read.

    Raises
    ------
    InputError
        It is neither.
    """
    if not path.exists():
        raise InputError(f"{path}: is not there; expected an NWB file (HDF5) or folder (Zarr)")
    return ZarrContents(path) if path.is_dir() else Hdf5Contents(path)


def _judged(one: Difference, announced: Collection[str]) -> Difference:
    return replace(one, allowed=_ANNOUNCED) if not one.allowed and is_announced(one.where, announced) else one


def is_announced(where: str, announced: Collection[str]) -> bool:
    """Whether a place is one of those that were announced, or lies below one."""
    return any(where == path or where.startswith((f"{path}/", f"{path}@")) for path in announced)
