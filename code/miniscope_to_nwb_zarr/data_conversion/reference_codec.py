"""Object references of NWB-Zarr stores, read without running what a store says.

hdmf-zarr keeps references as pickles, and unpickling runs any code that the bytes name: a store from elsewhere could
take over the machine that opens it.
"""

from __future__ import annotations

import io
import pickle
from typing import TYPE_CHECKING, Any

import numpy as np
from numcodecs.compat import ensure_contiguous_ndarray
from numcodecs.pickles import Pickle
from numcodecs.registry import register_codec

if TYPE_CHECKING:
    from numpy.typing import NDArray

# an array of objects, its dtype, the references in it, and rows with text, whose dtype names `str`; both names of
# numpy's module, before 2.0 and since
_ADMITTED = frozenset({
    ("builtins", "str"),
    ("hdmf_zarr.utils", "ZarrReference"),
    ("numpy", "dtype"),
    ("numpy", "ndarray"),
    ("numpy.core.multiarray", "_reconstruct"),
    ("numpy.core.multiarray", "scalar"),
    ("numpy._core.multiarray", "scalar"),
    ("numpy._core.multiarray", "_reconstruct"),
    ("numpy.core.numeric", "_frombuffer"),
    ("numpy._core.numeric", "_frombuffer"),
})  # fmt: skip


class _References(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:  # noqa: ANN401 - what pickle asks for
        if (module, name) not in _ADMITTED:
            raise pickle.UnpicklingError(
                f"the store asks to run {module}.{name} where object references are expected: it is damaged or "
                "malicious and was not read further"
            )
        return super().find_class(module, name)


class ReferenceCodec(Pickle):  # type: ignore[misc] # numcodecs has no types
    """numcodecs' `Pickle`, whose `decode` admits references to objects and plain values only."""

    def decode(self, buf: Any, out: NDArray[Any] | None = None) -> Any:  # noqa: ANN401 - as numcodecs has it
        """The objects of a chunk.

        Raises
        ------
        pickle.UnpicklingError
            The bytes name anything else, or are no pickle.
        """
        found = _References(io.BytesIO(ensure_contiguous_ndarray(buf))).load()
        if out is None:
            return found
        np.copyto(out, found)
        return out


def admit_only_references() -> None:
    """From now on, every store that this process opens is read by `ReferenceCodec`."""
    register_codec(ReferenceCodec, Pickle.codec_id)
