"""Descriptions that the files lack, or hold only a stand-in for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.data_conversion.allen import description_texts as texts
from miniscope_to_nwb_zarr.data_conversion.allen.rebuild import path_of, set_field
from miniscope_to_nwb_zarr.data_conversion.nwb.transform import Change

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from hdmf.common import DynamicTable, VectorData
    from hdmf.container import AbstractContainer
    from pynwb import NWBFile

    from miniscope_to_nwb_zarr.data_conversion.nwb.transform import Context

_NAME = "descriptions"
# AllenSDK writes 'NOT IMPLEMENTED: <column>' for trials and 'No description' for presentations (reference 2.3)
_PLACEHOLDER = re.compile(
    r"\s*(no description( available)?\.?|not implemented\b.*|d|description|none|n/?a|)\s*", re.IGNORECASE | re.DOTALL
)


def is_placeholder(text: str | None) -> bool:
    """Whether a description says nothing.

    Examples
    --------
    >>> is_placeholder("NOT IMPLEMENTED: go"), is_placeholder("Whether the stimulus changed")
    (True, False)
    """
    return text is None or _PLACEHOLDER.fullmatch(text) is not None


def fill_descriptions(nwbfile: NWBFile, _context: Context) -> Sequence[Change]:
    """Describe tables and columns of known names wherever the file has no description or a stand-in for one."""
    changes: list[Change] = []
    for table, meanings in _tables(nwbfile):
        for name in table.colnames:
            column = _values_of(table, name)
            if name in meanings and is_placeholder(column.description):
                changes.append(_describe(column, meanings[name]))
    changes += _describe_optotagging(nwbfile)
    changes += _describe_stimulus_times(nwbfile)
    return changes


def _tables(nwbfile: NWBFile) -> Iterator[tuple[DynamicTable, Mapping[str, str]]]:
    if nwbfile.units is not None:
        yield nwbfile.units, texts.UNITS
    if nwbfile.trials is not None:
        yield nwbfile.trials, texts.TRIALS
    for name, table in (nwbfile.intervals or {}).items():
        if "presentations" in name:
            yield table, texts.PRESENTATIONS
    table = _optotagging_table(nwbfile)
    if table is not None:
        yield table, texts.OPTOTAGGING


def _describe(container: AbstractContainer, meaning: str) -> Change:
    set_field(container, "description", meaning)
    return Change(_NAME, f"{path_of(container)}@description", f"described as: {meaning}")


def _values_of(table: DynamicTable, name: str) -> VectorData:
    """The values of a column, not the index of a ragged one."""
    column = table[name]
    while hasattr(column, "target"):
        column = column.target
    return column


def _optotagging_table(nwbfile: NWBFile) -> DynamicTable | None:
    module = nwbfile.processing.get("optotagging")
    return module.data_interfaces.get("optogenetic_stimulation") if module is not None else None


def _describe_optotagging(nwbfile: NWBFile) -> Iterator[Change]:
    """The table of light, and the module that holds it."""
    table = _optotagging_table(nwbfile)
    if table is None:
        return
    described = [(table, texts.OPTOTAGGING_TABLE), (nwbfile.processing["optotagging"], texts.OPTOTAGGING_MODULE)]
    for container, meaning in described:
        if is_placeholder(container.description) or container.description == container.name:
            yield _describe(container, meaning)


def _describe_stimulus_times(nwbfile: NWBFile) -> Iterator[Change]:
    """The series of stimulus frames, to which all presentations refer, and the module that holds it."""
    module = nwbfile.processing.get("stimulus")
    if module is None:
        return
    series = module.data_interfaces.get("timestamps")
    described = [(module, texts.STIMULUS_MODULE)] + ([(series, texts.STIMULUS_TIMES)] if series is not None else [])
    for container, meaning in described:
        if is_placeholder(container.description) or container.description == container.name:
            yield _describe(container, meaning)
