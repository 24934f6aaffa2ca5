"""Findings on what goes with the frames, on the animal, and on the output."""

from __future__ import annotations

from miniscope_to_nwb_zarr.core.advice.entry import Advice
from miniscope_to_nwb_zarr.core.findings import Code

COMPANIONS = {
    Code.ORIENTATION_INVALID: Advice(
        "warning",
        "Quaternions that are not of unit length, as after failed readings, or exactly the identity, as before the "
        "first reading (ONIX). They are kept as written.",
        "Leave those rows out: they do not tell an orientation.",
        "If there are many, check the scope's orientation sensor.",
    ),
    Code.ORIENTATION_INCOMPLETE: Advice(
        "info, warning",
        "Head orientation was not read at the same moments as the frames, or there is no table of it, or no row that "
        "can be read.",
        "Join orientation and frames by their stamps, not by row numbers.",
        "Nothing.",
    ),
    Code.POSE_TIME_ESTIMATED: Advice(
        "info",
        "The file of the live pose counts frames from the moment when the camera began to stream; its times are "
        "estimates.",
        "Times of the pose may be wrong by some frames.",
        "Track the pose again from the video, if single frames matter.",
    ),
    Code.CAMERA_UNTIMED: Advice(
        "error",
        "A behaviour camera without a usable time table: its videos are kept, without times.",
        "Behaviour cannot be aligned with the scope.",
        "Put the time table back.",
    ),
    Code.LOG_ERRORS: Advice(
        "warning",
        "The acquisition software wrote errors into its log during the recording. They are among the notes.",
        "Frames and stamps of that time may be affected.",
        "Read them; look at the frames and stamps of that time.",
    ),
}

ANIMAL = {
    Code.SUBJECT_UNNAMED: Advice(
        "warning",
        "The animal has no name, or none with a letter or digit.",
        "Sessions of this animal cannot be told from those of other animals.",
        "Give `--subject_id`.",
    ),
    Code.SUBJECT_RENAMED: Advice(
        "info, warning",
        "Outputs call the animal by another name than the recording: because an option says so, or because its name "
        "has characters that names of outputs may not have.",
        "Use the new name to find the animal in the outputs.",
        "As warning: check which animal is which.",
    ),
    Code.FACT_MISSING: Advice(
        "warning",
        "An AIND metadata file is left out, because a fact is not known or the AIND schema has no entry for it; the "
        "sentence names the line that supplies it.",
        "None.",
        "Add the line to the file given by `--session_metadata`, or fill in the animal's row in `--subjects`; for a "
        "data set of the Allen Institute give the table or record that is named; run again with `--metadata True`.",
    ),
    Code.FACT_UNKNOWN: Advice(
        "info, warning",
        'A metadata file says "unknown" or "other", or says a part in words or not at all, because a fact is not '
        "known or the AIND schema has no entry for it.",
        "None.",
        "If it is known, add the line that is named. As warning: a record of the animal does not follow the schema "
        "and was not used: correct it.",
    ),
}

OUTPUT = {
    Code.INSPECTOR: Advice(
        "info, warning",
        "The NWB inspector has remarks; they are listed in `qc/`. As warning: critical ones, which an existing NWB "
        "file had before it was converted.",
        "None.",
        "Read them before you publish the file.",
    ),
}
