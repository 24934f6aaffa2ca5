"""The report of a session, as it lies in a published output."""

import base64
import hashlib
import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from miniscope_to_nwb_zarr.aind_data_schema.sidecar import Sidecar
from miniscope_to_nwb_zarr.core.findings import Code, Severity
from miniscope_to_nwb_zarr.data_conversion import preview_movie
from miniscope_to_nwb_zarr.qc.glance import Glance
from miniscope_to_nwb_zarr.qc.measure import Verdict
from miniscope_to_nwb_zarr.qc.report.run_page import RunRow, run_page
from miniscope_to_nwb_zarr.qc.session_measures import INSPECTOR
from miniscope_to_nwb_zarr.run import session_pictures
from tests import defects
from tests.conversions import convert, sessions_in
from tests.recordings import CAMERA, SCOPE, SMALL, small_recording

LAB_FACTS = {Code.FACT_MISSING, Code.FACT_UNKNOWN}
HOSTILE = '<script>alert(1)</script><img src=x onerror="alert(2)">'


class Page(HTMLParser):
    """What a page holds: its elements, their attributes, the text that is shown."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.shown, self._inside = [], [], []
        self.feed(text)

    def handle_starttag(self, name, attributes):
        self.elements.append((name, dict(attributes)))
        if name in {"style", "title"}:
            self._inside.append(name)

    def handle_endtag(self, name):
        if self._inside and self._inside[-1] == name:
            self._inside.pop()

    def handle_data(self, data):
        if "style" not in self._inside:
            self.shown.append(data)

    def all(self, name):
        return [attributes for element, attributes in self.elements if element == name]

    @property
    def text(self):
        return " ".join(" ".join(self.shown).split())


def page_of(output):
    return Page((output / "qc" / "report.html").read_text(encoding="utf-8"))


def files_of(output):
    return sorted(path.relative_to(output / "qc").as_posix() for path in (output / "qc").rglob("*") if path.is_file())


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """A scope and a camera, and the receipt of their output."""
    folder = tmp_path_factory.mktemp("sound")
    small_recording(folder / "data")
    (session,) = sessions_in(folder / "data")
    return convert(session, folder / "results")


def test_a_report_lies_in_every_output_and_in_its_receipt(sound):
    listed = {entry.path for entry in sound.receipt.files}
    assert {f"qc/{name}" for name in files_of(sound.output)} <= listed
    assert {"preview.mp4", "glance.json", "report.html"} <= set(files_of(sound.output))
    pictures = {"maximum", "mean", "deviation", "correlation", "frame_0", "frame_12", "frame_24"}
    assert {f"HPC_miniscope1/{name}.png" for name in pictures} <= set(files_of(sound.output))
    plots = {"brightness", "saturation", "intervals", "interval_histogram", "queue", "head_orientation", "motion"}
    assert {f"HPC_miniscope1/{name}.svg" for name in plots} <= set(files_of(sound.output))
    assert sum(name.startswith("Behavior_camera/frame_") for name in files_of(sound.output)) == 5


def test_the_page_says_first_how_the_recording_is(sound):
    page = page_of(sound.output)
    assert page.text.startswith(f"{sound.output.name} Recording report {sound.output.name} 1 scope")
    assert "1 scope, 1 camera, 0.8 s, 25 frames, none missing, verified" in page.text
    assert "● good, ▲ look at it, ■ bad. Brightness is the change" in page.text
    assert "No pixel was saturated" not in page.text
    # the bar code of the test's frames is white
    assert "Usable, with something to look at first." in page.text
    assert "mouse enters arm A, left" in page.text
    assert "HPC miniscope1: led0 = 25" in page.text
    assert "Frame 0 at -0.021 s" in page.text
    assert "Larger ones lie in the output, in qc/HPC_miniscope1/." in page.text


def test_a_sound_recording_is_good_without_facts_that_only_the_lab_has(tmp_path):
    small_recording(tmp_path / "data", devices=(replace(SCOPE, has_bar_code=False),))
    (session,) = sessions_in(tmp_path / "data")
    done = convert(session, tmp_path / "results", output_options={"metadata": True})
    output, page = done.output, page_of(done.output)
    assert "Nothing was found that is a reason not to use this recording." in page.text
    assert "No problem was found in this recording." in page.text
    assert "more findings" not in page.text
    notes = sum(f.severity is Severity.INFO and f.code not in LAB_FACTS for f in done.receipt.findings)
    assert f"{notes} notes worth knowing " in page.text
    assert not (done.output / "qc" / "HPC_miniscope1" / "saturation.svg").exists()
    assert "No pixel was saturated, so there is no plot of saturation." in page.text
    assert Glance.from_text((output / "qc" / "glance.json").read_text(encoding="utf-8")).verdict is Verdict.GOOD
    metrics = json.loads((output / "quality_control.json").read_text(encoding="utf-8"))["metrics"]
    assert {metric["status_history"][-1]["status"] for metric in metrics} == {"Pass"}
    (inspector,) = (metric for metric in metrics if metric["name"] == INSPECTOR)
    assert inspector["value"]["remarks"]["critical"] == 3


def test_the_page_holds_all_that_it_shows_and_runs_nothing(sound):
    text = (sound.output / "qc" / "report.html").read_text(encoding="utf-8")
    page = Page(text)
    assert len(text) < 5_000_000
    assert not page.all("script")
    assert not page.all("link")
    assert not [name for name, attributes in page.elements for key in attributes if key.startswith("on")]
    assert not [attributes for _, attributes in page.elements if "style" in attributes]
    sources = [attributes["src"] for _, attributes in page.elements if "src" in attributes]
    assert len(sources) == 4 + 3 + 5 + 1
    assert all(source.startswith(("data:image/png;base64,", "data:video/mp4;base64,")) for source in sources)
    assert not [a["href"] for a in page.all("a") if not a["href"].startswith("#")]


def test_the_policy_of_the_page_admits_its_own_style_alone(sound):
    text = (sound.output / "qc" / "report.html").read_text(encoding="utf-8")
    (policy,) = [meta["content"] for meta in Page(text).all("meta") if meta.get("http-equiv")]
    style = text.partition("<style>")[2].partition("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert "default-src 'none'" in policy
    assert f"style-src 'sha256-{digest}'" in policy
    assert "script" not in policy
    assert "unsafe" not in policy


def test_who_cannot_see_the_pictures_is_told(sound):
    page = page_of(sound.output)
    assert all(image["alt"] for image in page.all("img"))
    drawn = [svg for svg in page.all("svg") if "aria-hidden" not in svg and svg.get("class") != "area"]
    assert all(svg.get("aria-label") for svg in drawn if svg.get("role") == "img")
    assert sum(svg.get("role") == "img" for svg in drawn) == 1 + 7 + 3
    anchors = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(set(anchors)) == len(anchors)
    assert {a["href"][1:] for a in page.all("a")} <= set(anchors)


def test_the_numbers_are_in_the_metadata_too_with_the_pictures_that_show_them(sound):
    metrics = json.loads((sound.output / "quality_control.json").read_text(encoding="utf-8"))["metrics"]
    found = {metric["name"]: metric for metric in metrics}
    assert found["HPC_miniscope1: Motion"]["reference"] == "qc/HPC_miniscope1/motion.svg"
    assert found["HPC_miniscope1: Brightness"]["value"]["dark_frames"] == 0
    references = [metric["reference"] for metric in metrics if metric.get("reference")]
    assert len(references) >= 8
    assert all((sound.output / reference).is_file() for reference in references)


def test_a_glance_is_read_as_it_was_written(sound):
    text = (sound.output / "qc" / "glance.json").read_text(encoding="utf-8")
    glance = Glance.from_text(text)
    assert glance.as_text() == text
    assert [(one.name, one.frames, one.missing) for one in glance.devices] == [
        ("HPC_miniscope1", 25, 0), ("Behavior_camera", 24, 0)
    ]  # fmt: skip
    assert len(glance.devices[0].brightness) == 25
    assert base64.b64decode(glance.devices[0].picture)[:4] == b"\x89PNG"
    for damaged in ("{}", "[]", '{"session": 1, "verdict": "fine", "headline": "", "devices": []}', "["):
        with pytest.raises(ValueError):  # noqa: PT011 - any of them
            Glance.from_text(damaged)


def test_metadata_that_are_added_later_keep_the_report(sound, tmp_path):
    small_recording(tmp_path / "data")
    (session,) = sessions_in(tmp_path / "data")
    first = convert(session, tmp_path / "results")
    before = (first.output / "qc" / "report.html").read_bytes()
    again = convert(session, tmp_path / "results", metadata_only=True, output_options={"metadata": True})
    assert again.word == "written"
    assert (again.output / "qc" / "report.html").read_bytes() == before == (
        sound.output / "qc" / "report.html"
    ).read_bytes()  # fmt: skip


def test_metadata_alone_have_no_report(tmp_path):
    small_recording(tmp_path / "data")
    (session,) = sessions_in(tmp_path / "data")
    done = convert(session, tmp_path / "results", metadata_only=True, output_options={"metadata": True})
    assert not (done.output / "qc").exists()


def damaged_recording(folder):
    truth = small_recording(folder, devices=(SCOPE, replace(SCOPE, name="Other", device_id=4), CAMERA))
    scope = truth.folder / "HPC_miniscope1"
    # the key frames of FFV1 are 12 apart: the last frame of a file
    defects.flip_bit(scope / "0.avi", 9)
    (scope / "1.avi").unlink()
    defects.absurd_first_stamp(truth.folder / "Other")
    return truth


def test_what_is_wrong_is_said_with_what_to_do(tmp_path):
    damaged_recording(tmp_path / "data")
    (session,) = sessions_in(tmp_path / "data")
    output = convert(session, tmp_path / "results").output
    page = page_of(output)
    assert "2 scopes, 1 camera, 0.8 s, 40 frames, 10 missing, 1 damaged, verified" in page.text
    assert "Data is missing, damaged or cannot be trusted." in page.text
    assert page.text.index("frames_damaged") < page.text.index("stamp_outlier")
    assert "For an analysis: Leave them out: a black or torn frame is a false transient in every cell." in page.text
    assert "What to do: Look for it on the acquisition computer or in a backup, and convert again." in page.text
    holes = [rect for rect in page.all("rect") if rect.get("class") == "hole"]
    assert len(holes) == 1
    glance = Glance.from_text((output / "qc" / "glance.json").read_text(encoding="utf-8"))
    assert [one.verdict for one in glance.devices] == [Verdict.BAD, Verdict.LOOK, Verdict.GOOD]
    # the stamp that cannot be right does not stretch the plots
    assert "259" not in page.text.partition("Time line")[2].partition("Preview")[0]


@pytest.mark.parametrize(("number", "left", "lost"), [(0, 15, 10), (2, 20, 5)], ids=["the first", "the last"])
def test_the_frames_of_a_lost_file_are_missing_wherever_it_was(tmp_path, number, left, lost):
    truth = small_recording(tmp_path / "data", devices=(SCOPE,))
    (truth.folder / "HPC_miniscope1" / f"{number}.avi").unlink()
    (session,) = sessions_in(tmp_path / "data")
    done = convert(session, tmp_path / "results", output_options={"metadata": True})
    text = page_of(done.output).text
    assert f"{left} frames, {lost} missing, verified" in text
    row = text.partition("At a glance")[2].partition("Brightness is")[0]
    assert f"■ bad {left} " in row
    assert f"■ bad {lost} ● good 0 " in row
    metrics = json.loads((done.output / "quality_control.json").read_text(encoding="utf-8"))["metrics"]
    (gaps,) = (metric for metric in metrics if metric["name"] == "HPC_miniscope1: Gaps")
    assert gaps["value"] == {"gaps": 0, "missing_frames": lost, "longest_s": 0.0}
    assert gaps["status_history"][-1]["status"] == "Pending"
    glance = Glance.from_text((done.output / "qc" / "glance.json").read_text(encoding="utf-8"))
    row = RunRow(session.name, "written", "", left, 1.0, 1, done.receipt.findings, glance=glance)
    of_run = Page(run_page("run", "", [row], ())).text
    assert f"{lost} missing" in of_run
    assert "all frames" not in of_run


def test_a_damaged_frame_is_in_no_picture(tmp_path, monkeypatch):
    damaged_recording(tmp_path / "data")
    (session,) = sessions_in(tmp_path / "data")
    looks = []
    monkeypatch.setattr(session_pictures, "see", lambda look, see=session_pictures.see: looks.append(look) or see(look))
    convert(session, tmp_path / "results")
    first, other = looks
    assert sorted(first.sums.tiny) == [*range(9), *range(10, 15)]
    assert sorted(other.sums.tiny) == list(range(25))
    assert np.all(first.levels[:, 0] > 0)


def test_names_and_notes_of_others_stay_text(tmp_path):
    small_recording(
        tmp_path / "data",
        notes=((100, HOSTILE),),
        property_changes=((200, "HPC miniscope1", "led0", HOSTILE),),
        animal="m\u202e1",
        researcher="<b>Dr</b>",
        devices=(replace(SCOPE, settings={"gain": HOSTILE}), CAMERA),
    )
    (session,) = sessions_in(tmp_path / "data")
    output = convert(session, tmp_path / "results").output
    text = (output / "qc" / "report.html").read_text(encoding="utf-8")
    page = Page(text)
    assert not page.all("script")
    assert all(image["src"].startswith("data:") for image in page.all("img"))
    # the time line twice (its list, and what is said when pointed at), the gain above the pictures and in the settings
    assert page.text.count(HOSTILE) == 6
    assert "\u202e" not in text


def test_a_clock_that_was_set_back_is_seen_on_the_time_line_and_at_a_glance(tmp_path):
    truth = small_recording(tmp_path / "data")
    defects.step_clock(truth.folder / "HPC_miniscope1", 12, -200)
    (session,) = sessions_in(tmp_path / "data")
    facts = Sidecar.model_validate({"session": {"keywords": ["CA1"]}})
    page = page_of(convert(session, tmp_path / "results", sidecar=facts).output)
    (twice,) = [rect for rect in page.all("rect") if rect.get("class") == "twice"]
    # it stands over what was stamped twice, about a fifth of the line
    assert 10 < float(twice["width"].rstrip("%")) < 40
    assert "HPC_miniscope1: the clock was set back by" in page.text
    lengths = page.text.partition("HPC_miniscope1 ● good")[2].partition("Behavior_camera")[0]
    assert "▲ look at it 0.6 s" in lengths
    assert re.search(r"session_metadata \(sha256 of what it says\) [0-9a-f]{64}", page.text)


def test_several_recordings_of_one_animal_are_one_page(tmp_path):
    for hour in (9, 11):
        small_recording(tmp_path / "data", start=SMALL.start.replace(hour=hour))
    (session,) = sessions_in(tmp_path / "data", combine="day")
    output = convert(session, tmp_path / "results").output
    page = page_of(output)
    assert "2 recordings, 1 scope, 1 camera, 1.6 s, 50 frames" in page.text
    names = files_of(output)
    assert {"HPC_miniscope1/1/maximum.png", "HPC_miniscope1/2/maximum.png", "Behavior_camera/2/intervals.svg"} <= set(
        names
    )
    assert len([section for section in page.all("section") if section["id"].startswith("device-")]) == 4


@pytest.mark.parametrize(
    "devices", [(CAMERA,), (SCOPE, replace(CAMERA, n_frames=0)), (replace(SCOPE, n_frames=1),)],
    ids=["a camera alone", "a camera without frames", "one frame"],
)  # fmt: skip
def test_a_recording_of_little_has_a_page_too(tmp_path, devices):
    small_recording(tmp_path / "data", devices=devices, property_changes=(), notes=())
    (session,) = sessions_in(tmp_path / "data")
    page = page_of(convert(session, tmp_path / "results").output)
    assert "verified" in page.text
    assert "No notes were typed and no settings were changed during the recording." in page.text


def test_an_hdf5_file_has_the_same_pictures(sound, tmp_path):
    small_recording(tmp_path / "data")
    (session,) = sessions_in(tmp_path / "data")
    output = convert(session, tmp_path / "results", in_process=False, backend="hdf5").output
    for name in ("HPC_miniscope1/correlation.png", "HPC_miniscope1/motion.svg", "preview.mp4"):
        assert (output / "qc" / name).read_bytes() == (sound.output / "qc" / name).read_bytes()
    assert f"{output.name}.nwb " in page_of(output).text


def test_frames_of_a_camera_that_are_in_the_store_are_shown_too(sound, tmp_path):
    small_recording(tmp_path / "data")
    (session,) = sessions_in(tmp_path / "data")
    output = convert(session, tmp_path / "results", embed_cameras=True).output
    assert [name for name in files_of(output) if "Behavior" in name] == [
        name for name in files_of(sound.output) if "Behavior" in name
    ]


def test_where_the_encoder_is_missing_there_is_no_preview(tmp_path, monkeypatch):
    monkeypatch.setattr(preview_movie, "CODEC", "libnothing")
    small_recording(tmp_path / "data")
    (session,) = sessions_in(tmp_path / "data")
    output = convert(session, tmp_path / "results").output
    assert "preview.mp4" not in files_of(output)
    assert not page_of(output).all("video")


def test_a_movie_that_is_too_large_for_the_page_lies_beside_it(tmp_path, monkeypatch):
    from miniscope_to_nwb_zarr.run import session_report

    monkeypatch.setattr(session_report, "_MOST_MOVIE_BYTES", 100)
    small_recording(tmp_path / "data")
    (session,) = sessions_in(tmp_path / "data")
    page = page_of(convert(session, tmp_path / "results").output)
    assert not page.all("video")
    assert "preview.mp4" in [a["href"] for a in page.all("a")]
