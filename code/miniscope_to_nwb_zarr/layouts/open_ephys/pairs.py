"""Which video belongs to which table of frames, by the names of the files.

The GUI of Open Ephys gives all files of a recording one name. In workflows of Bonsai each writer finds a suffix of its
own: a count, or the second in which it opened its file, and the two of a recording may open theirs in two successive
seconds (reference formats 3.2). What could be paired in more than one way is not paired.
"""

from __future__ import annotations

import re
from collections import defaultdict
from datetime import datetime, timedelta
from itertools import takewhile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    Suffix = datetime | int | None

_SECOND = re.compile(r"(.*?)([12][0-9]{3}-[0-9]{2}-[0-9]{2}T[0-9]{2}_[0-9]{2}_[0-9]{2})", re.DOTALL)
_COUNT = re.compile(r"(.*?)([0-9]{1,9})", re.DOTALL)
_SEPARATORS = "-_. "
_ONE_SECOND = timedelta(seconds=1)


def suffix_of(path: Path) -> tuple[str, Suffix]:
    """Base name and suffix of a file: the second in which it was opened, a count, or none."""
    if match := _SECOND.fullmatch(path.stem):
        try:
            return match[1], datetime.strptime(match[2], "%Y-%m-%dT%H_%M_%S")  # noqa: DTZ007 - a wall clock
        except ValueError:
            return path.stem, None
    match = _COUNT.fullmatch(path.stem)
    return (match[1], int(match[2])) if match else (path.stem, None)


def pair(tables: Sequence[Path], videos: Sequence[Path]) -> tuple[dict[Path, Path], tuple[tuple[Path, ...], ...]]:
    """The video of each table, and groups of tables and videos that could be paired in more than one way.

    Files of one name belong together. Of the others, those whose names begin alike and end with the same count, or with
    seconds that are at most one apart.
    """
    pairs: dict[Path, Path] = {}
    ambiguous: list[tuple[Path, ...]] = []
    by_stem: defaultdict[str, tuple[list[Path], list[Path]]] = defaultdict(lambda: ([], []))
    for kind, paths in enumerate((tables, videos)):
        for path in paths:
            by_stem[path.stem][kind].append(path)
    for own, its_videos in by_stem.values():
        if len(own) == len(its_videos) == 1:
            pairs[own[0]] = its_videos[0]
        elif own and its_videos:
            ambiguous.append((*own, *its_videos))
    done = {*pairs, *pairs.values(), *(path for group in ambiguous for path in group)}
    for own, its_videos in _groups(*([path for path in paths if path not in done] for paths in (tables, videos))):
        same_second = {a: b for a in own for b in its_videos if suffix_of(a)[1] == suffix_of(b)[1]}
        if len(own) == len(its_videos) == 1:
            pairs[own[0]] = its_videos[0]
        elif len(same_second) == len(set(same_second.values())) == len(own) == len(its_videos):
            pairs |= same_second
        else:
            ambiguous.append((*own, *its_videos))
    return pairs, tuple(ambiguous)


def _groups(tables: Sequence[Path], videos: Sequence[Path]) -> list[tuple[list[Path], list[Path]]]:
    """Tables and videos that could belong together.

    Of several that a file could go with, only those remain whose names share the longest beginning with its own.
    """
    by_suffix: defaultdict[Suffix, list[tuple[str, Path]]] = defaultdict(list)
    for video in videos:
        base, suffix = suffix_of(video)
        by_suffix[suffix].append((base, video))
    shared: dict[tuple[Path, Path], int] = {}
    best: defaultdict[Path, int] = defaultdict(int)
    for table in tables:
        base, suffix = suffix_of(table)
        for video_base, video in (entry for near in _near(suffix) for entry in by_suffix[near]):
            if length := _shared_beginning(base, video_base):
                shared[table, video] = length
                best[table], best[video] = max(best[table], length), max(best[video], length)
    return _connected(pair for pair, length in shared.items() if length == best[pair[0]] == best[pair[1]])


def _near(suffix: Suffix) -> tuple[Suffix, ...]:
    """The suffixes that another file of the same recording may have."""
    return (suffix - _ONE_SECOND, suffix, suffix + _ONE_SECOND) if isinstance(suffix, datetime) else (suffix,)


def _connected(pairs: Iterable[tuple[Path, Path]]) -> list[tuple[list[Path], list[Path]]]:
    """Tables and videos, together where a chain of pairs leads from one to the other."""
    group_of: dict[Path, tuple[list[Path], list[Path]]] = {}
    for table, video in pairs:
        one, other = group_of.get(table, ([table], [])), group_of.get(video, ([], [video]))
        merged = one if one is other else (one[0] + other[0], one[1] + other[1])
        group_of |= dict.fromkeys(merged[0] + merged[1], merged)
    return list({id(group): group for group in group_of.values()}.values())


def _shared_beginning(one: str, other: str) -> int:
    """Length of the whole words that two base names begin with, and that end alike in both; 0 where there are none."""
    if one == other:
        return len(one) + 1
    length = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
    is_whole = all(name[length : length + 1] in {"", *_SEPARATORS} for name in (one, other))
    return length if is_whole else max(one.rfind(ch, 0, length) for ch in _SEPARATORS) + 1
