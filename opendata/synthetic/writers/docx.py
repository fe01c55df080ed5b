"""A Word document of the parts that every reader needs; tables with merged cells."""

import zipfile
from io import BytesIO
from xml.sax.saxutils import escape

from opendata.synthetic.layouts.common import Draft
from opendata.synthetic.pages import Matrix, Table
from opendata.synthetic.writers.grid import chunks, origins, width

_TYPES = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/>'
    "</Types>"
)
_LINKS = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/>'
    "</Relationships>"
)
_NAMESPACE = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_BREAK = '<w:p><w:r><w:br w:type="page"/></w:r></w:p>'
_EDGES = "".join(
    f'<w:{edge} w:val="single" w:sz="4" w:space="0" w:color="auto"/>'
    for edge in ("top", "left", "bottom", "right", "insideH", "insideV")
)


def write(draft: Draft) -> bytes:
    """The document's bytes; its parts bear no time."""
    parts: list[str] = []
    for part in draft.parts:
        if isinstance(part, Table):
            heads = [part.title] if part.title else []
            parts += map(_paragraph, (*heads, *part.captions))
            parts.append(_BREAK.join(map(_table, chunks(part))))
            parts.append(_paragraph(part.note if not part.note_inside else ""))
            continue
        parts += [_BREAK] if part.new_page else []
        parts.append(_paragraph(part.text))
    body = f"<w:body>{''.join(parts)}<w:sectPr/></w:body>"
    document = (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
        f'<w:document xmlns:w="{_NAMESPACE}">{body}</w:document>'
    )
    file = BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as made:
        for name, text in (
            ("[Content_Types].xml", _TYPES),
            ("_rels/.rels", _LINKS),
            ("word/document.xml", document),
        ):
            made.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), text.encode(), 8)
    return file.getvalue()


def _paragraph(text: str) -> str:
    return f'<w:p><w:r><w:t xml:space="preserve">{escape(text)}</w:t></w:r></w:p>'


def _table(matrix: Matrix) -> str:
    covered = origins(matrix)
    grid = '<w:gridCol w:w="1200"/>' * width(matrix)
    rows = []
    for y, row in enumerate(matrix):
        cells = []
        for x, box in enumerate(row):
            over = covered.get((y, x))
            if over and (over[0] == y or over[1] < x):
                continue
            anchor = box if over is None else matrix[over[0]][over[1]]
            assert anchor is not None
            wide = f'<w:gridSpan w:val="{anchor.columns}"/>' if anchor.columns > 1 else ""
            if over:
                wide += "<w:vMerge/>"
            elif anchor.rows > 1:
                wide += '<w:vMerge w:val="restart"/>'
            text = "" if over or box is None else box.text
            paragraphs = "".join(map(_paragraph, text.split("\n")))
            cells.append(f"<w:tc><w:tcPr>{wide}</w:tcPr>{paragraphs}</w:tc>")
        rows.append(f"<w:tr>{''.join(cells)}</w:tr>")
    edges = f"<w:tblPr><w:tblBorders>{_EDGES}</w:tblBorders></w:tblPr>"
    return f"<w:tbl>{edges}<w:tblGrid>{grid}</w:tblGrid>{''.join(rows)}</w:tbl>"
