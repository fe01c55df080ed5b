"""Answers as files: CSV, TSV, JSON, Excel, Parquet. What was a number stays one, what was a code is text."""

import csv
import io
import tempfile
from collections.abc import Callable
from pathlib import Path

from opendata.store.answers import Answer
from opendata.store.columns import arrow
from opendata.workbook import Sheet, write_workbook

_NUMBERS = ("decimal", "integer", "year", "double")
BINARY = ("xlsx", "parquet")  # nothing for a terminal


def delimited(answer: Answer, delimiter: str) -> str:
    """An answer as CSV or TSV: UTF-8, LF, quoted where needed."""
    file = io.StringIO()
    writer = csv.writer(file, delimiter=delimiter, lineterminator="\n")
    writer.writerow(answer.columns)
    writer.writerows(answer.texts)
    return file.getvalue()


def _xlsx(answer: Answer) -> bytes:
    numeric = tuple(answer.types[name] in _NUMBERS for name in answer.columns)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "answer.xlsx"
        write_workbook(place, [Sheet("answer", answer.columns, numeric, answer.texts)])
        return place.read_bytes()


def _parquet(answer: Answer) -> bytes:
    pa, file = arrow(), io.BytesIO()
    pa.parquet.write_table(answer.to_arrow(), file, compression="zstd")
    return file.getvalue()


FORMATS: dict[str, Callable[[Answer], bytes]] = {
    "csv": lambda answer: delimited(answer, ",").encode(),
    "tsv": lambda answer: delimited(answer, "\t").encode(),
    "json": lambda answer: f"{answer.document}\n".encode(),
    "xlsx": _xlsx,
    "parquet": _parquet,
}
