"""Write the report of a session into its staging folder."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from miniscope_to_nwb_zarr import __version__
from miniscope_to_nwb_zarr.qc.figures.png import encode_png
from miniscope_to_nwb_zarr.qc.glance import glance_at
from miniscope_to_nwb_zarr.qc.report.facts import DeviceFacts, Preview, ReportFacts, Thumbnail
from miniscope_to_nwb_zarr.qc.report.session_report import files_beside, session_page
from miniscope_to_nwb_zarr.qc.seen import GLANCE_PX, smaller
from miniscope_to_nwb_zarr.qc.session_measures import session_measures
from miniscope_to_nwb_zarr.run.session_pictures import PREVIEW

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from miniscope_to_nwb_zarr.core.model import Recording, Stream
    from miniscope_to_nwb_zarr.data_conversion.camera_pictures import CameraPictures
    from miniscope_to_nwb_zarr.qc.measure import Measure
    from miniscope_to_nwb_zarr.run.session_job import Work
    from miniscope_to_nwb_zarr.run.session_store import MadeStore

FOLDER, PAGE, GLANCE = "qc", "report.html", "glance.json"
_SHOWN_BY = {
    "Frames stored": "maximum.png",
    "Frame rate": "interval_histogram.svg",
    "Gaps": "intervals.svg",
    "Queue of frames": "queue.svg",
    "Head orientation": "head_orientation.svg",
    "Saturation": "saturation.svg",
    "Brightness": "brightness.svg",
    "Motion": "motion.svg",
}
# what a page of less than 5 MB has room for beside its pictures
_MOST_MOVIE_BYTES = 1_300_000


def write_report(work: Work, made: MadeStore, versions: Mapping[str, str]) -> tuple[Measure, ...]:
    """Write the page, and the pictures and plots beside it; gives the measures, each with the file that shows it."""
    measures = session_measures(work.session, made.findings, made.stored)
    facts = ReportFacts(
        session=work.session,
        store=made.name,
        findings=made.findings,
        measures=measures,
        devices=tuple(_devices(work, made, measures)),
        preview=_preview(work, made),
        sources=work.sources,
        options=work.job.output_options,
        versions={"miniscope-to-nwb-zarr": __version__, **versions},
    )
    folder = work.staging / FOLDER
    names = set()
    for name, content in files_beside(facts):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        names.add(name)
    (folder / PAGE).write_text(session_page(facts), encoding="utf-8")
    (folder / GLANCE).write_text(glance_at(facts).as_text(), encoding="utf-8")
    return tuple(_with_picture(one, facts, names) for one in measures)


def _with_picture(measure: Measure, facts: ReportFacts, names: Collection[str]) -> Measure:
    for device in facts.devices:
        if (device.name, device.recording.shown_name) == (measure.device, measure.recording):
            name = f"{device.folder}/{_SHOWN_BY.get(measure.name, '')}"
            return replace(measure, picture=f"{FOLDER}/{name}") if name in names else measure
    return measure


def _devices(work: Work, made: MadeStore, measures: Sequence[Measure]) -> Iterator[DeviceFacts]:
    stored = {id(one.stream): one for one in made.stored}
    for place, (recording, stream) in enumerate(work.session.streams):
        camera, seen = made.pictures.cameras.get(place), made.pictures.seen.get(place)
        yield DeviceFacts(
            recording=recording,
            stream=stream,
            folder=_folder(work, recording, stream),
            measures=tuple(
                one
                for one in measures
                if one.device == stream.device.name and one.recording in {"", recording.shown_name}
            ),
            stored=stored.get(id(stream)),
            seen=seen,
            thumbnails=tuple(_thumbnails(camera)) if camera else (),
            glance=seen.glance if seen else _glance(camera) if camera else b"",
        )


def _folder(work: Work, recording: Recording, stream: Stream) -> str:
    """Where the pictures of a device lie, seen from the page."""
    if len(work.session.recordings) == 1:
        return stream.device.name
    return f"{stream.device.name}/{work.session.recordings.index(recording) + 1}"


def _thumbnails(camera: CameraPictures) -> Iterator[Thumbnail]:
    for which in camera.thumbnails():
        pixels = camera.pictures[which]
        yield Thumbnail(int(camera.numbers[which]), encode_png(pixels), (pixels.shape[1], pixels.shape[0]))


def _glance(camera: CameraPictures) -> bytes:
    picture = camera.pictures[len(camera.pictures) // 2]
    return encode_png(np.rint(smaller(picture, GLANCE_PX)).astype(np.uint8))


def _preview(work: Work, made: MadeStore) -> Preview | None:
    if not made.pictures.previewed:
        return None
    movie = (work.staging / PREVIEW).read_bytes()
    shown = movie if len(movie) <= _MOST_MOVIE_BYTES else b""
    return Preview(shown, PREVIEW.rpartition("/")[2], made.pictures.previewed, made.pictures.speed)
