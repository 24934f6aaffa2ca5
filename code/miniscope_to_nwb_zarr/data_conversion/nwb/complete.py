"""What hdmf's reader of HDF5 leaves out of a file, put back before the file is written again.

Seen in hdmf 6.2: an array of text without a value has no data; of two links in a group to objects of one name the first
is lost, and so is a further name of an object (a hard link).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import h5py
import numpy as np
from hdmf.build import GroupBuilder, LinkBuilder

from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity
from miniscope_to_nwb_zarr.data_conversion.nwb.sources import explaining

if TYPE_CHECKING:
    from hdmf.build import DatasetBuilder

    from miniscope_to_nwb_zarr.data_conversion.nwb.sources import NwbSource

_SPECIFICATIONS = ".specloc"


def complete(source: NwbSource) -> list[Finding]:
    """Put back what is missing in the builder of a source; gives a finding for each place that is not as it was."""
    if source.is_zarr:
        return source.findings
    with explaining(source.path), h5py.File(source.path, "r", locking=False) as file:
        found = _Completion(source, file)
        found.attributes(source.builder, "/")
        found.group(source.builder, file)
        found.links()
    return found.findings


class _Completion:
    def __init__(self, source: NwbSource, file: h5py.File) -> None:
        self.findings: list[Finding] = []
        self._source = source.builder.source
        self._file = file
        self._skipped = file[file.attrs[_SPECIFICATIONS]] if _SPECIFICATIONS in file.attrs else None
        self._first: dict[int, GroupBuilder | DatasetBuilder] = {_address(file): source.builder}
        self._missing: list[tuple[GroupBuilder, str, h5py.HLObject]] = []

    def group(self, builder: GroupBuilder, group: h5py.Group) -> None:
        """Look for what is in a group of the file and not in its builder."""
        for name in group:
            link = group.get(name, getlink=True)
            item = group.get(name)
            if item is None:
                sentence = "a link that leads nowhere; it was left out"
                self.findings.append(
                    Finding(Code.NWB_CHANGED, Severity.WARNING, f"{group.name.rstrip('/')}/{name}", sentence)
                )
            elif isinstance(link, (h5py.SoftLink, h5py.ExternalLink)):
                if name not in builder.links and isinstance(link, h5py.SoftLink):
                    self._missing.append((builder, name, item))
            elif item != self._skipped:
                self._object(builder, name, item)

    def attributes(self, builder: GroupBuilder | DatasetBuilder, where: str) -> None:
        """Give attributes that have a type and no value one that can be written."""
        for name, value in list(builder.attributes.items()):
            if isinstance(value, h5py.Empty):
                is_text = value.dtype.kind in "SO"
                builder.attributes[name] = "" if is_text else np.empty((0,), value.dtype)
                sentence = f"had a type and no value; it is {'an empty text' if is_text else 'an empty list'} now"
                self.findings.append(Finding(Code.NWB_CHANGED, Severity.INFO, f"{where}@{name}", sentence))

    def _object(self, builder: GroupBuilder, name: str, item: h5py.Group | h5py.Dataset) -> None:
        kind = builder.groups if isinstance(item, h5py.Group) else builder.datasets
        address = _address(item)
        if address in self._first:
            # a further name of an object that was seen before; hdmf puts it here by its first name
            first = self._first[address]
            for each in {name, first.name}:
                if kind.get(each) is first and (each != first.name or first.parent is not builder):
                    del kind[each], builder.obj_type[each]
            self._further_name(builder, name, item)
            return
        built = kind.get(name)
        if built is None:
            return
        self._first[address] = built
        self.attributes(built, item.name)
        if isinstance(item, h5py.Group):
            self.group(built, item)
        elif built.data is None and item.shape is not None:
            built.data = np.empty(item.shape, object)
            if h5py.check_ref_dtype(item.dtype) is not None:
                # a builder's type can be set once; it is a dict underneath
                dict.__setitem__(built, "dtype", "object")

    def _further_name(self, builder: GroupBuilder, name: str, item: h5py.Group | h5py.Dataset) -> None:
        first = self._first[_address(item)]
        where = f"{builder.location or ''}/{builder.name}/{name}" if builder.parent else f"/{name}"
        if first.parent is builder and isinstance(first, GroupBuilder):
            sentence = f"a further name of {first.name} in the same group, which pynwb cannot read; it was left out"
            self.findings.append(Finding(Code.NWB_CHANGED, Severity.WARNING, _tidy(where), sentence))
            return
        sentence = f"a further name of {_tidy(f'{first.location}/{first.name}')}; it is a link to that now"
        self.findings.append(Finding(Code.NWB_CHANGED, Severity.INFO, _tidy(where), sentence))
        self._missing.append((builder, name, item))

    def links(self) -> None:
        """Add the links that are missing, to objects that are all known by now."""
        for builder, name, item in self._missing:
            target = self._first.get(_address(item))
            if target is not None:
                builder.set_link(LinkBuilder(builder=target, name=name, source=self._source))


def _address(item: h5py.HLObject) -> int:
    return int(h5py.h5o.get_info(item.id).addr)


def _tidy(path: str) -> str:
    return "/" + "/".join(part for part in path.split("/") if part)
