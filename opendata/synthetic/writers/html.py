"""A web page with tables whose cells span rows and columns."""

from html import escape

from opendata.synthetic.layouts.common import Draft
from opendata.synthetic.pages import Box, Matrix, Table
from opendata.synthetic.writers.grid import chunks


def write(draft: Draft) -> bytes:
    """The page in UTF-8."""
    parts = [
        '<!DOCTYPE html>\n<html lang="zh-CN">\n<head><meta charset="utf-8"><title>',
        escape(draft.title),
        "</title></head>\n<body>\n",
    ]
    for part in draft.parts:
        if isinstance(part, Table):
            heads = [part.title] if part.title else []
            parts += [f"<p>{escape(text)}</p>\n" for text in (*heads, *part.captions)]
            parts += map(_table, chunks(part))
            if part.note and not part.note_inside:
                parts.append(f"<p>{escape(part.note)}</p>\n")
        else:
            parts.append(f"<p>{escape(part.text)}</p>\n")
    return "".join((*parts, "</body>\n</html>\n")).encode()


def _table(matrix: Matrix) -> str:
    rows = ("".join(map(_cell, filter(None, row))) for row in matrix)
    return "<table>\n" + "".join(f"<tr>{row}</tr>\n" for row in rows) + "</table>\n"


def _cell(box: Box) -> str:
    spans = f' rowspan="{box.rows}"' if box.rows > 1 else ""
    spans += f' colspan="{box.columns}"' if box.columns > 1 else ""
    return f"<td{spans}>{escape(box.text).replace(chr(10), '<br>')}</td>"
