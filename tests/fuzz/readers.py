"""Coverage-guided fuzzing of a reader and the parsers behind it.

    pip install atheris
    python tests/fuzz/readers.py html [libFuzzer options, such as -max_total_time=600]

The fuzzer starts from synthetic documents of every family. What breaks a reader belongs in `broke/`, named for the reader; `test_readers.py` reads it ever
after. Input for docx and xlsx is one part, put into a zip of its own: the zip is not the reader's.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from random import Random
from zipfile import ZipFile

BROKE = Path(__file__).parent / "broke"
_REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
_BOOK = (
    f'<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="{_REL}">'
    '<sheets><sheet name="1" sheetId="1" r:id="rId1"/></sheets></workbook>'
)


def _zip(parts: dict[str, bytes]) -> bytes:
    out = BytesIO()
    with ZipFile(out, "w") as package:
        for name, content in parts.items():
            package.writestr(name, content)
    return out.getvalue()


def _link(kind: str, target: str) -> bytes:
    link = f'<Relationship Id="rId1" Type="{_REL}/{kind}" Target="{target}"/>'
    return f'<Relationships xmlns="{_PACKAGE}">{link}</Relationships>'.encode()


def docx(data: bytes) -> bytes:
    """A docx whose body is `data`."""
    return _zip({"word/document.xml": data})


def xlsx(data: bytes) -> bytes:
    """An xlsx whose only sheet is `data`."""
    return _zip(
        {
            "_rels/.rels": _link("officeDocument", "xl/workbook.xml"),
            "xl/workbook.xml": _BOOK.encode(),
            "xl/_rels/workbook.xml.rels": _link("worksheet", "worksheets/sheet1.xml"),
            "xl/worksheets/sheet1.xml": data,
        }
    )


def _same(data: bytes) -> bytes:
    return data


# Reader -> how its input becomes a file.
READERS: dict[str, Callable[[bytes], bytes]] = {
    "docx": docx,
    "xlsx": xlsx,
    "html": lambda data: b"<html>" + data,
    "pdf": lambda data: b"%PDF-" + data,
    "text": _same,
}


def seeds(reader: str) -> Iterator[bytes]:
    """Inputs to begin with: synthetic documents of every family, budgets and final accounts."""
    from opendata.synthetic import FAMILIES, PHASES, Order, synthesize

    for number in range(len(FAMILIES) * len(PHASES)):
        data = synthesize(Order(formats=(reader,), phases=PHASES), number).data
        if reader == "docx":
            yield _part(data, "word/document.xml")
        elif reader == "xlsx":
            yield _part(data, "xl/worksheets/sheet4.xml")
        else:
            yield data.removeprefix(b"%PDF-")


def _part(data: bytes, name: str) -> bytes:
    with ZipFile(BytesIO(data)) as package:
        return package.read(name)


def mutated(data: bytes, rng: Random) -> bytes:
    """A document some of whose pieces are gone, doubled, exchanged or overwritten."""
    for _ in range(rng.randrange(1, 6)):
        size = max(1, len(data))
        start, length = rng.randrange(size), rng.choice((1, 7, 80, 900))
        piece, place = data[start : start + length], rng.randrange(size)
        kind = rng.randrange(4)
        if kind == 0:
            data = data[:start] + data[start + length :]
        elif kind == 1:
            data = data[:place] + piece + data[place:]
        elif kind == 2:
            data = data[:place] + piece + data[place + len(piece) :]
        else:
            data = data[:start] + bytes([rng.randrange(256)]) * len(piece) + data[start + length :]
    return data


def attempt(path: Path, reader: str, data: bytes) -> None:
    """Read and parse; anything but a budget or an error of ours is a bug."""
    from opendata.errors import OpendataError
    from opendata.facts import Facts
    from opendata.parsers import parse

    content = READERS[reader](data)
    path.write_bytes(content)
    facts = Facts(division="430105", department="局", year=2023, phase="approved")
    with suppress(OpendataError):
        parse(path, facts)


def main() -> None:
    """Fuzz the reader that the first argument names."""
    import tempfile

    import atheris

    reader = sys.argv.pop(1)
    with atheris.instrument_imports(include=["opendata"]):
        import opendata.parsers  # noqa: F401

        for name in ("html", "pdf", "sheets", "text", "word"):
            __import__(f"opendata.documents.{name}")
    path = Path(tempfile.mkdtemp()) / "document"
    first = Path(tempfile.mkdtemp())
    for number, data in enumerate(seeds(reader)):
        (first / str(number)).write_bytes(data)
    atheris.Setup([*sys.argv, str(first)], lambda data: attempt(path, reader, data))
    atheris.Fuzz()


if __name__ == "__main__":
    main()
