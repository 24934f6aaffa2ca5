"""Sizes, durations and numbers for people."""

from __future__ import annotations


def size_text(n_bytes: float) -> str:
    """A size for people, in decimal units as disks are sold.

    Examples
    --------
    >>> size_text(7_100_000_000)
    '7.1 GB'
    >>> size_text(999)
    '999 B'
    """
    size = float(n_bytes)
    for unit in ("B", "kB", "MB", "GB"):
        if abs(size) < 999.5:
            return f"{size:.0f} {unit}" if unit == "B" or abs(size) >= 99.95 else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"


def duration_text(seconds: float) -> str:
    """A duration for people.

    Examples
    --------
    >>> duration_text(3725)
    '1 h 02 min'
    >>> duration_text(65)
    '1 min 05 s'
    """
    whole = max(0, round(seconds))
    if whole >= 3600:
        return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
    return f"{whole // 60} min {whole % 60:02d} s" if whole >= 60 else f"{whole} s"


def counted(number: int, one: str, many: str = "") -> str:
    """A number of things.

    Examples
    --------
    >>> counted(1, "frame"), counted(53_614, "frame"), counted(2, "is", "are")
    ('1 frame', '53,614 frames', '2 are')
    """
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def every(step: int) -> str:
    """Which of things in a row.

    Examples
    --------
    >>> every(1), every(2), every(20), every(33)
    ('every', 'every 2nd', 'every 20th', 'every 33rd')
    """
    if step == 1:
        return "every"
    ending = "th" if step % 100 in {11, 12, 13} else {1: "st", 2: "nd", 3: "rd"}.get(step % 10, "th")
    return f"every {step}{ending}"
