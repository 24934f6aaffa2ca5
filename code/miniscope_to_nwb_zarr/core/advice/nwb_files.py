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
        "Fetch the session again; put the tables of the data set into the data folder.",
    ),
    Code.PART_LEFT_OUT: Advice(
        "error",
        "A file of the session holds something that has no place in the output.",
        "It is in the source file only.",
        "Look at it in the source file that is named.",
    ),
    Code.PARTS_DISAGREE: Advice(
        "info, warning, error",
        "Files or tables of one session contradict each other. The sentence says which value was kept.",
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
        "Images that were shown to the animal do not agree with their names or with each other, or a table names an "
        "image that is not there. They stay as they are.",
        "Do not rely on the image that a presentation names.",
        "Look at the stimulus template that is named.",
    ),
    Code.INDEX_INVALID: Advice(
        "error",
        "The index of a ragged column (a table column with lists of different lengths) holds negative numbers. It "
        "stays as it is.",
        "Do not use that column.",
        "Ask whoever made the file.",
    ),
    Code.NWB_SCHEMA: Advice(
        "info, warning",
        "The source does not follow today's NWB schema (a part is missing, a value is of another type), or the "
        "libraries that read it gave a warning. It is converted as it is: nothing is made up.",
        "No effect on programs that could read the source.",
        "Complete the file with its author before it is published.",
    ),
    Code.NWB_CHANGED: Advice(
        "info, warning",
        "Something differs between the source and the output: a change on purpose (the sentence names the option that "
        "turns it off), a linked part of another file that is now inside, or a path that was made relative. As "
        "warning: a difference that no change explains.",
        "Code that relies on the former content has to be adapted; the change log in the NWB file says what changed.",
        "As warning: compare the two (`scripts/compare_nwb.py`).",
    ),
}
