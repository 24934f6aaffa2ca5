"""Indices of ragged columns as the schema wants them: unsigned whole numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from hdmf.common import VectorIndex

from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity
from miniscope_to_nwb_zarr.data_conversion.allen.rebuild import all_objects, path_of
from miniscope_to_nwb_zarr.data_conversion.nwb.transform import Change

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray
    from pynwb import NWBFile

    from miniscope_to_nwb_zarr.data_conversion.nwb.transform import Context

_NAME = "vector_indices"


def unsigned_indices(nwbfile: NWBFile, context: Context) -> Sequence[Change]:
    """Make every index of a ragged column unsigned, wherever it stands and however deep; unsigned ones stay.

    Files written by pynwb 1.3 hold signed ones, which the schema does not allow (reference allen-datasets 2.4). An
    index with a negative value is damaged: it stays as it is and is a finding.
    """
    changes = []
    for index in sorted((each for each in all_objects(nwbfile) if isinstance(each, VectorIndex)), key=path_of):
        values = np.asarray(index.data[:])
        if len(values) == 0 or values.dtype.kind == "u":
            continue
        where = path_of(index)
        if values.min() < 0:
            sentence = (
                f"the index of a ragged column holds {values.min()}, expected no negative number; it was not changed"
            )
            context.findings.append(Finding(Code.INDEX_INVALID, Severity.ERROR, where, sentence))
            continue
        index.transform(_as_unsigned)
        index.set_modified()
        changes.append(Change(_NAME, where, f"the index is of type uint64 instead of {values.dtype}"))
    return changes


def _as_unsigned(values: ArrayLike) -> NDArray[np.uint64]:
    return np.asarray(values).astype(np.uint64)
