"""Make a file of today's pynwb look as one of schema 2.2.2, by editing it: such a pynwb no longer runs here."""

import h5py
import numpy as np


def is_index(item):
    return isinstance(item, h5py.Dataset) and item.attrs.get("neurodata_type") == "VectorIndex"


def with_index_dtype(path, dtype):
    """Give every VectorIndex of a file another dtype. pynwb 1.3 wrote int64."""
    with h5py.File(path, "a") as file:
        names = []
        file.visititems(lambda name, item: names.append(name) if is_index(item) else None)
        targets = {name: file[file[name].attrs["target"]].name for name in names}
        for name in names:
            values, attributes = file[name][:].astype(dtype), dict(file[name].attrs)
            del file[name]
            file.create_dataset(name, data=values).attrs.update(attributes)
        # an index of an index: what it pointed at has been written anew
        for name, target in targets.items():
            file[name].attrs["target"] = file[target].ref


def with_attribute(path, dataset):
    """Turn a text dataset into an attribute of its group, as EcephysSpecimen 0.2.0 has its strain."""
    with h5py.File(path, "a") as file:
        value, group, name = file[dataset].asstr()[()], file[dataset].parent, dataset.rpartition("/")[2]
        del file[dataset]
        group.attrs[name] = value


def with_plain_references(path):
    """Make `timeseries` columns plain VectorData, and call the schema 2.2.2."""

    def visit(_name, item):
        if item.attrs.get("neurodata_type") == "TimeSeriesReferenceVectorData":
            item.attrs["neurodata_type"] = "VectorData"
            item.attrs["namespace"] = "hdmf-common"

    with h5py.File(path, "a") as file:
        file.attrs["nwb_version"] = "2.2.2"
        file.visititems(visit)


def value_of(path, name):
    """The values of a dataset of a file."""
    with h5py.File(path) as file:
        return np.asarray(file[name])
