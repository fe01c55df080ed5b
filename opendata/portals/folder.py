"""The embedded portal: a static folder with a DCAT catalogue that any web server can host."""

import json
import os
import shutil
from collections.abc import Iterable
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from opendata.checks.report import SEVERITIES
from opendata.converters.catalog import write_triples
from opendata.converters.descriptor import DESCRIPTOR
from opendata.errors import OutputError
from opendata.model import Budget
from opendata.output import Written, describe, replacing, write
from opendata.package import Package, catalogue, open_package
from opendata.portals.files import copy_files, safe_name
from opendata.portals.plan import Change, Plan, compare
from opendata.terms import codes, vocabulary_files

MANIFEST = "manifest.json"


def publish(folders: Iterable[Path], place: str, *, dry_run: bool = False) -> Plan:
    """Bring packages into a site beside those that are there, whole or not at all.

    Raises:
        OutputError: the folder cannot be written, or holds files that are not the site's.
    """
    site, target = Path(place), f"folder:{place}"
    if dry_run:
        with TemporaryDirectory() as elsewhere:
            return Plan(target, _build(site, Path(elsewhere), folders), applied=False)
    with replacing(site, lambda _: {*_manifest(site), MANIFEST}) as new:
        plan = Plan(target, _build(site, new, folders), applied=True)
        if plan.idle:
            shutil.rmtree(new)
    return plan


def verify(folders: Iterable[Path], place: str) -> Plan:
    """How a site differs from what publishing packages into it makes; every file is read.

    Raises:
        OutputError: there is no site.
    """
    site = Path(place)
    if not _manifest(site):
        raise OutputError(
            f"{site}：不是本程序发布的站点。", f"{site}: is no site that was published here."
        )
    with TemporaryDirectory() as elsewhere:
        new = _site(site, Path(elsewhere), folders)
        paths = [path for path in _manifest(site) if (site / path).is_file()]
        old = {path: describe(site, path, "").sha256 for path in paths}
    return Plan(f"folder:{place}", compare(old, new), applied=False)


def _build(site: Path, new: Path, folders: Iterable[Path]) -> tuple[Change, ...]:
    """Make the new site in a folder, and say how it differs from the one that is there."""
    return compare(_manifest(site), _site(site, new, folders))


def _site(site: Path, new: Path, folders: Iterable[Path]) -> list[Written]:
    """The files of the new site: the packages that are there, and these."""
    _keep(site, new)
    for package in map(open_package, folders):
        target = new / "dataset" / safe_name(package)
        shutil.rmtree(target, ignore_errors=True)
        copy_files(package, target)
    return _write_site(new)


def _manifest(site: Path) -> dict[str, str]:
    """What the site says that it holds; nothing where there is no site."""
    try:
        content = json.loads((site / MANIFEST).read_text(encoding="utf-8"))
        return {str(path): str(digest) for path, digest in content["files"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _keep(site: Path, new: Path) -> None:
    """The packages that are there stay: linked, not copied, where the disk can."""
    for path in sorted((site / "dataset").glob(f"*/{DESCRIPTOR}")):
        shutil.copytree(path.parent, new / "dataset" / path.parent.name, copy_function=_link)


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _write_site(new: Path) -> list[Written]:
    """The pages and catalogues over all packages of the new tree, and then its manifest."""
    found = [open_package(path.parent) for path in sorted(new.glob(f"dataset/*/{DESCRIPTOR}"))]
    (new / "def").mkdir()
    for path in vocabulary_files():
        shutil.copyfile(path, new / "def" / f"{path.parent.name}-{path.name}")
    write(new, "catalog.ttl", "text/turtle", lambda file: write_triples(file, catalogue(found)))
    data = json.dumps(_data_json(found), ensure_ascii=False, indent=2) + "\n"
    write(new, "data.json", "application/json", lambda file: file.write(data))
    _write_pages(new, found)
    paths = sorted(p.relative_to(new).as_posix() for p in new.rglob("*") if p.is_file())
    files = [describe(new, path, "") for path in paths]
    listed = {"files": {file.path: file.sha256 for file in files}}
    manifest = json.dumps(listed, indent=2) + "\n"
    write(new, MANIFEST, "application/json", lambda file: file.write(manifest))
    return files


def _data_json(found: list[Package]) -> dict[str, object]:
    """The catalogue in the schema of Project Open Data (data.json), version 1.1."""
    return {
        "@context": "https://project-open-data.cio.gov/v1.1/schema/catalog.jsonld",
        "conformsTo": "https://project-open-data.cio.gov/v1.1/schema",
        "dataset": [
            {
                "@type": "dcat:Dataset",
                "identifier": package.descriptor.get("id", package.name),
                "title": package.descriptor.get("title", package.name),
                "description": package.descriptor.get("description", ""),
                "keyword": package.descriptor.get("keywords", []),
                "accessLevel": "public",
                "license": package.facts.licence_url,
                "distribution": [
                    {
                        "@type": "dcat:Distribution",
                        "title": resource.get("title", name),
                        "downloadURL": f"dataset/{package.name}/{resource['path']}",
                        "mediaType": resource.get("mediatype", "application/octet-stream"),
                    }
                    for name, resource in package.resources.items()
                ],
            }
            for package in found
        ],
    }


def _write_pages(new: Path, found: list[Package]) -> None:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    pages = Environment(
        loader=PackageLoader("opendata.portals"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    pages.filters["wan"] = _wan
    pages.filters["size"] = lambda n: f"{n / 1024:,.0f} KB" if n >= 1024 else f"{n} B"
    shutil.copyfile(Path(__file__).parent / "templates/style.css", new / "style.css")
    views = [_view(package) for package in found]
    text = pages.get_template("index.html").render(views=views)
    write(new, "index.html", "text/html", lambda file: file.write(text))
    for package, view in zip(found, views, strict=True):
        page = pages.get_template("dataset.html").render(**view)
        path = f"dataset/{package.name}.html"
        write(new, path, "text/html", lambda file, page=page: file.write(page))  # type: ignore[misc]


def _view(package: Package) -> dict[str, Any]:
    """What the pages show of a package; `budget` is None for a package that is not ours."""
    resources = package.descriptor["resources"]
    budget = package.budget() if package.ours else None
    findings = budget.findings if budget else ()
    return {
        "package": package,
        "budget": budget,
        "income": _income(budget) if budget else None,
        "bars": _bars(budget) if budget else [],
        "unpriced": sum(p.amount is None for p in budget.projects) if budget else 0,
        "tables": [r for r in resources if r.get("type") == "table" and "/" not in r["path"]],
        "codes": [r for r in resources if r.get("type") == "table" and "/" in r["path"]],
        "files": [r for r in resources if r.get("type") != "table"],
        "states": {code.notation: code for code in codes("table_state").values()},
        "counts": {s: sum(f.severity == s for f in findings) for s in SEVERITIES},
        "severities": {code.notation: code for code in codes("severity").values()},
        "groups": [
            (rule, list(own))
            for rule, own in groupby(
                sorted(findings, key=lambda f: (SEVERITIES.index(f.severity), f.rule)),
                key=lambda f: f.rule,
            )
        ],
    }


def _income(budget: Budget) -> Decimal | None:
    wanted = ("income-total", "income-this-year")
    found = {line.item: line.amount for line in budget.lines if line.amount is not None}
    return next((found[item] for item in wanted if item in found), None)


def _bars(budget: Budget) -> list[dict[str, Any]]:
    """Projects by amount, the largest first, with the length of each bar in per cent."""
    filled = [(p, p.amount) for p in budget.projects if p.amount is not None]
    filled.sort(key=lambda pair: (-pair[1], pair[0].id))
    top = max((amount for _, amount in filled), default=Decimal(0)) or Decimal(1)
    return [
        {"project": p, "amount": amount, "percent": f"{max(amount, Decimal(0)) / top * 100:.1f}"}
        for p, amount in filled
    ]


def _wan(amount: Decimal | None) -> str:
    return "—" if amount is None else f"{amount / 10000:,.2f}"
