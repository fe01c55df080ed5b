"""A data package read back: its descriptor, its rows, and the budget that they are."""

import csv
import json
import re
import stat
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path, PurePosixPath
from typing import Any, cast

from pyoxigraph import RdfFormat

from opendata.converters.descriptor import DESCRIPTOR
from opendata.converters.graph import PREFIXES, Triple, iri, literal
from opendata.errors import PackageError
from opendata.facts import BASE, Facts
from opendata.model import RECORDS, Budget, Record
from opendata.rdf import quads
from opendata.terms import RDF, XSD, Table, code_lists, codes, tables

MAX_DESCRIPTOR = 16 * 1024 * 1024
MAX_CELL = 1024 * 1024

_DECIMAL = re.compile(r"[+-]?[0-9]{1,40}(\.[0-9]{1,40})?")


def _decimal(text: str) -> Decimal:
    """A decimal as XSD writes it: no exponent, no NaN."""
    if not _DECIMAL.fullmatch(text):
        raise ValueError(f"{text[:40]!r} is no decimal")
    return Decimal(text)


_READERS: dict[str, Callable[[str], object]] = {
    XSD + "decimal": _decimal,
    XSD + "integer": int,
    XSD + "gYear": int,
    XSD + "date": date.fromisoformat,
}


@dataclass(frozen=True, slots=True)
class Package:
    """A folder with a `datapackage.json`. Nothing outside the folder is ever opened."""

    folder: Path
    descriptor: dict[str, Any]

    @property
    def name(self) -> str:
        """The package's name."""
        return str(self.descriptor.get("name", self.folder.name))

    @property
    def resources(self) -> dict[str, dict[str, Any]]:
        """Every resource by its name."""
        return {str(resource.get("name")): resource for resource in self.descriptor["resources"]}

    def path(self, resource: str) -> Path:
        """The file of a resource, inside the folder.

        Raises:
            PackageError: there is no such resource, or its path leads out of the folder.
        """
        found = self.resources.get(resource)
        if found is None:
            known = ", ".join(self.resources)
            raise PackageError(
                f"{self.folder}：没有资源 {resource}；有：{known}。",
                f"{self.folder}: there is no resource {resource}; there are {known}.",
            )
        return inside(self.folder, str(found.get("path", "")))

    def table(self, resource: str) -> Sequence[dict[str, object]]:
        """The rows of a table of ours, typed: Decimal amounts, text codes, None for empty."""
        table = (tables() | code_lists()).get(resource)
        readers = {c.name: _READERS.get(c.datatype, str) for c in table.stored} if table else {}
        rows = []
        path = self.path(resource)
        csv.field_size_limit(min(sys.maxsize, MAX_CELL))
        try:
            with path.open(encoding="utf-8", newline="") as file:
                reader = csv.DictReader(file, strict=True)
                for row in reader:
                    if None in row or None in row.values():
                        raise ValueError("cells are missing or too many")
                    rows.append(
                        {k: readers.get(k, str)(v) if v != "" else None for k, v in row.items()}
                    )
        except (OSError, ValueError, InvalidOperation, csv.Error) as error:
            raise PackageError(
                f"{path}:{len(rows) + 2}：无法读取（{error}）。",
                f"{path}:{len(rows) + 2}: cannot be read ({error}).",
            ) from error
        return rows

    def budget(self) -> Budget:
        """The budget that the rows are.

        Raises:
            PackageError: a table of ours is missing, or has other columns than its shape.
        """
        records: dict[str, tuple[Record, ...]] = {}
        for name, record in RECORDS.items():
            rows = self.table(name)
            if rows:
                expect_columns(self.path(name), tables()[name], rows[0])
            if name == "budget":
                budget_rows = rows
                continue
            make = cast("Callable[..., Record]", record)
            severities = codes("severity")
            if name == "finding" and not all(
                r["rule"] and r["severity"] in severities for r in rows
            ):
                raise PackageError(
                    f"{self.path(name)}：有的行没有规则，或严重程度不在代码表中。",
                    f"{self.path(name)}: a row has no rule, or a severity that is in no code list.",
                )
            try:
                records[f"{name}s"] = tuple(make(**row) for row in rows)
            except TypeError as error:
                raise PackageError(
                    f"{self.path(name)}：{error}", f"{self.path(name)}: {error}"
                ) from error
        if len(budget_rows) != 1:
            raise PackageError(
                f"{self.path('budget')}：应有一行，实有 {len(budget_rows)} 行。",
                f"{self.path('budget')}: wanted one row, found {len(budget_rows)}.",
            )
        return Budget(**budget_rows[0], **records)  # type: ignore[arg-type]  # read by their shapes

    @property
    def ours(self) -> bool:
        """Whether it has every table of a budget."""
        return set(RECORDS) <= set(self.resources)

    def _first(self, key: str) -> dict[str, Any]:
        found = self.descriptor.get(key)
        first = found[0] if isinstance(found, list) and found else None
        return first if isinstance(first, dict) else {}

    @property
    def facts(self) -> Facts:
        """What the descriptor says that the document does not."""
        budget_id = str(self.descriptor.get("id", ""))
        licence, source = self._first("licenses"), str(self._first("sources").get("path", ""))
        base, found, _ = budget_id.rpartition("budget/")
        return Facts(
            base=base if found else BASE,
            licence=licence.get("name"),
            licence_title=licence.get("title"),
            licence_url=licence.get("path"),
            source_url=source if source.startswith("http") else None,
        )


def expect_columns(place: Path | str, table: Table, found: Iterable[str]) -> None:
    """Stop where a file has other columns than its table.

    Raises:
        PackageError: so it is.
    """
    if wrong := ", ".join(sorted({*found} ^ {column.name for column in table.stored})):
        raise PackageError(
            f"{place}：列与词表不符：{wrong}；若由别的版本生成，请用 opendata convert 重新生成。",
            f"{place}: the columns are not those of the vocabulary: {wrong}; if another version made "
            "the package, make it anew with opendata convert.",
        )


def open_package(path: Path | str) -> Package:
    """Open a package by its folder or its descriptor.

    Raises:
        PackageError: there is no readable descriptor.
    """
    path = Path(path)
    place = path / DESCRIPTOR if path.is_dir() else path
    try:
        if place.stat().st_size > MAX_DESCRIPTOR:
            raise ValueError(f"more than {MAX_DESCRIPTOR} bytes")
        if not place.is_file():
            raise ValueError("no regular file")
        content = json.loads(place.read_bytes())  # strangers' begin with a byte order mark, too
        if not isinstance(content, dict) or not isinstance(content.get("resources"), list):
            raise ValueError("no object with a list of resources")
        if not all(isinstance(resource, dict) for resource in content["resources"]):
            raise ValueError("a resource is no object")
    except (OSError, ValueError, RecursionError) as error:
        raise PackageError(
            f"{place}：不是数据包描述文件（{error}）；数据包由 opendata convert 生成。",
            f"{place}: is no descriptor of a data package ({error}); "
            "opendata convert makes packages.",
        ) from error
    return Package(place.parent, content)


def catalogue(found: list[Package]) -> list[Triple]:
    """A DCAT catalogue: every package's own description, under one catalogue."""
    catalog = iri(f"{found[0].facts.base if found else 'urn:'}catalog")
    triples: dict[Triple, None] = {
        (catalog, f"<{RDF}type>", f"<{PREFIXES['dcat']}Catalog>"): None,
        (catalog, f"<{PREFIXES['dct']}title>", literal("预算公开数据目录", "zh")): None,
        (catalog, f"<{PREFIXES['dct']}title>", literal("Catalogue of open budgets", "en")): None,
        (
            catalog,
            f"<{PREFIXES['dct']}description>",
            literal("由 opendata 发布的部门预算开放数据。", "zh"),
        ): None,
        (
            catalog,
            f"<{PREFIXES['dct']}description>",
            literal("Open budget data published with opendata.", "en"),
        ): None,
    }
    for package in found:
        if "dataset-ttl" not in package.resources:
            continue
        if str(package.descriptor.get("id")).startswith("http"):  # a bare UUID is no IRI
            triples[catalog, f"<{PREFIXES['dcat']}dataset>", iri(str(package.descriptor["id"]))] = (
                None
            )
        data = package.path("dataset-ttl").read_bytes()
        try:
            found_quads = list(quads(package.folder, data, RdfFormat.TURTLE))
        except SyntaxError as error:
            raise PackageError(
                f"{package.folder}：dataset-ttl 不是合法的 RDF：{error}",
                f"{package.folder}: dataset-ttl is no valid RDF: {error}",
            ) from error
        for quad in found_quads:
            triples[str(quad.subject), str(quad.predicate), str(quad.object)] = None
    # Who publishes every data set publishes the catalogue; of several, nobody said who does.
    publisher = f"<{PREFIXES['dct']}publisher>"
    publishers = {value for _, predicate, value in triples if predicate == publisher}
    if len(publishers) == 1:
        triples[catalog, publisher, publishers.pop()] = None
    return list(triples)


def inside(folder: Path, path: str) -> Path:
    """A path of a descriptor, as a file in the folder.

    Raises:
        PackageError: the path is absolute, a URL, leads out of the folder, by links too, or to a
            pipe or device.
    """
    pure = PurePosixPath(path)
    found = folder / pure
    unsafe = not path.isprintable() or pure.is_absolute() or ".." in pure.parts
    unsafe = unsafe or not path or "://" in path or "\\" in path
    try:
        real = found.resolve()
        unsafe = unsafe or not real.is_relative_to(folder.resolve())
        with suppress(FileNotFoundError, NotADirectoryError):
            kind = real.stat().st_mode  # a pipe would be waited for
            unsafe = unsafe or not (stat.S_ISREG(kind) or stat.S_ISDIR(kind))
    except (OSError, RuntimeError, ValueError):  # a loop of links, a name too long
        unsafe = True
    if unsafe:
        raise PackageError(
            f"{folder}：资源路径 {path!r} 指向文件夹之外，或不是普通文件，已拒绝。",
            f"{folder}: the resource path {path!r} leads out of the folder, or to no regular file, and "
            "was refused.",
        )
    return found
