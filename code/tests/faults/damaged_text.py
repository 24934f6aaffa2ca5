"""Ways in which the text of a table gets damaged: known ones by name, and any number of others by a seed."""

import codecs
import random
from collections.abc import Callable

# what stands in a field in place of a number, or between two
TOKENS = (
    *(b"", b" ", b"NaN", b"nan", b"inf", b"-inf", b"Infinity", b"1e999", b"-1e999", b"1e-999", b"None", b"NULL", b"-"),
    *(b"0x1F", b"1_000", b"1,5", b"1.5", b"1 5", b"+33", b"033", b"33.", b".5", b"3e1", b"1/0", b"True", b'"33"'),
    *("\u0663\u0663".encode(), "\uff13\uff13".encode(), "33\u00a0".encode(), "\u221233".encode(), b"\x00", b"9" * 400),
    *(b"33\x00", b"33\x0c", b"33\x0b", b"33;", b"33ms", b"=1+1", b"-33", b"1e400000000", b"99999999999999999999999"),
)  # fmt: skip
_NEL, _SEPARATOR = "\u0085".encode(), "\u2028".encode()
_LINE = 12
"""The line that is damaged; one in the middle of a file with fewer."""

Damage = Callable[[bytes], bytes]


def _lines(change: Callable[[list[bytes], int, bytes], None]) -> Damage:
    """A damage that changes the lines in place; it is told which line, and the mark between fields."""

    def apply(raw: bytes) -> bytes:
        lines = raw.split(b"\n")
        change(lines, min(_LINE, (len(lines) - 1) // 2), b"\t" if b"\t" in lines[0] else b",")
        return b"\n".join(lines)

    return apply


def _field(text: bytes, column: int = 1) -> Damage:
    def change(line: bytes, mark: bytes) -> bytes:
        fields = line.split(mark)
        return mark.join([*fields[:column], text, *fields[column + 1 :]])

    return _line(change)


def _line(change: Callable[[bytes, bytes], bytes], number: int | None = None) -> Damage:
    def apply(lines: list[bytes], middle: int, mark: bytes) -> None:
        at = middle if number is None else number
        lines[at] = change(lines[at], mark)

    return _lines(apply)


def _move(n_lines: int, *, stays: bool) -> Damage:
    """The line again, or instead, so many lines later."""

    def apply(lines: list[bytes], at: int, _mark: bytes) -> None:
        lines.insert(at + n_lines, lines[at] if stays else lines.pop(at))

    return _lines(apply)


KNOWN: dict[str, Damage] = {
    "extra field": _line(lambda line, mark: line.rstrip(b"\r") + mark + b"7"),
    "extra field in front": _line(lambda line, mark: b"7" + mark + line),
    "missing field": _line(lambda line, mark: line.rpartition(mark)[0]),
    "missing first field": _line(lambda line, mark: line.partition(mark)[2]),
    "fields run together": _line(lambda line, mark: line.replace(mark, b"", 1)),
    "other mark": _line(lambda line, mark: line.replace(mark, b";")),
    "line of another file": _line(lambda _line, _mark: b"Lorem ipsum dolor sit amet"),
    "half a line": _line(lambda line, _mark: line[: len(line) // 2]),
    "two lines in one": _lines(lambda lines, at, _mark: lines.__setitem__(at, lines[at] + lines.pop(at + 1))),
    "line broken in two": _line(lambda line, _mark: line[:6] + b"\n" + line[6:]),
    "blank line": _line(lambda line, _mark: line + b"\n  \r"),
    "line lost": _lines(lambda lines, at, _mark: lines.pop(at)),
    "line twice": _move(0, stays=True),
    "line twice, later": _move(4, stays=True),
    "lines changed places": _move(1, stays=False),
    "backwards": _lines(lambda lines, _at, _mark: lines.__setitem__(slice(1, -1), lines[-2:0:-1])),
    "header again": _lines(lambda lines, at, _mark: lines.insert(at, lines[0])),
    "header lost": _lines(lambda lines, _at, _mark: lines.pop(0)),
    "header cut": _line(lambda line, _mark: line[: len(line) // 2], 0),
    "header of other names": _line(lambda line, mark: mark.join(b"column" for _ in line.split(mark)), 0),
    "torn": lambda raw: raw.rstrip(b"\r\n")[:-1],
    "torn in the first field": lambda raw: raw.rstrip(b"\r\n").rpartition(b"\n")[0] + b"\n1",
    "no last line end": lambda raw: raw.rstrip(b"\r\n"),
    "zeros at the end": lambda raw: raw + bytes(4096),
    "zeros in place of the end": lambda raw: raw[: len(raw) // 2] + bytes(len(raw) - len(raw) // 2),
    "zeros in the middle": lambda raw: raw[: len(raw) // 2] + bytes(64) + raw[len(raw) // 2 + 64 :],
    "byte order mark": lambda raw: codecs.BOM_UTF8 + raw,
    "byte order mark inside": _line(lambda line, _mark: codecs.BOM_UTF8 + line),
    "UTF-16": lambda raw: raw.decode().encode("utf-16"),
    "UTF-16, cut in a letter": lambda raw: raw.decode().encode("utf-16")[:-3],
    "UTF-32": lambda raw: raw.decode().encode("utf-32"),
    "line ends of Windows": lambda raw: raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"),
    "line ends of the first Macs": lambda raw: raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r"),
    "line end of Unicode": _line(lambda line, mark: line.replace(mark, mark + _SEPARATOR, 1)),
    "line end of IBM": _line(lambda line, mark: line + _NEL + line),
    "form feed": _line(lambda line, _mark: line[:3] + b"\x0c" + line[3:]),
    "lone carriage return": _line(lambda line, _mark: line[:5] + b"\r" + line[5:]),
    "empty": lambda _raw: b"",
    "header only": lambda raw: raw[: raw.index(b"\n") + 1],
    "blanks only": lambda _raw: b" \r\n" * 40,
    "a picture": lambda raw: b"\x89PNG\r\n\x1a\n" + raw,
    "a line without end": lambda raw: raw + b"1," * 100_000,
    "many fields": lambda raw: raw.split(b"\n", 1)[0] + b",x" * 50_000 + b"\n" + raw.split(b"\n", 1)[1],
    **{f"field {token[:12]!r}": _field(token) for token in TOKENS},
    "counter NaN": _field(b"NaN", 0),
    "counter negative": _field(b"-7", 0),
    "counter with a fraction": _field(b"7.5", 0),
    "counter beyond 64 bits": _field(b"1e30", 0),
    "counter far ahead": _field(b"9999999", 0),
}  # fmt: skip


def _flip(raw: bytearray, rng: random.Random) -> None:
    raw[rng.randrange(len(raw))] ^= 1 << rng.randrange(8)


def _overwrite(raw: bytearray, rng: random.Random) -> None:
    raw[rng.randrange(len(raw))] = rng.choice(b" ,;\t\r\n\0-+.eE0123456789\"'\xff\xa0")


def _put_token(raw: bytearray, rng: random.Random) -> None:
    at = rng.randrange(len(raw))
    raw[at : at + rng.randrange(4)] = rng.choice(TOKENS)


def _cut_out(raw: bytearray, rng: random.Random) -> None:
    at = rng.randrange(len(raw))
    del raw[at : at + rng.choice((1, 1, 2, 5, 30, 300))]


def _repeat(raw: bytearray, rng: random.Random) -> None:
    at = rng.randrange(len(raw))
    raw[at:at] = raw[at : at + rng.choice((1, 2, 5, 30, 300))]


def _copy(raw: bytearray, rng: random.Random) -> None:
    """A block of the file at another place, as after a repair of the disk."""
    n_bytes = rng.choice((8, 16, 64, 512))
    at, to = rng.randrange(len(raw)), rng.randrange(len(raw))
    raw[to : to + n_bytes] = raw[at : at + n_bytes]


def _zero(raw: bytearray, rng: random.Random) -> None:
    at = rng.randrange(len(raw))
    n_bytes = min(rng.choice((1, 8, 64, 512)), len(raw) - at)
    raw[at : at + n_bytes] = bytes(n_bytes)


def _truncate(raw: bytearray, rng: random.Random) -> None:
    del raw[rng.randrange(len(raw)) :]


def _shuffle(raw: bytearray, rng: random.Random) -> None:
    lines = bytes(raw).split(b"\n")
    first, second = rng.randrange(len(lines)), rng.randrange(len(lines))
    lines[first], lines[second] = lines[second], lines[first]
    raw[:] = b"\n".join(lines)


_RANDOM = (_flip, _overwrite, _put_token, _cut_out, _repeat, _copy, _zero, _truncate, _shuffle)


def damaged(raw: bytes, rng: random.Random) -> bytes:
    """The text after one to three damages."""
    text = bytearray(raw)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        if text:
            rng.choice(_RANDOM)(text, rng)
    return bytes(text)
