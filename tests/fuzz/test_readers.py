"""What once broke a reader, read again; and that the fuzzer's own frame reaches every reader."""

from pathlib import Path
from random import Random

import pytest

from opendata.documents import read

from .readers import BROKE, READERS, attempt, mutated, seeds

# What each frame makes a document of.
SOUND = {
    "docx": b'<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
    b"<w:body><w:p><w:r><w:t>text</w:t></w:r></w:p></w:body></w:document>",
    "xlsx": b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    b'<sheetData><row r="1"><c r="A1"><v>1</v></c></row></sheetData></worksheet>',
    "html": b"<body><p>text</p></body>",
    "pdf": b"1.4\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n"
    b"2 0 obj\n<</Type/Pages/Kids[3 0 R]/Count 1>>\nendobj\n"
    b"3 0 obj\n<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]/Contents 4 0 R"
    b"/Resources<</Font<</F<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>>>\nendobj\n"
    b"4 0 obj\n<</Length 39>>stream\nBT /F 9 Tf 9 9 Td (some text here) Tj ET\nendstream\nendobj\n"
    b"trailer<</Size 5/Root 1 0 R>>\n",
    "text": b"text",
}


@pytest.mark.parametrize("reader", READERS)
def test_the_frame_makes_a_document_that_is_read(tmp_path: Path, reader: str) -> None:
    path = tmp_path / "document"
    path.write_bytes(READERS[reader](SOUND[reader]))
    assert read(path).blocks


@pytest.mark.parametrize("path", sorted(BROKE.iterdir()), ids=lambda path: path.name)
def test_what_broke_a_reader_does_so_no_more(tmp_path: Path, path: Path) -> None:
    attempt(tmp_path / "document", path.name.partition("-")[0], path.read_bytes())


@pytest.mark.parametrize("number", range(4))
@pytest.mark.parametrize("reader", READERS)
def test_a_damaged_document_is_read_or_refused(tmp_path: Path, reader: str, number: int) -> None:
    rng = Random(f"{reader}-{number}")
    for data in seeds(reader):
        attempt(tmp_path / "document", reader, mutated(data, rng))
