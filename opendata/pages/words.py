"""What the pages say themselves, in both languages: `words.csv` beside this file, and nothing else."""

import csv
from collections.abc import Callable
from functools import cache
from pathlib import Path

from opendata.terms import Text

LANGUAGES = ("zh", "en")  # the first one has no prefix in an address
FILE = Path(__file__).parent / "words.csv"


@cache
def words() -> dict[str, Text]:
    """Every text by its key."""
    with FILE.open(encoding="utf-8", newline="") as file:
        return {row["key"]: {"zh": row["zh"], "en": row["en"]} for row in csv.DictReader(file)}


def speaker(language: str) -> Callable[..., str]:
    """A function that says a text in a language, with values in its `{places}`.

    >>> speaker("en")("page", page=2, pages=3)
    'Page 2 of 3'
    """

    def say(key: str, /, **values: object) -> str:
        text = words()[key][language]
        return text.format(**values) if values else text

    return say


def pick(text: Text, language: str) -> str:
    """A text in a language, else in any that there is, else nothing."""
    return text.get(language) or next(iter(text.values()), "")
