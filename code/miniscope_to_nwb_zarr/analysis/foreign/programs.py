"""The programs of other people that are engines here."""

from __future__ import annotations

from miniscope_to_nwb_zarr.analysis.foreign.exchange import Program

MINIAN = Program(
    NAME="minian",
    # its deconvolved traces are smaller than those of others
    EVENT_NOISE=1.0,
    title="MiniAn",
    variable="MINISCOPE_MINIAN_PYTHON",
    module="minian_program",
    in_bytes=True,
)
"""MiniAn (Dong et al. 2022, 10.7554/eLife.70661). What comes in at the border of a frame that it moves is 0.

MiniAn 2.0.2 needs ``xarray<=2026.2.0``. Its licence is GPL-3.0-or-later; nothing of it is part of this program.
"""

CAIMAN = Program(
    NAME="caiman",
    EVENT_NOISE=3.0,
    title="CaImAn",
    variable="MINISCOPE_CAIMAN_PYTHON",
    module="caiman_program",
    in_bytes=False,
)
"""CaImAn (Giovannucci et al. 2019, 10.7554/eLife.38173). Which of its units are cells is not asked of it.

It is on no package index, so `caiman_program` was written by its documentation (1.12) and was not run with it by those
who wrote it; only the exchange of files around it was.
"""
