"""Where the IRIs of the data and of the vocabulary stand in a site."""

import re
from dataclasses import dataclass

from opendata.terms import CODE, DEF

# What is a path on any disk: segments of letters that need no quoting, none of them a step up.
_PATH = re.compile(r"(?!.*(^|/)\.\.?(/|$))[\w%.~:@!$&'()*+,;=-]+(/[\w%.~:@!$&'()*+,;=-]+)*")
_LONGEST = 150  # letters of a segment: a file's name has 255 bytes with what is added


@dataclass(frozen=True, slots=True)
class Spaces:
    """How IRIs begin, and what stands for that in the site; the first that fits is meant."""

    known: tuple[tuple[str, str], ...]

    def path_of(self, iri: str) -> str | None:
        """The path of an IRI; None where it has none.

        >>> spaces_of(["https://x.example/"]).path_of("https://x.example/line/1")
        'data/line/1'
        >>> spaces_of(["https://x.example/"]).path_of("https://x.example/../1")
        """
        for space, stands in self.known:
            rest = iri.removeprefix(space)
            if rest != iri and _PATH.fullmatch(rest):
                fits = all(len(part) <= _LONGEST for part in rest.split("/"))
                return f"{stands}{rest}" if fits else None
        return None

    def iri_at(self, path: str) -> str:
        """The IRI at a path; nothing where no IRI can stand there.

        >>> spaces_of(["https://x.example/"]).iri_at("data/line/1")
        'https://x.example/line/1'
        """
        for space, stands in self.known:
            if path.startswith(stands):
                return space + path.removeprefix(stands)
        return ""


def spaces_of(bases: list[str]) -> Spaces:
    """The spaces of some bases of data, the commonest first: of several, one has the short path."""
    ordered = sorted(dict.fromkeys(bases), key=lambda base: (-bases.count(base), base))
    data = [
        (base, "data/" if number == 0 else f"data{number + 1}/")
        for number, base in enumerate(ordered)
    ]
    return Spaces((*data, (DEF, "def/"), (CODE, "code/")))
