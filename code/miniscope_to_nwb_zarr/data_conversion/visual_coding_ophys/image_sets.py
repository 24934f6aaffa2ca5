"""Images that were shown: thousands of single ones become one stack, in the order of their numbers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
from pynwb.base import ImageReferences, Images
from pynwb.image import ImageSeries, IndexSeries

from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity
from miniscope_to_nwb_zarr.data_conversion.allen.rebuild import path_of, set_field
from miniscope_to_nwb_zarr.data_conversion.nwb.transform import Change
from miniscope_to_nwb_zarr.data_conversion.visual_coding_ophys.lazy_stack import LazyStack

if TYPE_CHECKING:
    from pynwb import NWBFile
    from pynwb.base import Image
    from pynwb.device import Device

    from miniscope_to_nwb_zarr.data_conversion.nwb.transform import Context

STACK_IMAGES, ORDER_IMAGES = "stack_images", "order_images"
_NUMBER = re.compile(r"[0-9]+$")
_DISPLAY = "StimulusDisplay"


def stack_images(nwbfile: NWBFile, context: Context) -> list[Change]:
    """Make one `ImageSeries` of each set of images, and point the presentations at it.

    As single images, a set is tens of thousands of objects in a store (reference allen-datasets L6). The frames of the
    series are the images in the order of the numbers at the end of their names, which is what the presentations count.
    """
    changes = []
    for name, images in list(nwbfile.stimulus_template.items()):
        ordered = in_order(images) if isinstance(images, Images) else []
        if not ordered or len({(one.data.shape, one.data.dtype) for one in ordered}) > 1:
            continue
        series = ImageSeries.__new__(ImageSeries, object_id=images.object_id)
        series.__init__(
            name=name,
            description=images.description,
            data=LazyStack([one.data for one in ordered]),
            unit="n.a.",
            format="raw",
            starting_time=np.nan,
            rate=np.nan,
            device=_display(nwbfile),
            comments=f"images {ordered[0].name} to {ordered[-1].name}, in the order of their numbers",
        )
        nwbfile.stimulus_template.pop(name)
        nwbfile.add_stimulus_template(series)
        shown = _point_at(nwbfile, images, series)
        where = ", ".join(one.name for one in shown) or "no presentation"
        sentence = f"{len(ordered)} images in one series of frames, in the order of their numbers; shown in {where}"
        links = (f"{path_of(one)}/{link}" for one in shown for link in ("indexed_images", "indexed_timeseries"))
        changes.append(Change(STACK_IMAGES, f"/stimulus/templates/{name}", sentence, tuple(links)))
    _check_indices(nwbfile, context)
    return changes


def order_images(nwbfile: NWBFile, _context: Context) -> list[Change]:
    """Say the order of the images in each set that has none and stays a set."""
    changes = []
    for name, images in nwbfile.stimulus_template.items():
        if isinstance(images, Images) and images.order_of_images is None and images.images:
            references = ImageReferences(name="order_of_images", data=in_order(images))
            set_field(images, "order_of_images", references)
            sentence = f"order of {len(images.images)} images, by the numbers at the end of their names"
            changes.append(Change(ORDER_IMAGES, f"/stimulus/templates/{name}/order_of_images", sentence))
    return changes


def in_order(images: Images) -> list[Image]:
    """Images by the number at the end of their name; those without one first."""
    return sorted(images.images.values(), key=lambda image: _number(image.name))


def _number(name: str) -> int:
    match = _NUMBER.search(name)
    return int(match[0]) if match else 0


def _display(nwbfile: NWBFile) -> Device:
    if _DISPLAY in nwbfile.devices:
        return nwbfile.devices[_DISPLAY]
    return nwbfile.create_device(name=_DISPLAY, description="The monitor on which stimuli were shown")


def _point_at(nwbfile: NWBFile, images: Images, series: ImageSeries) -> list[IndexSeries]:
    shown = []
    for presentation in nwbfile.stimulus.values():
        if isinstance(presentation, IndexSeries) and presentation.indexed_images is images:
            # pynwb makes no new series that indexes a series, though the schema still has it
            set_field(presentation, "indexed_images", None)
            set_field(presentation, "indexed_timeseries", series)
            shown.append(presentation)
    return shown


def _check_indices(nwbfile: NWBFile, context: Context) -> None:
    """A blank of -1 has become 4294967295 where it was cast (reference allen-datasets 2.8): say so."""
    for presentation in nwbfile.stimulus.values():
        template = presentation.indexed_timeseries if isinstance(presentation, IndexSeries) else None
        if template is None or len(presentation.data) == 0:
            continue
        index = np.asarray(presentation.data[:]).astype(np.int64)
        n_outside = int(((index < 0) | (index >= template.data.shape[0])).sum())
        if n_outside:
            sentence = (
                f"{n_outside} of {len(index)} rows point at no image of {template.name}, which has "
                f"{template.data.shape[0]}; they are kept as they are. Take them as blank"
            )
            where = f"stimulus/presentation/{presentation.name}"
            numbers = {"rows": n_outside}
            context.findings.append(Finding(Code.INDEX_INVALID, Severity.WARNING, where, sentence, numbers))
