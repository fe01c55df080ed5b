"""What others make of the same rows: rdflib, and an RML mapping with a CSV file for morph-kgc."""

import csv
import json
import re
import subprocess
import sys
import venv
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from urllib.parse import quote

import rdflib

from opendata.converters import Row, lexical
from opendata.terms import RDF, XSD, Column, Table, absolute

HERE = Path(__file__).parent
BUILD = HERE.parent / "build/benchmarks"
VENV = BUILD / "morph-kgc-venv"


def with_rdflib(data: Iterable[tuple[Table, list[Row]]], base: str, path: Path) -> None:
    """Add every triple to a graph of objects, then serialize it."""
    graph = rdflib.Graph()
    a = rdflib.URIRef(RDF + "type")
    for table, rows in data:
        names = [column.name for column in table.stored]
        types = [rdflib.URIRef(cls) for cls in table.types]
        space = absolute(table.space, base)
        plan = [(rdflib.URIRef(c.path), *_term(c, names, base)) for c in table.columns]
        for row in rows:
            subject = rdflib.URIRef(space + quote(str(row[0]), safe=""))
            for cls in types:
                graph.add((subject, a, cls))
            for predicate, numbers, make in plan:
                values = [row[number] for number in numbers]
                if None not in values:
                    graph.add((subject, predicate, make(*map(lexical, values))))
    graph.serialize(path, format="nt", encoding="utf-8")


def _term(
    column: Column, names: list[str], base: str
) -> tuple[list[int], Callable[..., rdflib.URIRef | rdflib.Literal]]:
    """The numbers of the values that a column's object is made of, and what makes it."""
    if column.value_url:
        used = re.findall(r"\{(\w+)\}", column.value_url)
        template = re.sub(r"\{\w+\}", "{}", absolute(column.value_url, base))

        def resource(*values: str) -> rdflib.URIRef:
            return rdflib.URIRef(template.format(*(quote(value, safe="") for value in values)))

        return [names.index(name) for name in used], resource
    number = names.index(column.name)
    if column.language:
        return [number], partial(rdflib.Literal, lang=column.language)
    if column.datatype == XSD + "string":
        return [number], rdflib.Literal
    return [number], partial(rdflib.Literal, datatype=rdflib.URIRef(column.datatype))


def prepare_morph(data: Iterable[tuple[Table, list[Row]]], base: str, folder: Path) -> None:
    """Write the rows as CSV and the tables as one RML mapping."""
    folder.mkdir(parents=True, exist_ok=True)
    maps = []
    for table, rows in data:
        path = folder / f"{table.name}.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(column.name for column in table.stored)
            writer.writerows(map(lexical, row) for row in rows)
        maps.append(_triples_map(table, path, base))
    (folder / "mapping.ttl").write_text(
        "@prefix rml: <http://w3id.org/rml/> .\n\n" + "\n".join(maps), encoding="utf-8"
    )


def _triples_map(table: Table, path: Path, base: str) -> str:
    subject = f"{absolute(table.space, base)}{{{table.key}}}"
    found = [
        f"<#{table.name}> a rml:TriplesMap",
        f'rml:logicalSource [ rml:source "{path}" ; rml:referenceFormulation rml:CSV ]',
        f'rml:subjectMap [ rml:template "{subject}" ]',
    ]
    pairs = [(RDF + "type", f"rml:constant <{cls}>") for cls in table.types]
    pairs += [(column.path, _object_map(column, base)) for column in table.columns]
    for predicate, made in pairs:
        found.append(
            "rml:predicateObjectMap [ "
            f"rml:predicateMap [ rml:constant <{predicate}> ] ; rml:objectMap [ {made} ] ]"
        )
    return " ;\n    ".join(found) + " .\n"


def _object_map(column: Column, base: str) -> str:
    if column.value_url:
        return f'rml:template "{absolute(column.value_url, base)}"'
    if column.language:
        tail = f' ; rml:languageMap [ rml:constant "{column.language}" ]'
    elif column.datatype != XSD + "string":
        tail = f" ; rml:datatypeMap [ rml:constant <{column.datatype}> ]"
    else:
        tail = ""
    return f'rml:reference "{column.name}"{tail}'


def morph_python() -> Path:
    """The Python of morph-kgc's own virtual environment, made when absent.

    It wants an older pyoxigraph than ours, so the two cannot share one.
    """
    python = VENV / "bin/python"
    if not (VENV / "ready").exists():
        print(f"making {VENV} …", file=sys.stderr)
        venv.create(VENV, clear=True, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "morph-kgc"], check=True)
        (VENV / "ready").touch()
    return python


def with_morph(folder: Path, path: Path, way: str) -> dict[str, float]:
    """Run morph-kgc over a prepared folder; its own seconds, without start and imports."""
    command = [morph_python(), HERE / "morph.py", folder / "mapping.ttl", path, way]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.splitlines()[-1])
