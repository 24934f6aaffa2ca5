"""Findings on NWB files that are converted."""

from __future__ import annotations

from miniscope_to_nwb_zarr.core.advice.entry import Advice
from miniscope_to_nwb_zarr.core.findings import Code

ONE_SESSION = {
    Code.PART_MISSING: Advice(
        "warning",
        "A file, table or row that such a session should have is not there (LFP of a probe, the metrics of a unit, a "
        "table of the data set).",
        "What it would hold is not in the output.",
        "Fetch the session again; give the data set's tables in the data folder.",
    ),
    Code.PART_LEFT_OUT: Advice(
        "error",
        "A file of the session holds something that has no place in the output.",
        "It is in the source file only.",
        "Look at it in the source file; it is named.",
    ),
    Code.PARTS_DISAGREE: Advice(
        "info, warning, error",
        "Files or tables of one session say different things of the same thing. What was kept is said.",
        "One of the two is wrong; which one cannot be told from them.",
        "Check which one is right.",
    ),
    Code.EPOCHS_UNCERTAIN: Advice(
        "warning",
        "The blocks of stimuli do not follow from the times at which stimuli were shown, or are not those that the "
        "file lists.",
        "Take the times of single presentations, not those of blocks.",
        "Look at the times of the presentations.",
    ),
}

OTHERS = {
    Code.TEMPLATE_UNUSABLE: Advice(
        "warning",
        "Images shown to an animal contradict their names or each other, or a table names an image that is not there. "
        "They stay as they are.",
        "Do not take the image that a presentation names for what was shown.",
        "Look at the template that is named.",
    ),
    Code.INDEX_INVALID: Advice(
        "error",
        "The index of a ragged column holds negative numbers. It stays as it is.",
        "Do not use that column.",
        "Ask whoever made the file.",
    ),
    Code.NWB_SCHEMA: Advice(
        "info, warning",
        "The source does not follow today's NWB schema (a part is missing, a value is of another type), or the "
        "libraries have something to say about how they read it. It is converted as it is: nothing is made up.",
        "None, for programs that could read the source.",
        "Complete the file with its author before it is published.",
    ),
    Code.NWB_CHANGED: Advice(
        "info, warning",
        "Something is not in the output as it was in the source: what was changed on purpose, with the option that "
        "turns it off; a part of another file that was linked to and is now inside; a path that was made relative. As "
        "warning: a difference that no change accounts for.",
        "Code that counts on the former content has to be adapted; the change log in the file tells how.",
        "With a warning: compare the two (`scripts/compare_nwb.py`).",
    ),
}
