"""Keys of a table in little memory: a 64-bit digest of each, eight bytes a row."""

from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import repeat
from secrets import randbits

_PARTS = 64  # so that only a sixty-fourth of the digests is ever looked at as Python objects
_BOUNDS = [(part + 1 - _PARTS // 2) << 58 for part in range(_PARTS - 1)]
_SALT = randbits(60)  # nobody can prepare keys that share a digest


class Digests:
    """A multiset of digests. A digest of equal keys is equal; of others, all but never."""

    __slots__ = ("_parts", "_sorted")

    def __init__(self) -> None:
        self._parts = [array("q") for _ in range(_PARTS)]
        self._sorted = False

    def add(self, digests: Iterable[int]) -> None:
        """Take some digests, a few thousand at a time."""
        found, start = sorted(digests), 0
        for part, bound in zip(self._parts, _BOUNDS, strict=False):
            end = bisect_left(found, bound, start)
            part.extend(found[start:end])
            start = end
        self._parts[-1].extend(found[start:])
        self._sorted = False

    def repeated(self) -> set[int]:
        """The digests that were taken more than once."""
        found: set[int] = set()
        for part in self._parts:
            if len(set(part)) < len(part):
                found.update(digest for digest, times in Counter(part).items() if times > 1)
        return found

    def __contains__(self, digest: int) -> bool:
        """Whether it was taken; the first question sorts them."""
        if not self._sorted:
            self._parts = [array("q", sorted(part)) for part in self._parts]
            self._sorted = True
        part = self._parts[(digest >> 58) + _PARTS // 2]
        place = bisect_left(part, digest)
        return place < len(part) and part[place] == digest


def digests(columns: Iterable[Iterable[object]]) -> Iterator[int]:
    """The digest of each key; a key is a value of every column. Equal numbers have one digest."""
    return map(hash, zip(repeat(_SALT), *columns))
