"""Findings on files, folders and settings."""

from __future__ import annotations

from miniscope_to_nwb_zarr.core.advice.entry import Advice
from miniscope_to_nwb_zarr.core.findings import Code

FILES = {
    Code.FILE_MISSING: Advice(
        "warning, error",
        "A file that should be there is not: one of the numbered videos, or a time table. Only its own "
        "frames are lost. As warning: a time table has rows of a camera (not the scope) that has no video.",
        "All other frames keep their own stamps; nothing is shifted. Frames missing between others are a row of the "
        "table `gaps`; those missing at the beginning or the end are in no table: the series begins later or ends "
        "sooner.",
        "Look for it on the acquisition computer or in a backup, and convert again.",
    ),
    Code.FILE_EMPTY: Advice(
        "info, warning, error",
        "A file of 0 bytes: the disk was full, the codec is missing on the acquisition computer, or the recording "
        "ended at once. As info: the last video of the V3 software, which opens the next file as soon as one is full.",
        "Its frames are lost, and are a gap where others follow; all others keep their stamps.",
        "For a video: check disk and codec of the acquisition computer before the next session.",
    ),
    Code.FILE_UNREADABLE: Advice(
        "error",
        "A file or folder cannot be opened; or a file is not the AVI video or text that it should be, is too large, "
        "or none of its pictures can be decoded.",
        "What it holds is not in the output.",
        "Check that you have permission to read it; open it with another program; restore it from a backup.",
    ),
    Code.FILE_TRUNCATED: Advice(
        "info, warning",
        "A video was never closed or is cut off, its header tells another number of frames than it holds, or a table "
        "or a file of clocks is cut off or ends with zero bytes, as after a crash. All complete frames and rows are "
        "used.",
        "Frames after the cut are missing at the end of that file; those before it are complete.",
        "Nothing, if the recording ended with a crash; otherwise copy the file again.",
    ),
    Code.FILES_RENUMBERED: Advice(
        "warning",
        "The numbers of the video files do not begin where the software begins, and their frames are exactly those of "
        "the time table: somebody renamed them. They are taken in their order.",
        "No effect: every frame has its own stamp.",
        "Nothing; rename them back if other programs are to read them.",
    ),
    Code.FILE_STALE: Advice(
        "warning",
        "Videos beyond the end of the time table: the folder was used before, or the end of the table is lost. They "
        "are left out.",
        "The frames that are there belong to the table that is there. The start may be that of the earlier recording.",
        "Check the start time; give `--start_time` if it is wrong.",
    ),
    Code.FILE_IGNORED: Advice(
        "info, warning, error",
        "Files that are not part of a recording (results of other programs, hidden copies) are left out. As error: a "
        "recording of other software, which is not converted.",
        "They are not in the output.",
        "Check whether something that you need is among them.",
    ),
    Code.FOLDER_INCOMPLETE: Advice(
        "warning, error",
        "A folder looks like a recording or a device, but something is missing; the sentence says what.",
        "What lies in it is not in the output.",
        "Add what is missing, give the folder above, or name the files with `--video_files`.",
    ),
    Code.LINK_REFUSED: Advice(
        "info, warning",
        "A symbolic link leads outside the data folder, to nothing, or to a folder that was found already. It is not "
        "followed.",
        "What it leads to is not in the output, or is there only once.",
        "Give the folder that the link leads to as `--data_dir`.",
    ),
}

SETTINGS = {
    Code.SETTINGS_MISSING: Advice(
        "warning",
        "There is no `metaData.json` of the recording or of a device, or it does not tell a scope from a camera; or "
        "there is no `settings_and_notes.dat` (V3) or no `.yml` (Open Ephys' GUI). What it would say is not known.",
        "Frames and stamps are not affected. Gain, LED and the like are unknown.",
        "Put the file back; give `--subject_id`, `--timezone`, `--start_time` where a message asks for them.",
    ),
    Code.SETTINGS_UNREADABLE: Advice(
        "error",
        "A settings file is not valid JSON or YAML, or does not hold settings. Its text is kept in the NWB file.",
        "Frames and stamps are not affected. The settings in it are unknown.",
        "Correct the file in a copy of the recording.",
    ),
    Code.SETTINGS_VALUE: Advice(
        "info, warning",
        "A value in a settings file is not valid (text instead of a number, a key given twice) and was not used.",
        "That setting is unknown; its text is in the NWB file.",
        "Compare with the settings in the acquisition software.",
    ),
    Code.NAME_DISAGREES: Advice(
        "info, warning",
        "`deviceName` in a device's settings is not the name of its folder. The folder's name is used. Or the "
        "settings of the recording do not list the device of a folder. Or files of one recording have names that do "
        "not match and were matched by their contents (ONIX), or because the names begin alike and end with the same "
        "number or second (Bonsai).",
        "The settings may belong to another device than the frames.",
        "Check that the files belong together.",
    ),
    Code.NAME_SHARED: Advice(
        "warning",
        "Two devices in the settings write into the same folder, so only what was written last is left; or two "
        "recordings of one animal began in the same second, and the output of the second one has a number after its "
        "name.",
        "One device may be missing, or one recording may be there twice.",
        "Check whether one recording is a copy of the other; give each device its own name.",
    ),
    Code.PICTURE_UNEXPECTED: Advice(
        "warning, error",
        "Pictures do not have the size that the settings or the type of the device tell. As error: the pictures of "
        "one file have another size than those of the other files, and are left out.",
        "As error: the frames of that file are missing; between others they are a gap.",
        "Look at the video: another camera may have recorded into the folder.",
    ),
    Code.SETTINGS_MOVED: Advice(
        "info",
        "The folder of the recording has another name than when it was made.",
        "None.",
        "Nothing, unless the settings were copied from another recording.",
    ),
}
