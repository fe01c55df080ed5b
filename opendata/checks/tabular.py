"""Is a package what its descriptor says: files, checksums, tables, and is its graph the graph of
its rows.

Of a package of ours the shapes are looked up in the columns of its tables. `referee` asks for the
graph check too, as for Frictionless beside our own reading of rows, and tells where they differ.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

from pyoxigraph import RdfFormat, parse

from opendata.checks import shapes
from opendata.checks.catalogue import check_catalogue
from opendata.checks.columns import check_columns
from opendata.checks.cube import check_cube
from opendata.checks.report import Report, found
from opendata.checks.rules import check
from opendata.checks.skos import check_skos
from opendata.checks.tables import check_tables
from opendata.converters.graph import write_ntriples, write_turtle
from opendata.errors import PackageError
from opendata.model import Budget, Finding
from opendata.package import Package, open_package
from opendata.rdf import quads

MAX_CUBE = 50_000  # observations of a package, a few seconds


def check_package(path: Path, *, referee: bool = False) -> Report:
    """Check a package: descriptor and files, tables, graph, catalogue entry, rules.

    Raises:
        PackageError: there is no descriptor to check.
    """
    package = open_package(path)
    findings = list(_files(package))
    if not findings:
        findings += check_tables(package, referee=referee)
    if package.ours:
        findings += _budget(package, referee=referee)
    return Report(str(path), tuple(findings))


def _files(package: Package) -> Iterator[Finding]:
    """Every file is in the folder, and has the size and hash that the descriptor states."""
    for number, resource in enumerate(package.descriptor["resources"], start=1):
        name = str(resource.get("name") or number)
        remote = [
            k
            for k in ("schema", "dialect", "profile")
            if "://" in str(resource.get(k, "")) and isinstance(resource.get(k), str)
        ]
        if remote or not isinstance(resource.get("path"), str):
            yield found(
                "descriptor",
                f"资源 {name}：{'、'.join(remote) or 'path'} 应为描述文件中的内容或文件夹中的一个文件，不取网上的。",
                f"resource {name}: {', '.join(remote) or 'path'} must stand in the descriptor or be "
                "one file of the folder; nothing is fetched.",
                table=name,
            )
            continue
        try:
            file = package.path(name) if resource.get("name") else package.folder / "?"
            actual = _digest(file, resource)
        except PackageError as error:
            yield found("descriptor", error.zh, error.en, table=name)
            continue
        except OSError as error:
            yield found(
                "file-missing",
                f"{resource['path']}：无法读取（{error.strerror}）。",
                f"{resource['path']}: cannot be read ({error.strerror}).",
                table=name,
            )
            continue
        yield from _checksum(name, resource, file.stat().st_size, actual)


def _digest(file: Path, resource: dict[str, Any]) -> str | None:
    """The digest that the descriptor has of a file, or None if it has none that we know."""
    algorithm, _, wanted = str(resource.get("hash", "")).rpartition(":")
    with file.open("rb") as data:
        if not wanted or (algorithm or "md5") not in ("md5", "sha1", "sha256", "sha512"):
            return None
        return hashlib.file_digest(
            data, lambda: hashlib.new(algorithm or "md5", usedforsecurity=False)
        ).hexdigest()


def _checksum(
    name: str, resource: dict[str, Any], size: int, actual: str | None
) -> Iterator[Finding]:
    if actual and actual != str(resource["hash"]).rpartition(":")[2]:
        yield found(
            "checksum",
            f"{resource['path']}：文件与描述文件中的摘要不符，内容已变；请重新运行 opendata convert。",
            f"{resource['path']}: the file is not the one that the descriptor has the hash "
            "of; run opendata convert again.",
            table=name,
        )
    elif isinstance(resource.get("bytes"), int) and resource["bytes"] != size:
        yield found(
            "checksum",
            f"{resource['path']}：有 {size} 字节，描述文件写 {resource['bytes']}。",
            f"{resource['path']}: has {size} bytes, the descriptor says {resource['bytes']}.",
            table=name,
        )


def _budget(package: Package, *, referee: bool) -> Iterator[Finding]:
    """The checks of a package of ours: its graphs, and the rules over its rows."""
    try:
        budget = package.budget()
        findings = check(budget).findings  # rules take codes and links for granted
    except (KeyError, TypeError, ArithmeticError) as error:
        yield found(
            "package-unreadable",
            f"{package.folder}：各表互不相符，规则无法检查（{error!r}）。",
            f"{package.folder}: the tables do not fit together and the rules cannot run ({error!r}).",
        )
        return
    except PackageError as error:
        yield found("package-unreadable", error.zh, error.en)
        return
    yield from _graphs(package, budget, referee=referee)
    yield from findings
    if not package.facts.licence:
        yield replace(
            found(
                "licence-missing",
                "没有写明许可；请用 --licence 或 package.toml 给出，否则别人不敢用。",
                "No licence is stated; give --licence or write it in package.toml, or others "
                "will not dare to use the data.",
                table="budget",
                record=budget.id,
            ),
            severity="note",
        )


def _graphs(package: Package, budget: Budget, *, referee: bool) -> Iterator[Finding]:
    """The graphs are those of the rows, and the rows are as the shapes want them."""
    graph, turtle = _file(package, "budget-nt"), _file(package, "budget-ttl")
    written = BytesIO()
    write_ntriples(written, budget, package.facts)
    if turtle:
        yield from _turtle(package, budget, turtle, written.getvalue())
    if graph and (differing := _differing(written.getvalue(), graph.read_bytes())):
        first = differing[0].decode(errors="replace")
        yield found(
            "graph-differs",
            f"budget.nt 与各表的内容不一致，有 {len(differing)} 条三元组不同，如：{first}",
            f"budget.nt is not the graph of the tables: {len(differing)} triples differ, "
            f"such as {first}",
            table="budget-nt",
        )
        yield from shapes.check_graph(graph)
    elif graph:
        yield from _columns(package, budget, graph if referee else None)
        yield from _cube(budget, graph, written.getvalue())
    if entry := _file(package, "dataset-ttl"):
        yield from _entry(entry)


def _cube(budget: Budget, graph: Path, triples: bytes) -> Iterator[Finding]:
    """The cube and its code lists are sound; a graph of the rows has the structure by its making."""
    if len(budget.lines) > MAX_CUBE:
        yield found(
            "cube-not-applied",
            f"{graph}：观测超过 {MAX_CUBE:,} 个，没有检查数据立方体；可另行运行 opendata validate {graph}。",
            f"{graph}: has more than {MAX_CUBE:,} observations, so the data cube was not checked; "
            f"opendata validate {graph} does it.",
            severity="note",
        )
        return
    parsed = [quad.triple for quad in parse(triples, RdfFormat.N_TRIPLES)]
    yield from check_cube(parsed)
    yield from check_skos(parsed)


def _entry(path: Path) -> Iterator[Finding]:
    """The catalogue entry is as we write it, and as DCAT-AP wants it.

    What DCAT-AP only recommends is told of the entry itself: opendata validate dataset.ttl.
    """
    graph = yield from shapes.parsed(path)
    if graph:
        yield from shapes.check_with(shapes.our_shapes(shapes.CATALOG), graph)
        wanted = check_catalogue(list(graph.triples()))
        yield from (finding for finding in wanted if finding.severity != "note")


def _file(package: Package, resource: str) -> Path | None:
    if resource not in package.resources:
        return None
    path = package.path(resource)
    return path if path.is_file() else None


def _differing(wanted: bytes, actual: bytes) -> list[bytes]:
    """The lines that are in one only, in order."""
    if wanted == actual:
        return []
    return sorted({*wanted.split(b"\n")} ^ {*actual.split(b"\n")})


def _turtle(package: Package, budget: Budget, file: Path, triples: bytes) -> Iterator[Finding]:
    """The Turtle holds the same triples: it is what we write, or reads as the same."""
    written, actual = StringIO(), file.read_bytes()
    write_turtle(written, budget, package.facts)
    if written.getvalue().encode() == actual:
        return
    try:
        there = {str(quad.triple) for quad in quads(file, actual, RdfFormat.TURTLE)}
    except SyntaxError as error:
        yield found(
            "syntax",
            f"{file}:{error.lineno}：不是合法的 RDF：{error.msg}",
            f"{file}:{error.lineno}: is no valid RDF: {error.msg}",
            table="budget-ttl",
            line=error.lineno,
        )
        return
    here = {str(quad.triple) for quad in parse(triples, RdfFormat.N_TRIPLES)}
    if differing := sorted(here ^ there):
        yield found(
            "graph-differs",
            f"budget.ttl 与各表的内容不一致，有 {len(differing)} 条三元组不同，如：{differing[0]}",
            f"budget.ttl is not the graph of the tables: {len(differing)} triples differ, "
            f"such as {differing[0]}",
            table="budget-ttl",
        )


def _columns(package: Package, budget: Budget, graph: Path | None) -> Iterator[Finding]:
    """What the shapes say of the rows; with a graph, the graph check is asked too."""
    here = list(check_columns(package, budget))
    if graph is None:
        yield from here
        return
    there = list(shapes.check_graph(graph))
    if here != there:
        first = next(iter(one for one in [*here, *there] if one not in here or one not in there))
        yield found(
            "referee",
            f"按列检查与图的检查结果不同（{len(here)} 与 {len(there)} 条），如：{first.message_zh}",
            f"The columns and the graph differ ({len(here)} and {len(there)} findings), such as: "
            f"{first.message_en}",
            table=first.table,
            record=first.record,
            column=first.column,
        )
    yield from there
