"""Write the report of a session into its staging folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr import __version__
from miniscope_to_nwb_zarr.qc.figures.png import encode_png
from miniscope_to_nwb_zarr.qc.report.facts import DeviceFacts, Preview, ReportFacts, Thumbnail
from miniscope_to_nwb_zarr.qc.report.session_report import files_beside, session_page
from miniscope_to_nwb_zarr.run.session_pictures import PREVIEW

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from miniscope_to_nwb_zarr.core.findings import Finding
    from miniscope_to_nwb_zarr.core.model import Recording, Stream
    from miniscope_to_nwb_zarr.data_conversion.camera_pictures import CameraPictures
    from miniscope_to_nwb_zarr.qc.measure import Measure
    from miniscope_to_nwb_zarr.run.session_job import Work
    from miniscope_to_nwb_zarr.run.session_store import MadeStore

FOLDER, PAGE = "qc", "report.html"
# what a page of less than 5 MB has room for beside its pictures
_MOST_MOVIE_BYTES = 1_300_000


def write_report(
    work: Work,
    made: MadeStore,
    findings: Sequence[Finding],
    measures: Sequence[Measure],
    versions: Mapping[str, str],
) -> None:
    """Write the page, and the pictures and plots beside it."""
    facts = ReportFacts(
        session=work.session,
        store=made.name,
        findings=tuple(findings),
        measures=tuple(measures),
        devices=tuple(_devices(work, made, measures)),
        preview=_preview(work, made),
        sources=work.sources,
        options=work.job.output_options,
        versions={"miniscope-to-nwb-zarr": __version__, **versions},
    )
    folder = work.staging / FOLDER
    for name, content in files_beside(facts):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    (folder / PAGE).write_text(session_page(facts), encoding="utf-8")


def _devices(work: Work, made: MadeStore, measures: Sequence[Measure]) -> Iterator[DeviceFacts]:
    stored = {id(one.stream): one for one in made.stored}
    for place, (recording, stream) in enumerate(work.session.streams):
        camera = made.pictures.cameras.get(place)
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
            seen=made.pictures.seen.get(place),
            thumbnails=tuple(_thumbnails(camera)) if camera else (),
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


def _preview(work: Work, made: MadeStore) -> Preview | None:
    if not made.pictures.previewed:
        return None
    movie = (work.staging / PREVIEW).read_bytes()
    shown = movie if len(movie) <= _MOST_MOVIE_BYTES else b""
    return Preview(shown, PREVIEW.rpartition("/")[2], made.pictures.previewed, made.pictures.speed)
