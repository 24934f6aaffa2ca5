"""Run transforms on files, and write what comes of it: by hdmf alone, whatever this program's own writer does."""

from contextlib import ExitStack, contextmanager
from types import SimpleNamespace

from hdmf_zarr import NWBZarrIO
from pynwb import NWBHDF5IO

from miniscope_to_nwb_zarr.data_conversion.nwb.sources import open_source
from miniscope_to_nwb_zarr.data_conversion.nwb.transform import Context, OpenedFile


@contextmanager
def opened(base, *others, tables=None, options=None, namespaces=()):
    """The base file with its context, and how to write it: `.nwbfile`, `.context`, `.write(path)`."""
    with ExitStack() as stack:
        source = stack.enter_context(open_source(base, namespaces=namespaces))
        io, nwbfile = source.io, source.nwbfile
        more = [stack.enter_context(open_source(path, manager=io.manager)) for path in others]
        files = [OpenedFile(one.path, one.nwbfile) for one in more]
        context = Context(base, tuple(files), tables or {}, options or {})

        def write(path):
            kind = NWBZarrIO if path.suffix == ".zarr" else NWBHDF5IO
            with kind(str(path), "w") as output:
                output.export(src_io=io, nwbfile=nwbfile, write_args={"link_data": False})
            return path

        yield SimpleNamespace(nwbfile=nwbfile, context=context, write=write)


@contextmanager
def read_back(path):
    """The NWBFile of a store or file, read as anyone would."""
    kind = NWBZarrIO if path.suffix == ".zarr" else NWBHDF5IO
    with kind(str(path), "r") as io:
        yield io.read()
