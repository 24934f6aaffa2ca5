"""Stacks of shown images become sets of images, each with a name and a reference to what it was before warping.

What the files hold, and what is made of it: reference allen-datasets 2.1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pynwb.base import ImageReferences, Images
from pynwb.image import GrayscaleImage, IndexSeries

from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity
from miniscope_to_nwb_zarr.data_conversion.allen.descriptions import is_placeholder
from miniscope_to_nwb_zarr.data_conversion.allen.extensions import extension_class
from miniscope_to_nwb_zarr.data_conversion.allen.lazy_image import LazyImage
from miniscope_to_nwb_zarr.data_conversion.allen.rebuild import set_field
from miniscope_to_nwb_zarr.data_conversion.nwb.transform import Change

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hdmf.container import Container
    from pynwb import NWBFile

    from miniscope_to_nwb_zarr.data_conversion.nwb.transform import Context

NAMESPACE = "ndx-aibs-stimulus-template"
_NAME = "stimulus_templates"
# sets of images whose times are in tables alone (reference allen-datasets 2.1)
_WITHOUT_SERIES = "Natural_Images_Lum_Matched_set_ophys"
_OF_IMAGES = "Visual stimuli images shown to the subject."


def templates_to_images(nwbfile: NWBFile, context: Context) -> Sequence[Change]:
    """Turn every `StimulusTemplate` into two `Images`, warped and not; series that indexed it index the warped ones.

    A template that contradicts itself stays as it is and is a finding, one that no series shows is a finding too;
    templates of other types stay as they are.
    """
    changes: list[Change] = []
    for name, template in list(nwbfile.stimulus_template.items()):
        if type(template).__name__ != "StimulusTemplate":
            continue
        problem = _problem(template)
        where = f"stimulus/templates/{name}"
        if problem:
            context.findings.append(
                Finding(Code.TEMPLATE_UNUSABLE, Severity.WARNING, where, f"{problem}; it was left as it is")
            )
            continue
        images = _replace(nwbfile, template)
        changes.append(Change(_NAME, f"/{where}", _said(len(images.images), name), (f"/{where}_unwarped",)))
        linked = _link_series(nwbfile, template, images)
        changes += linked
        if not linked and not name.startswith(_WITHOUT_SERIES):
            sentence = "no series says when its images were shown; tables of presentations may"
            context.findings.append(Finding(Code.PART_MISSING, Severity.WARNING, where, sentence))
    return changes


def _problem(template: Container) -> str | None:
    """Why a template cannot be taken apart."""
    shape, unwarped = tuple(template.data.shape), tuple(template.unwarped.shape)
    names = [] if template.control_description is None else [str(name) for name in template.control_description[:]]
    if len(shape) != 3 or shape != unwarped:
        return f"warped images of shape {shape} and unwarped ones of shape {unwarped}, expected two equal (image, y, x)"
    if len(names) != shape[0]:
        return f"{shape[0]} images and {len(names)} names of images in control_description"
    if len(set(names)) != len(names) or not all(names) or any("/" in name or ":" in name for name in names):
        return "the names in control_description are not distinct, or hold a slash or a colon"
    return None


def _replace(nwbfile: NWBFile, template: Container) -> Images:
    """Put the two sets of images in the place of the template."""
    name = template.name
    names = [str(each) for each in template.control_description[:]]
    numbers = range(len(names)) if template.control is None else [int(each) for each in template.control[:]]
    about = _OF_IMAGES if is_placeholder(template.description) else template.description
    image_class = extension_class(nwbfile, "WarpedStimulusTemplateImage", NAMESPACE)
    before = [
        GrayscaleImage(
            name=each,
            data=LazyImage(template.unwarped, index),
            description=f"Unwarped stimulus template: {number}",
        )
        for index, (each, number) in enumerate(zip(names, numbers, strict=True))
    ]
    shown = [
        image_class(
            name=each,
            data=LazyImage(template.data, index),
            unwarped=before[index],
            description=f"Warped stimulus template: {number}",
        )
        for index, (each, number) in enumerate(zip(names, numbers, strict=True))
    ]
    nwbfile.stimulus_template.pop(name)
    # what is referred to must be built before what refers to it
    nwbfile.add_stimulus_template(_ordered(f"{name}_unwarped", before, f"{about} unwarped"))
    images = _ordered(name, shown, about)
    nwbfile.add_stimulus_template(images)
    return images


def _ordered(name: str, images: list[Any], description: str) -> Images:
    return Images(
        name=name,
        images=images,
        description=description,
        order_of_images=ImageReferences(name="order_of_images", data=images),
    )


def _link_series(nwbfile: NWBFile, template: Container, images: Images) -> list[Change]:
    """Every series that indexed the template now indexes the images."""
    changes = []
    for name, series in nwbfile.stimulus.items():
        if not isinstance(series, IndexSeries) or series.indexed_timeseries is not template:
            continue
        set_field(series, "indexed_timeseries", None)
        set_field(series, "indexed_images", images)
        if is_placeholder(series.description):
            about = f"Timestamps and indices of the {template.name} stimulus template presentations."
            set_field(series, "description", about)
        sentence = f"indexes the set of images {template.name} instead of the former series of the same name"
        where = f"/stimulus/presentation/{name}"
        changed = f"{where}/indexed_images", f"{where}@description"
        changes.append(Change(_NAME, f"{where}/indexed_timeseries", sentence, changed))
    return changes


def _said(n_images: int, name: str) -> str:
    return (
        f"the series of {n_images} images became a set of named images, each with a reference to the same image before "
        f"it was warped, in {name}_unwarped"
    )
