"""Is a package what its descriptor says: files, checksums, tables (Frictionless), and is its
graph the graph of its rows.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

from opendata.checks import patterns, shapes
from opendata.checks.report import Report, found
from opendata.checks.rules import check
from opendata.converters.graph import write_ntriples
from opendata.errors import PackageError
from opendata.model import Budget, Finding
from opendata.package import Package, open_package

# Frictionless tells these of tables; our own check of checksums tells them of every file.
_TOLD = {"hash-count", "byte-count"}
_MAX_ERRORS = 100


def check_package(path: Path, *, referee: bool = False) -> Report:
    """Check a package: descriptor and files, tables, graph, catalogue entry, rules.

    Raises:
        PackageError: there is no descriptor to check.
    """
    del referee  # there is one way so far
    package = open_package(path)
    findings = list(_files(package))
    if not findings:
        findings += check_tables(package)
    if package.ours:
        findings += _budget(package)
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
            data = file.read_bytes()
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
        yield from _checksum(name, resource, data)


def _checksum(name: str, resource: dict[str, Any], data: bytes) -> Iterator[Finding]:
    algorithm, _, wanted = str(resource.get("hash", "")).rpartition(":")
    if wanted and (algorithm or "md5") in ("md5", "sha1", "sha256", "sha512"):
        actual = hashlib.new(algorithm or "md5", data, usedforsecurity=False).hexdigest()
        if actual != wanted:
            yield found(
                "checksum",
                f"{resource['path']}：文件与描述文件中的摘要不符，内容已变；请重新运行 opendata convert。",
                f"{resource['path']}: the file is not the one that the descriptor has the hash "
                "of; run opendata convert again.",
                table=name,
            )
            return
    if isinstance(resource.get("bytes"), int) and resource["bytes"] != len(data):
        yield found(
            "checksum",
            f"{resource['path']}：有 {len(data)} 字节，描述文件写 {resource['bytes']}。",
            f"{resource['path']}: has {len(data)} bytes, the descriptor says {resource['bytes']}.",
            table=name,
        )


def check_tables(package: Package) -> Iterator[Finding]:
    """The tables are what their schemas say."""
    from frictionless import FrictionlessException
    from frictionless import Package as Reference

    content = _local(package.descriptor)
    yield from _bounded(content)
    try:
        reference = Reference.from_descriptor(
            content, basepath=str(package.folder), allow_invalid=True
        )
        report = reference.validate(limit_errors=_MAX_ERRORS)
    except (FrictionlessException, AttributeError, TypeError, ValueError, LookupError) as error:
        yield found("descriptor", f"描述文件有误：{error}", f"The descriptor is wrong: {error}")
        return
    for wrong in report.errors:
        yield found("descriptor", f"描述文件有误：{wrong.message}", f"{wrong.message}")
    for task in report.tasks:
        for wrong in task.errors:
            if wrong.type in _TOLD:
                continue
            detail = wrong.to_dict()
            line, column = detail.get("rowNumber"), detail.get("fieldName")
            yield found(
                f"tabular-{wrong.type}",
                f"{task.place}:{line or ''} {column or ''}：{wrong.message}",
                f"{task.place}:{line or ''} {column or ''}: {wrong.message}",
                table=task.name,
                record=str(line or ""),
                column=column,
                line=line,
            )


def _bounded(content: dict[str, Any]) -> Iterator[Finding]:
    """Take the patterns that must not be run out of the schemas, and tell them."""
    for resource in content["resources"]:
        schema = resource.get("schema")
        fields = schema.get("fields") if isinstance(schema, dict) else None
        if not isinstance(fields, list):
            continue
        for number, one in enumerate(fields):
            limits = one.get("constraints") if isinstance(one, dict) else None
            pattern = limits.get("pattern") if isinstance(limits, dict) else None
            if limits and isinstance(pattern, str) and (why := patterns.wrong(pattern)):
                shown = f"{resource.get('name')}.{one.get('name')}: pattern {pattern[:80]!r} {why}"
                table = str(resource.get("name"))
                yield found("descriptor", f"描述文件有误：{shown}", shown, table=table)
                rest = {key: limit for key, limit in limits.items() if key != "pattern"}
                fields = [*fields[:number], {**one, "constraints": rest}, *fields[number + 1 :]]
        resource["schema"] = {**schema, "fields": fields}


# What Frictionless may know of a resource; other words of its could lead to the network.
_KEPT = {
    "name",
    "type",
    "path",
    "title",
    "description",
    "bytes",
    "hash",
    "encoding",
    "dialect",
    "schema",
    "profile",
    "mediatype",
    "licenses",
    "sources",
}


def _local(descriptor: dict[str, Any]) -> dict[str, Any]:
    """The descriptor without what would be fetched."""
    whole = {k: v for k, v in descriptor.items() if k not in ("$schema", "profile", "resources")}
    resources = [
        {k: v for k, v in r.items() if k in _KEPT}
        | ({"format": "csv", "scheme": "file"} if r.get("type") == "table" else {})
        for r in descriptor["resources"]
    ]
    return whole | {"resources": resources}


def _budget(package: Package) -> Iterator[Finding]:
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
    yield from _graph(package, budget)
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


def _graph(package: Package, budget: Budget) -> Iterator[Finding]:
    graph = package.path("budget-nt") if "budget-nt" in package.resources else None
    if graph and graph.is_file():
        written = BytesIO()
        write_ntriples(written, budget, package.facts)
        if differing := sorted(
            {*written.getvalue().split(b"\n")} ^ {*graph.read_bytes().split(b"\n")}
        ):
            first = differing[0].decode(errors="replace")
            yield found(
                "graph-differs",
                f"budget.nt 与各表的内容不一致，有 {len(differing)} 条三元组不同，如：{first}",
                f"budget.nt is not the graph of the tables: {len(differing)} triples differ, "
                f"such as {first}",
                table="budget-nt",
            )
        yield from shapes.check_graph(graph)
    if "dataset-ttl" in package.resources and package.path("dataset-ttl").is_file():
        yield from shapes.check_graph(package.path("dataset-ttl"), shapes.CATALOG)
