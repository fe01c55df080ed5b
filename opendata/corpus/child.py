"""The process in which documents are read and outputs written: a line of JSON in, one out.

A document may block its reader or end the process. Then only this process ends, and who waits
for its answer knows whose doing it was.
"""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from opendata.corpus import work
from opendata.documents import patience
from opendata.errors import OpendataError


def convert(task: dict[str, Any], path: str, folder: str) -> dict[str, Any]:
    """Convert a document; the entry, with where its package waits."""
    asked = work.Task(**{**task, "beside": tuple(task["beside"])})
    done = work.convert(asked, Path(path), Path(folder))
    return {**done.to_dict(), "staged": done.staged, "kept": done.kept}


def partition(**asked: Any) -> dict[str, Any]:  # as JSON has them
    """Write an output of some packages."""
    from opendata.corpus.partitions import write_partition

    return write_partition(**asked)


CALLS: dict[str, Callable[..., dict[str, Any]]] = {"convert": convert, "partition": partition}


def main() -> None:
    """Answer until nobody asks."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a native library prints is no answer

    def answer(content: dict[str, Any]) -> None:
        answers.write(json.dumps(content, ensure_ascii=False) + "\n")
        answers.flush()

    def give_up(error: OpendataError) -> None:
        answer({"error": type(error).__name__, "zh": error.zh, "en": error.en, "last": True})
        os._exit(1)

    patience.give_up = give_up
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            found = CALLS[asked["call"]](**asked["arguments"])
        except OpendataError as error:
            found = {"error": type(error).__name__, "zh": error.zh, "en": error.en}
        answer(found)


if __name__ == "__main__":
    main()
