"""Findings on time."""

from __future__ import annotations

from miniscope_to_nwb_zarr.core.advice.entry import Advice
from miniscope_to_nwb_zarr.core.findings import Code

STAMPS = {
    Code.START_UNCERTAIN: Advice(
        "warning, error",
        "The start of the recording contradicts itself, comes from the names of folders, has no certain time zone, or "
        "lies before the year 2000, because the clock of the acquisition computer was wrong.",
        "Times within the recording are right. The time of day, and the time between this and other recordings, may "
        "be wrong.",
        "Give `--start_time` or `--timezone`.",
    ),
    Code.STAMP_NEGATIVE: Advice(
        "info",
        "The first frames were taken before the recording began. Their negative stamps are kept.",
        "No effect, as long as you use the stamps.",
        "Nothing.",
    ),
    Code.STAMP_OUTLIER: Advice(
        "warning",
        "The first stamp cannot be right. It is kept.",
        "Leave frame 0 out of everything that depends on time.",
        "Nothing.",
    ),
    Code.STAMP_BACKWARDS: Advice(
        "warning",
        "Stamps that are earlier than the stamp before: a clock was set back. They are kept.",
        "Do not assume that the stamps are sorted: interpolation and searching give wrong results.",
        "Analyse the parts before and after the step separately; turn off automatic time setting while recording.",
    ),
    Code.STAMP_REPEATED: Advice(
        "info",
        "Stamps that equal the stamp before.",
        "The interval is 0 there, so do not divide by it; the order of frames is right.",
        "Nothing.",
    ),
    Code.STAMP_MENDED: Advice(
        "warning",
        "The first stamp of a camera of the V3 software is unreliable and was replaced: by 0, or by one interval "
        "before the second stamp. The series of the column `sysClock (ms)` keeps the original one.",
        "The stamp of frame 0 is an estimate.",
        "Nothing.",
    ),
    Code.GAP: Advice(
        "warning",
        "Intervals longer than 1.5 times the usual one. Each is a row of the table `gaps`.",
        "Frames are missing there: use the stamps, and do not join traces across a gap.",
        "Find out why: the queue (`queue_full`), the cable (`frames_dropped`), or a lost file.",
    ),
    Code.RATE_DIFFERS: Advice(
        "info, error",
        "The measured frame rate is not the one in the settings. The measured one is written. As error: it is so far "
        "off that the stamps are probably in another unit, as after the table was edited.",
        "Use the stamps, never the rate in the settings. As error: do not use the times.",
        "As error: put the original table back.",
    ),
    Code.RATE_CHANGED: Advice(
        "warning",
        "The frame rate changes during the recording, as after a scope was disconnected.",
        "Use the stamps: one rate for the whole recording is wrong for a part of it. Filters and deconvolution that "
        "take a rate must be applied to each part separately.",
        "Check cable and commutator.",
    ),
    Code.STAMPS_OSCILLATE: Advice(
        "info",
        "Short and long intervals alternate: frames reached the computer in batches.",
        "A single stamp may be off by one interval; the mean over a few frames is right.",
        "Nothing.",
    ),
    Code.QUEUE_FULL: Advice(
        "warning",
        "The queue of frames waiting for the disk filled up, or nearly so. Frames that find it full are lost.",
        "Where frames are lost, the stamps have a gap; without a gap there is nothing to mind.",
        "Use a faster disk or codec.",
    ),
    Code.FRAMES_DROPPED: Advice(
        "warning",
        "The hardware counter shows frames that never reached the computer.",
        "They are gaps in the stamps: use the stamps, not frame numbers times a rate.",
        "Check cable and commutator.",
    ),
    Code.COUNTER_UNRELIABLE: Advice(
        "info",
        "The hardware counter gives too many impossible readings to count dropped frames.",
        "Rely on the gaps.",
        "Nothing.",
    ),
    Code.CLOCK_DRIFT: Advice(
        "warning",
        "The clock of the computer was changed during the recording, or does not run as fast as the clock of the "
        "hardware.",
        "Stamps are not affected; times of day after the change are.",
        "Turn off automatic time setting while recording.",
    ),
}
