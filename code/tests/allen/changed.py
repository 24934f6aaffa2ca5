"""Run transforms on an opened file and read back what a plain export writes, as a user of the output would."""

from contextlib import ExitStack, contextmanager

from hdmf_zarr import NWBZarrIO

from miniscope_to_nwb_zarr.data_conversion.allen.extensions import namespace_file
from miniscope_to_nwb_zarr.data_conversion.nwb.sources import open_source
from miniscope_to_nwb_zarr.data_conversion.nwb.transform import Context, OpenedFile

LOADED = [namespace_file(name) for name in ("ndx-aibs-stimulus-template", "ndx-ellipse-eye-tracking")]


@contextmanager
def changed(sources, transforms, store, *, tables=None, options=None):
    """Give the exported store as a file that was read, its changes and its findings."""
    base, *others = sources
    with ExitStack() as stack:
        opened = stack.enter_context(open_source(base, namespaces=LOADED))
        nwbfile = opened.nwbfile
        more = [stack.enter_context(open_source(path, manager=opened.io.manager)) for path in others]
        context = Context(
            base,
            others=tuple(OpenedFile(one.path, one.nwbfile) for one in more),
            tables=tables or {},
            options=options or {},
        )
        changes = [change for transform in transforms for change in transform(nwbfile, context)]
        with NWBZarrIO(str(store), mode="w") as writer:
            writer.export(src_io=opened.io, nwbfile=nwbfile, write_args={"link_data": False})
    with open_source(store) as written:
        yield written.nwbfile, changes, context.findings
