"""The programs of other people that are engines here."""

from __future__ import annotations

from miniscope_to_nwb_zarr.analysis.foreign.exchange import Program

MINIAN_PINS = ("minian==2.0.2", "xarray==2026.2.0", "zarr==2.18.7", "numpy==2.4.6")
"""With which MiniAn was run here. A later xarray passes on a word that this zarr does not know, and MiniAn fails."""

MINIAN = Program(
    NAME="minian",
    # its deconvolved traces are smaller than those of others
    EVENT_NOISE=1.0,
    title="MiniAn",
    variable="MINISCOPE_MINIAN_PYTHON",
    module="minian_program",
    in_bytes=True,
    install=f"pip install {' '.join(MINIAN_PINS)}",
)
"""MiniAn (Dong et al. 2022, 10.7554/eLife.70661). What comes in at the border of a frame that it moves is 0.

Its licence is GPL-3.0-or-later; nothing of it is part of this program.
"""

CAIMAN = Program(
    NAME="caiman",
    EVENT_NOISE=3.0,
    title="CaImAn",
    variable="MINISCOPE_CAIMAN_PYTHON",
    module="caiman_program",
    in_bytes=False,
    install="mamba create -n caiman -c conda-forge caiman; the caiman of PyPI is another program",
)
"""CaImAn (Giovannucci et al. 2019, 10.7554/eLife.38173). Which of its units are cells is not asked of it.

It is on no package index, so `caiman_program` was written by its documentation (1.12) and was not run with it by those
who wrote it; only the exchange of files around it was.
"""


def is_handed_bytes(engine: str) -> bool:
    """Whether an engine, told by name and version, is handed a movie as whole numbers from 0 to 255.

    Examples
    --------
    >>> is_handed_bytes("minian 2.0.2"), is_handed_bytes("native 1")
    (True, False)
    """
    return any(one.in_bytes and engine.partition(" ")[0] == one.NAME for one in (MINIAN, CAIMAN))
