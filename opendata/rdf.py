"""RDF of strangers, parsed once it is sure that its nesting or its entities do not end the process.

Every reader of a graph that is not ours goes through `quads`.
"""

import re
from collections import Counter

from pyoxigraph import QuadParser, RdfFormat, parse

from opendata.errors import PackageError

MAX_DEPTH = 64  # the readers call themselves, or take memory by the square, where it is deep
MAX_ENTITIES = 64 * 1024 * 1024  # bytes that entities may become
_ENTITIES = 200
_SUBSET = 1024 * 1024  # in which all of them stand

_ENTITY = re.compile(rb"<!ENTITY\s+(%\s+)?([^\s]+)\s+(?:\"([^\"]*)\"|'([^']*)'|[^>]*)")
_USE = re.compile(rb"&([^\s;&<]{1,200});")
_BRACKETS = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[\[{\]}]', re.DOTALL)
_QUOTED = re.compile(rb"<<|>>")


def quads(
    place: object,
    data: bytes,
    form: RdfFormat | None,
    *,
    base_iri: str | None = None,
    rename_blank_nodes: bool = False,
) -> QuadParser:
    """The quads of some RDF; `place` is what messages call it. Errors of syntax come as it is read.

    Raises:
        PackageError: it is nested deeper, or its entities become more, than anybody writes.
    """
    refuse(place, data, form)
    return parse(data, form, base_iri=base_iri, rename_blank_nodes=rename_blank_nodes)


def refuse(place: object, data: bytes, form: RdfFormat | None) -> None:
    """Refuse what would end the process that parses it.

    Raises:
        PackageError: it is nested deeper, or its entities become more, than anybody writes.
    """
    _refuse_deep(place, data, form)
    if form == RdfFormat.RDF_XML:
        _refuse_entities(place, data)


def _refuse_deep(place: object, data: bytes, form: RdfFormat | None) -> None:
    """Refuse what is nested deeper than anybody writes."""
    pattern, opening = (_BRACKETS, b"[{") if form == RdfFormat.JSON_LD else (_QUOTED, b"<<")
    if form != RdfFormat.JSON_LD and b"<<" not in data:
        return
    depth = 0
    for match in pattern.finditer(data):
        sign = match.group()
        if sign.startswith(b'"'):
            continue
        depth = depth + 1 if sign in opening else max(0, depth - 1)
        if depth > MAX_DEPTH:
            raise PackageError(
                f"{place}：嵌套超过 {MAX_DEPTH} 层，不读；请改写得平一些。",
                f"{place}: is nested more than {MAX_DEPTH} deep and is not read; write it flatter.",
            )


def _refuse_entities(place: object, data: bytes) -> None:
    """Refuse entities made of entities, or of files, and those that would become too much text."""
    if b"<!DOCTYPE" not in data and b"\0" not in data[:64]:
        return
    size, bad = 0, b"\0" in data[:64]  # two bytes for a letter: nothing could be found in it
    bad = bad or data.find(b"<!ENTITY", _SUBSET) >= 0
    used = Counter(match.group(1) for match in _USE.finditer(data))
    for number, match in enumerate(_ENTITY.finditer(data[:_SUBSET])):
        value = match.group(3) if match.group(3) is not None else match.group(4)
        bad = bad or bool(match.group(1)) or value is None or b"&" in value or number > _ENTITIES
        if bad:
            break
        size += len(value) * used[match.group(2)]
    if bad or size > MAX_ENTITIES:
        raise PackageError(
            f"{place}：XML 不是 UTF-8，或其实体由别的实体或文件组成、过多、展开后过大，不读；请以 UTF-8 写出实体的内容。",
            f"{place}: this XML is not in UTF-8, or its entities are made of entities or files, are too many, "
            "or would become too large; write out in UTF-8 what they stand for.",
        )
