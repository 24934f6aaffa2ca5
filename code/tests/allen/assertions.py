"""What every conversion of a data set is held to (reference allen-datasets 9.4), and the tests that do it.

======================================  ===============================================================================
Assertion                               Tests
======================================  ===============================================================================
values equal, streaming, NaN-aware,     `compare_files` and `compare_moved` run on every output before it is published:
exact; only the listed widenings        `test_nothing_differs_from_the_source_but_what_the_log_says` of each data set
                                        holds that nothing was left to warn of; nwb/test_compare.py and
                                        nwb/test_engine.py hold that they find what differs
types equal unless mapped               `types_and_inventory` here; warped images: test_stimulus_templates.py
references and links resolve            `references_resolve` here; fresh process: `test_an_output_is_read_by_...`
object ids kept                         `types_and_inventory` here
chunks, codecs, filters                 `arrays_are_packed` here; `test_..._is_cut_anew_and_no_filter_of_hdf5_is_left`
number of files                         `test_an_output_has_few_objects` of each data set
attributes equal                        `compare_files` and `compare_moved`, as above
nothing lost                            `types_and_inventory` here, for all sources; parts of what was moved:
                                        `test_what_was_merged_and_is_not_as_it_was_is_found` of Visual Behavior Ephys
read by pynwb and hdmf-zarr alone       `test_an_output_is_read_by_a_process_without_this_program` of each data set
remarks of validator and inspector      an error that only the output has stops it (nwb/checks.py, nwb/test_conversion)
same output from two runs               `test_a_second_run_writes_nothing_and_another_folder_gets_the_same`
killed: no result                       allen/test_killed_and_large.py; scorecard R1 for any moment
memory                                  allen/test_killed_and_large.py
======================================  ===============================================================================

Variants of 9.3: H images, passive, gratings (visual_behavior_ephys/test_variants.py); VectorIndex of int64 and natural
ones, ragged at every depth (test_small_changes.py, test_visual_coding_ephys.py); files of pynwb 2.3.1 and 2.7.0
(test_old_allen_files.py); probes without CSD or LFP, unknown and doubled electrodes, another start, subject or device
(test_probes.py); planes that disagree, with two imaging planes, eight of them (test_planes.py); rows of the table of
sessions: NaN, one id, several, none (visual_behavior_ophys/test_command.py); strain, impedances, invalid times, z as y,
no probes (test_visual_coding_ephys.py); StimA to C2, cut gratings, lost epochs, eye tracking of other frames, bad
indices, ``{depth}`` (test_visual_coding_ophys.py).
"""

from contextlib import closing

import zarr
from numcodecs import Blosc

from miniscope_to_nwb_zarr.data_conversion.nwb.announced import announced_by
from miniscope_to_nwb_zarr.data_conversion.nwb.compare import is_announced, open_contents
from miniscope_to_nwb_zarr.data_conversion.nwb.comparison.contents import Array, Group, Link, Reference, find
from tests.allen.runs import receipt_of, store_of

# types that the transforms make of others, by intention
MAPPED = {("ImageSeries", "Images"), ("Images", "ImageSeries"), ("VectorData", "TimeSeriesReferenceVectorData")}
_PACKED_BYTES = 4096


def hold(sources, results, name):
    """All that can be held of any output."""
    store = store_of(results, name)
    arrays_are_packed(store)
    references_resolve(store)
    types_and_inventory(sources, store, announced_by(receipt_of(results, name).findings))


def arrays_are_packed(store):
    """No filter of HDF5 is left, and what is worth it is packed by Blosc with zstd."""

    def look(path, array):
        if not isinstance(array, zarr.Array):
            return
        names = [codec.codec_id for codec in array.filters or []]
        assert not {"zlib", "gzip", "shuffle"} & set(names), path
        if array.dtype != object and array.nbytes > _PACKED_BYTES:
            assert isinstance(array.compressor, Blosc), path
            assert array.compressor.cname == "zstd", path

    zarr.open(str(store), "r").visititems(look)


def references_resolve(store):
    """Every link and every reference leads to an object of the store."""
    n_found = 0
    with closing(open_contents(store)) as contents:
        for path, item in _items(contents.root):
            held = [item] if isinstance(item, Link) else _references(item)
            for each in held:
                assert not each.file, path
                assert find(contents, each.path)[1] is not None, f"{path}: {each}"
                n_found += 1
    assert n_found


def types_and_inventory(sources, store, said):
    """Every object of every source is in the output, as what it was, or the change log names what became of it.

    What another source has in common with the base file, its electrodes for example, is there once; a module that was
    emptied is not there, if all it held is.
    """
    with closing(open_contents(store)) as there:
        types = {found[0]: found[1] for _, item in _items(there.root) if (found := _identity(item))}
    base = {}
    for source in sources:
        with closing(open_contents(source)) as here:
            held = {path: found for path, item in _items(here.root) if (found := _identity(item))}
        is_base = not base
        base = base or held
        for path, (identity, kind) in held.items():
            if identity in types:
                assert types[identity] == kind or (kind, types[identity]) in MAPPED, f"{path}: {types[identity]}"
            elif _is_moved(path, source.name, said):
                assert _is_changed(path, source.name, sources[0].name, said), f"{path} of {source.name} is lost"
            elif is_base:
                assert is_announced(path, said.changed), f"{path} is lost"
            else:
                inside = [one[0] in types for other, one in held.items() if other.startswith(f"{path}/")]
                is_emptied = kind == "ProcessingModule" and inside and all(inside)
                is_shared = path in base and base[path][1] == kind
                assert is_shared or is_emptied, f"{path} of {source.name} is lost"


def _is_moved(path, source, said):
    return is_announced(path, [one.before for one in said.moves if one.source == source])


def _is_changed(path, source, base, said):
    """Whether what was moved is gone because the change log says that it was changed as well."""
    moves = [one for one in said.moves if one.source == source and is_announced(path, [one.before])]
    return any(is_announced(one.now + path[len(one.before) :], said.changed_in(one, base)) for one in moves)


def _items(group, where="", seen=None):
    seen = set() if seen is None else seen
    if group.identity in seen:
        return
    seen.add(group.identity)
    for name in group.names():
        item = group.get(name)
        yield f"{where}/{name}", item
        if isinstance(item, Group):
            yield from _items(item, f"{where}/{name}", seen)


def _identity(item):
    attributes = {} if item is None or isinstance(item, Link) else item.attributes
    if not {"object_id", "neurodata_type"} <= set(attributes):
        return None
    return str(attributes["object_id"].values), str(attributes["neurodata_type"].values)


def _references(item):
    """References among an object's attributes, and in the values of a small array."""
    values = [each.values for each in item.attributes.values()]
    if isinstance(item, Array) and item.shape is not None and "reference" in str(item.type):
        values.append(item.read(tuple(slice(None) for _ in item.shape)))
    for each in values:
        columns = [each] if each.dtype.names is None else [each[name] for name in each.dtype.names]
        for column in columns:
            flat = column.reshape(-1) if column.dtype == object else ()
            yield from (value for value in flat if isinstance(value, Reference) and value.path)
