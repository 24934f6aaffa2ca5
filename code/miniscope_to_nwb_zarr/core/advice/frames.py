"""Findings on frames and on the rows that belong to them."""

from __future__ import annotations

from miniscope_to_nwb_zarr.core.advice.entry import Advice
from miniscope_to_nwb_zarr.core.findings import Code

FRAMES = {
    Code.FRAMES_MISSING: Advice(
        "error",
        "A video holds fewer frames than the time table lists for it. All other frames keep their own stamps, except "
        "in a video that was closed normally: which of its frames are lost is then not known, and the last ones are "
        "taken to be lost. Where others follow, the missing frames are a row of the table `gaps`.",
        "Use the stamps, not frame numbers times a rate: after the missing frames such times are wrong by as many "
        "frames.",
        "Look for the complete file in a backup.",
    ),
    Code.FRAMES_WITHOUT_STAMP: Advice(
        "error",
        "Frames without a readable row in the time table are left out: when they were taken is not known.",
        "They are missing from the series; no other frame is affected.",
        "If you know their times, complete the table in a copy of the recording.",
    ),
    Code.FRAMES_DAMAGED: Advice(
        "error",
        "The decoder reported errors in frames (a checksum of FFV1, for example). They are stored as the decoder gave "
        "them, or black, and marked in `invalid_times`.",
        "Leave them out: a black or torn frame is a false transient in every cell.",
        "Copy the file again from the acquisition computer; check the disk.",
    ),
    Code.FRAMES_TORN: Advice(
        "warning",
        "Frames that consist of lines of two pictures: lines were lost between the scope and the computer, as the "
        "clocks of the lines show (ONIX). They are kept.",
        "Leave them out: a part of such a frame was taken at another moment.",
        "Check cable and commutator.",
    ),
    Code.NO_CHECKSUM: Advice(
        "info",
        "The video carries no checksum in its frames (raw, MJPG, XVID, and FFV1 as some older versions write it), so "
        "damage to its data cannot always be noticed.",
        "No effect is known.",
        "Keep the original until you have looked at the pictures; record with FFV1.",
    ),
    Code.FRAMES_PER_FILE: Advice(
        "info, warning",
        "The number of frames in each video file is not the one in the settings. As warning: neither settings nor "
        "files tell this number, and one was assumed.",
        "As warning: stamps beyond the first file rest on the assumption.",
        "As warning: check stamps beyond the first file.",
    ),
    Code.NO_FRAMES: Advice(
        "warning",
        "A device has no frame.",
        "The NWB file has no series for it.",
        "Nothing, if it was not in use.",
    ),
    Code.ROW_UNREADABLE: Advice(
        "warning, error",
        "Lines of a table cannot be read. In a time table the frame of such a row is left out and the others keep "
        "their places. Or the clock values of frames are shifted, because values were lost, or damaged (ONIX): these "
        "frames are left out.",
        "The frames of these rows are missing from the series; no other frame is affected.",
        "Look at the lines that are named.",
    ),
    Code.ROW_TORN: Advice(
        "info, warning", "The last line was cut while it was written.", "The last frame may be missing.", "Nothing."
    ),
    Code.ROWS_RENUMBERED: Advice(
        "warning, error",
        'The column of frame numbers has missing numbers or does not count upwards. As error with "rows are not where '
        'their number says": the table was sorted, and its stamps belong to other frames.',
        "As error: do not use the times, they belong to other frames.",
        "Look at the table: lines may have been removed or sorted. Put the original back.",
    ),
    Code.CAMERA_UNCERTAIN: Advice(
        "warning",
        "The rows of a table that several cameras share (V3) were matched with the videos by the nearest number of "
        "frames, because no number agrees exactly, as after a crash.",
        "If the match is wrong, scope and camera have each other's times.",
        "Check which number the scope has in other recordings of the same rig (`camNum` in the settings of `msCam`).",
    ),
    Code.TABLE_FORMAT: Advice(
        "warning, error",
        "A table has an unknown header, columns without numbers, or another text encoding. As error: the table is "
        "left out.",
        "As error: what the table would say is not in the output.",
        "Compare its first line with the expected one that the sentence names.",
    ),
    Code.BUFFERS_CORRUPTED: Advice(
        "warning",
        "Wireless: buffers (parts of a frame sent by radio) whose counters or stamp do not fit those of the buffers "
        "before and after, as after radio errors. They are kept as received; no frame takes its stamp from such a "
        "buffer.",
        "Parts of single frames may be wrong.",
        "Nothing; if there are many, check antenna and distance.",
    ),
    Code.BUFFERS_DROPPED: Advice(
        "warning",
        "Wireless: buffers that the device counted and the computer did not get, or that the device dropped itself. "
        "How many at each frame is stored in separate series.",
        "Frames are missing, or black in part.",
        "See `picture_padded`; check antenna and distance.",
    ),
    Code.PICTURE_PADDED: Advice(
        "warning",
        "Wireless: frames that are black in part, because some of their buffers came incomplete or not at all.",
        "Leave them out, by the series `BuffersReceived` and `BlackPaddingPx`: black parts are false transients.",
        "Check antenna and distance.",
    ),
    Code.RECORDING_UNFINISHED: Advice(
        "warning",
        "The log of the recording has no end: the program or the computer stopped before the recording was stopped.",
        "The last frames may never have been written.",
        "Look at the last frames.",
    ),
}
