"""Each presentation of an image is linked to the image among the templates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from pynwb.base import Images

from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity
from miniscope_to_nwb_zarr.data_conversion.allen.rebuild import path_of
from miniscope_to_nwb_zarr.data_conversion.nwb.transform import Change

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pynwb import NWBFile
    from pynwb.epoch import TimeIntervals

    from miniscope_to_nwb_zarr.data_conversion.nwb.transform import Context

TEMPLATE_LINKS = "template_links"
COLUMN = "template_image"
_SUFFIX = "_presentations"
# what stands in place of a name where nothing was shown
_OMITTED = "omitted"
_ABOUT = "The image among the stimulus templates that was shown; none where the image was omitted"


def link_presentations(nwbfile: NWBFile, context: Context) -> Sequence[Change]:
    """Add a column of references to template images to every table of presentations that names its images.

    A row without an image (an omitted flash) refers to none: the column is ragged. Names that no template has are a
    finding, and their rows refer to none. Call it when templates are images.
    """
    changes = []
    for name, table in (nwbfile.intervals or {}).items():
        shown = _shown_names(table) if name.endswith(_SUFFIX) and COLUMN not in table.colnames else None
        template = _template_of(nwbfile, name, set(shown or ()))
        if shown is None or template is None:
            continue
        images = {image.name: image for image in template.order_of_images.data}
        unknown = sorted({each for each in shown if each not in images and each != _OMITTED})
        if unknown:
            sentence = f"shows images that {template.name} does not hold: {', '.join(unknown[:5])}; they got no link"
            context.findings.append(Finding(Code.TEMPLATE_UNUSABLE, Severity.WARNING, f"intervals/{name}", sentence))
        n_linked = _add_links(table, [images.get(each) for each in shown])
        sentence = f"a column {COLUMN} was added: {n_linked} of {len(shown)} rows refer to images of {template.name}"
        where = f"{path_of(table)}/{COLUMN}"
        changes.append(Change(TEMPLATE_LINKS, where, sentence, (f"{where}_index", f"{path_of(table)}@colnames")))
    return changes


def _shown_names(table: TimeIntervals) -> list[str] | None:
    """The name of the image of each row, where the table has one."""
    if "image_name" in table.colnames:
        return [str(name) for name in table["image_name"].data[:]]
    if "orientation" in table.colnames:
        # gratings are named by their angle: gratings_90.0
        angles = np.asarray(table["orientation"].data[:], np.float64)
        return [_OMITTED if np.isnan(angle) else f"gratings_{float(angle)}" for angle in angles]
    return None


def _template_of(nwbfile: NWBFile, table_name: str, shown: set[str]) -> Images | None:
    """The set of images that bears the name of the table, else the only one that holds all images shown."""
    sets = [
        each
        for each in nwbfile.stimulus_template.values()
        if isinstance(each, Images) and each.order_of_images is not None and not each.name.endswith("_unwarped")
    ]
    named = [each for each in sets if each.name.startswith(table_name.removesuffix(_SUFFIX))]
    if len(named) == 1 and shown & set(named[0].images):
        return named[0]
    holding = [each for each in sets if shown - {_OMITTED} and shown - {_OMITTED} <= set(each.images)]
    return holding[0] if len(holding) == 1 else None


def _add_links(table: TimeIntervals, images: list[Any]) -> int:
    """Add the column; gives how many rows have an image."""
    linked = [image for image in images if image is not None]
    counts = np.cumsum([image is not None for image in images], dtype=np.uint64)
    if not linked:
        return 0
    table.add_column(name=COLUMN, description=_ABOUT, data=linked, index=counts)
    return len(linked)
