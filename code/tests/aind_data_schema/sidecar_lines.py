"""Every line that a session metadata file can have."""

from miniscope_to_nwb_zarr.aind_data_schema.sidecar import Sidecar
from miniscope_to_nwb_zarr.aind_data_schema.sidecar_values import section_of


def sidecar_lines(model=Sidecar, path=()):
    """Path and field of every line, with 1 for the item of a list."""
    for name, field in model.model_fields.items():
        section = section_of(field.annotation)
        if section is None:
            yield (*path, name), field
        else:
            yield from sidecar_lines(section, (*path, name) if section is field.annotation else (*path, name, 1))
