from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from miniscope_to_nwb_zarr.analysis.kept_steps import KeptSteps, clear, scratch_folder
from miniscope_to_nwb_zarr.analysis.step_values import motion_of, motion_values, units_of, units_values
from tests.analysis.analyses import analysis


def clock():
    times = (datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=k) for k in range(1000))
    return lambda: next(times)


def steps(folder, **depends):
    return KeptSteps(folder, depends, clock())


def counting(log, name="x"):
    def compute(folder):
        log.append(name)
        (folder / "large").write_text(name)
        return {"values": np.arange(3)}, {"name": name}

    return compute


def test_a_step_that_is_done_is_not_done_again(tmp_path):
    log = []
    first = steps(tmp_path, movie="a").step("motion", {"p": 1}, counting(log))
    again = steps(tmp_path, movie="a").step("motion", {"p": 1}, counting(log))
    assert log == ["x"]
    assert (first.is_taken_over, again.is_taken_over) == (False, True)
    assert np.array_equal(again.arrays["values"], [0, 1, 2])
    assert again.facts == {"name": "x"}
    assert (again.started, again.ended) == (first.started, first.ended)
    assert (again.folder / "large").read_text() == "x"


@pytest.mark.parametrize(
    ("depends", "own"),
    [({"movie": "b"}, {"p": 1}), ({"movie": "a"}, {"p": 2}), ({"movie": "a", "engine": 1}, {"p": 1})],
)
def test_what_depends_on_something_else_is_another_step(tmp_path, depends, own):
    log = []
    steps(tmp_path, movie="a").step("motion", {"p": 1}, counting(log))
    steps(tmp_path, **depends).step("motion", own, counting(log))
    assert len(log) == 2


def test_a_step_depends_on_all_before_it(tmp_path):
    log = []
    for before in (1, 2):
        some = steps(tmp_path)
        some.step("motion", {"p": before}, counting(log))
        some.step("cells", {}, counting(log, "cells"))
    assert log == ["x", "cells", "x", "cells"]
    assert [step.name for step in some.done] == ["motion", "cells"]


def test_a_step_that_was_cut_short_is_done_anew(tmp_path):
    def fails(folder):
        (folder / "half").write_text("")
        raise KeyboardInterrupt

    log = []
    with pytest.raises(KeyboardInterrupt), scratch_folder(tmp_path, "m1") as folder:
        steps(folder).step("motion", {}, fails)
    assert list(folder.glob(".motion-*"))
    with scratch_folder(tmp_path, "m1") as folder:
        assert not list(folder.glob(".motion-*"))
        steps(folder).step("motion", {}, counting(log))
    assert log == ["x"]
    clear(folder)
    assert not folder.exists()


def test_two_runs_at_once_have_folders_of_their_own(tmp_path):
    with scratch_folder(tmp_path, "m1") as first:
        with scratch_folder(tmp_path, "m1") as second:
            steps(second).step("motion", {}, counting([]))
        assert first != second
        assert not second.exists()
        assert first.exists()


def test_motion_and_units_come_back_as_they_were(tmp_path):
    one = analysis(tmp_path)
    motion = motion_of(motion_values(one.motion))
    assert np.array_equal(motion.shift_px, one.motion.shift_px)
    assert motion.local_px is None
    assert motion.patch_px is None
    assert motion.reach_px == 20
    edges = np.array([2, 10, 18]), np.array([2, 12, 22])
    bent = replace(one.motion, local_px=np.ones((len(motion.shift_px), 2, 2, 2), np.float32), patch_edges_px=edges)
    back = motion_of(motion_values(bent))
    assert back.is_bent
    assert np.array_equal(back.local_px, bent.local_px)
    assert back.patch_px == 9
    units = units_of(*units_values(one.cells.units))
    assert np.array_equal(units.footprints.toarray(), one.cells.units.footprints.toarray())
    assert np.array_equal(units.deconvolved, one.cells.units.deconvolved)
    assert units.images.keys() == one.cells.units.images.keys()
    assert units.parameters == {"radius_px": 3.5}
