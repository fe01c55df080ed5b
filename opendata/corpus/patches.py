"""Files -> what differs, as a unified diff without context; and back, as `patch -R -p1` leads.

Files are bytes and lines end with LF, so that what comes back is what was, whatever it is.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping

_HUNK = re.compile(rb"@@ -(\d+),(\d+) \+(\d+),(\d+) @@\n")
_FILE = re.compile(rb"--- (?:a/(.+)|/dev/null)\n")
_OTHER = re.compile(rb"\+\+\+ (?:b/(.+)|/dev/null)\n")
_NO_END = b"\\ No newline at end of file\n"

Block = tuple[int, int, int]  # first line in the old file, in the new one, lines


def difference(old: Mapping[str, bytes], new: Mapping[str, bytes]) -> Iterator[bytes]:
    """The lines of a diff from some files to others, told by their paths."""
    for path in sorted(old.keys() | new.keys()):
        one, two = old.get(path), new.get(path)
        if one == two:
            continue
        yield b"--- /dev/null\n" if one is None else f"--- a/{path}\n".encode()
        yield b"+++ /dev/null\n" if two is None else f"+++ b/{path}\n".encode()
        yield from _hunks(_lines(one or b""), _lines(two or b""))


def undone(diff: bytes, files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The files from which a diff led to these.

    Raises:
        ValueError: the diff is none, or leads elsewhere.
    """
    found, lines = dict(files), _lines(diff)
    place = 0
    while place < len(lines):
        one, two = (
            _FILE.fullmatch(lines[place]),
            _OTHER.fullmatch(b"".join(lines[place + 1 : place + 2])),
        )
        if not one or not two or not (one[1] or two[1]):
            raise ValueError(f"line {place + 1} of the diff names no file")
        old, new = (match[1].decode() if match[1] else "" for match in (one, two))
        content, place = _undone(lines, place + 2, _lines(found.pop(new, b"")), new or old)
        if old:
            found[old] = content
        elif content:
            raise ValueError(f"{new}: does not fit")
    return found


def _undone(lines: list[bytes], place: int, new: list[bytes], path: str) -> tuple[bytes, int]:
    """The older content of one file, and where its hunks end."""
    found: list[bytes] = []
    done = 0
    while place < len(lines) and (hunk := _HUNK.fullmatch(lines[place])):
        _, minus, start, plus = map(int, hunk.groups())
        removed, place = _marked(lines, place + 1, b"-", minus)
        added, place = _marked(lines, place, b"+", plus)
        first = start - 1 if plus else start
        if first < done or new[first : first + plus] != added:
            raise ValueError(f"{path}: does not fit at line {start}")
        found += new[done:first]
        found += removed
        done = first + plus
    return b"".join([*found, *new[done:]]), place


def _marked(lines: list[bytes], place: int, mark: bytes, count: int) -> tuple[list[bytes], int]:
    """Some lines with a mark before them, without it, and where they end."""
    found = lines[place : place + count]
    place += count
    if len(found) < count or not all(line.startswith(mark) for line in found):
        raise ValueError(f"line {place} of the diff is none")
    found = [line[1:] for line in found]
    if count and lines[place : place + 1] == [_NO_END]:
        found[-1] = found[-1].removesuffix(b"\n")
        place += 1
    return found, place


def _lines(content: bytes) -> list[bytes]:
    lines = [line + b"\n" for line in content.split(b"\n")]
    lines[-1] = lines[-1].removesuffix(b"\n")
    return lines if lines[-1] else lines[:-1]


def _hunks(old: list[bytes], new: list[bytes]) -> Iterator[bytes]:
    one = two = 0
    for first, second, count in (*_common(old, new), (len(old), len(new), 0)):
        minus, plus = old[one:first], new[two:second]
        if minus or plus:
            starts = one + bool(minus), two + bool(plus)
            yield b"@@ -%d,%d +%d,%d @@\n" % (starts[0], len(minus), starts[1], len(plus))
            yield from _marking(b"-", minus)
            yield from _marking(b"+", plus)
        one, two = first + count, second + count


def _marking(mark: bytes, lines: list[bytes]) -> Iterator[bytes]:
    for line in lines:
        yield mark + line if line.endswith(b"\n") else mark + line + b"\n" + _NO_END


def _common(old: list[bytes], new: list[bytes]) -> list[Block]:
    """Blocks of lines that are the same, in order: about the lines that stand once in either file."""
    found: list[Block] = []
    one = two = 0
    for first, second in (*_anchors(old, new), (len(old), len(new))):
        front = back = 0
        while one + front < first and two + front < second and old[one + front] == new[two + front]:
            front += 1
        while (
            first - back > one + front
            and second - back > two + front
            and old[first - back - 1] == new[second - back - 1]
        ):
            back += 1
        found += [(one, two, front), (first - back, second - back, back)]
        one, two = first, second
    return [block for block in found if block[2]]


def _anchors(old: list[bytes], new: list[bytes]) -> list[tuple[int, int]]:
    """The longest rising row of places of lines that stand once in either file (patience diff)."""
    places = _single(new)
    pairs = [(n, places[line]) for line, n in _single(old).items() if line in places]
    ends: list[int] = []  # the least place in which a row of each length ends
    links: list[int | None] = []
    at: list[int] = []  # the pair that ends the row of each length
    for number, (_, second) in enumerate(pairs):
        length = bisect_left(ends, second)
        ends[length : length + 1], at[length : length + 1] = [second], [number]
        links.append(at[length - 1] if length else None)
    found: list[tuple[int, int]] = []
    step = at[-1] if at else None
    while step is not None:
        found.append(pairs[step])
        step = links[step]
    return found[::-1]


def _single(lines: list[bytes]) -> dict[bytes, int]:
    """The lines that stand once, each with its place, in order."""
    found: dict[bytes, int] = {}
    twice = set()
    for number, line in enumerate(lines):
        if line in found:
            twice.add(line)
        found[line] = number
    return {line: number for line, number in found.items() if line not in twice}
