"""The embedded portal: a static folder with a DCAT catalogue that any web server can host."""

import json
import os
import shutil
from collections.abc import Callable, Collection, Iterable
from pathlib import Path

from opendata.converters.catalog import write_triples
from opendata.converters.descriptor import DESCRIPTOR
from opendata.errors import OutputError
from opendata.output import Written, describe, replacing, write
from opendata.package import Package, catalogue, open_package
from opendata.pages import Site
from opendata.pages.export import write_pages
from opendata.portals.files import copy_files, safe_name, scratch
from opendata.portals.plan import Entry, Plan, compare
from opendata.terms import vocabulary_files

MANIFEST = "manifest.json"


def publish(folders: Iterable[Path], place: str, *, dry_run: bool = False) -> Plan:
    """Bring packages into a site beside those that are there, whole or not at all.

    Raises:
        OutputError: the folder cannot be written, or holds files that are not the site's.
    """
    found = list(folders)
    return _change(place, lambda new: _site(Path(place), new, found), dry_run=dry_run)


def unpublish(entries: Iterable[Entry], place: str, *, dry_run: bool = False) -> Plan:
    """Take packages out of a site; its pages and catalogues are made anew over those that stay.

    Raises:
        OutputError: there is no site, or it cannot be written.
    """
    site, names = Path(place), {entry.name for entry in entries}
    _expect(site)
    return _change(place, lambda new: _site(site, new, (), without=names), dry_run=dry_run)


def _change(place: str, fill: Callable[[Path], list[Written]], *, dry_run: bool) -> Plan:
    """Fill the new site, and put it in the place of the old one where they differ."""
    site, target = Path(place), f"folder:{place}"
    if dry_run:
        with scratch() as elsewhere:
            files = fill(elsewhere)
            return Plan(target, compare(_present(site, elsewhere, files), files), applied=False)
    with replacing(site, lambda _: {*_manifest(site), MANIFEST}) as new:
        files = fill(new)
        plan = Plan(target, compare(_present(site, new, files), files), applied=True)
        if plan.idle:
            shutil.rmtree(new)
    return plan


def export(
    folders: Iterable[Path],
    target: Path,
    make: Callable[[tuple[Package, ...]], Site] = lambda found: Site(packages=found),
    told: Callable[[str], object] = lambda _: None,
) -> Plan:
    """Write a site of these packages alone, as `make` wants it; `told` hears of every page.

    Raises:
        OutputError: the folder cannot be written, or holds files that are not the site's.
    """
    with replacing(target, lambda _: {*_manifest(target), MANIFEST}) as new:
        for package in map(open_package, folders):
            copy_files(package, new / "dataset" / safe_name(package))
        plan = Plan(
            f"folder:{target}",
            compare(_manifest(target), _write_site(new, make, told)),
            applied=True,
        )
        if plan.idle:
            shutil.rmtree(new)
    return plan


def verify(folders: Iterable[Path], place: str) -> Plan:
    """How a site differs from what publishing packages into it makes; every file is read.

    Raises:
        OutputError: there is no site.
    """
    site = Path(place)
    _expect(site)
    with scratch() as elsewhere:
        files = _site(site, elsewhere, folders)
        return Plan(
            f"folder:{place}", compare(_present(site, elsewhere, files), files), applied=False
        )


def _expect(site: Path) -> None:
    if not _manifest(site):
        raise OutputError(
            f"{site}：不是本程序发布的站点。", f"{site}: is no site that was published here."
        )


def _present(site: Path, new: Path, files: Iterable[Written]) -> dict[str, str]:
    """The digests of the files that are really there; those that stay by a link are read already."""
    known = {file.path: file.sha256 for file in files}
    found = {}
    for path in _manifest(site):
        if not (site / path).is_file():
            continue  # deleted behind our back
        linked = path in known and (site / path).samefile(new / path)
        found[path] = known[path] if linked else describe(site, path, "").sha256
    return found


def _site(
    site: Path, new: Path, folders: Iterable[Path], *, without: Collection[str] = ()
) -> list[Written]:
    """The files of the new site: the packages that are there, but for some, and these."""
    _keep(site, new, without)
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


def _keep(site: Path, new: Path, without: Collection[str]) -> None:
    """The packages that are there stay: linked, not copied, where the disk can."""
    for path in sorted((site / "dataset").glob(f"*/{DESCRIPTOR}")):
        if path.parent.name in without:
            continue
        shutil.copytree(path.parent, new / "dataset" / path.parent.name, copy_function=_link)


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _write_site(
    new: Path,
    make: Callable[[tuple[Package, ...]], Site] = lambda found: Site(packages=found),
    told: Callable[[str], object] = lambda _: None,
) -> list[Written]:
    """The pages and catalogues over all packages of the new tree, and then its manifest."""
    found = [open_package(path.parent) for path in sorted(new.glob(f"dataset/*/{DESCRIPTOR}"))]
    (new / "def").mkdir()
    for path in vocabulary_files():
        shutil.copyfile(path, new / "def" / f"{path.parent.name}-{path.name}")
    write(new, "catalog.ttl", "text/turtle", lambda file: write_triples(file, catalogue(found)))
    data = json.dumps(data_json(found), ensure_ascii=False, indent=2) + "\n"
    write(new, "data.json", "application/json", lambda file: file.write(data))
    write_pages(new, make(tuple(found)), told)
    paths = sorted(p.relative_to(new).as_posix() for p in new.rglob("*") if p.is_file())
    files = [describe(new, path, "") for path in paths]
    listed = {"files": {file.path: file.sha256 for file in files}}
    manifest = json.dumps(listed, indent=2) + "\n"
    write(new, MANIFEST, "application/json", lambda file: file.write(manifest))
    return files


def data_json(found: list[Package], files: str = "dataset/") -> dict[str, object]:
    """The catalogue in the schema of Project Open Data (data.json), version 1.1.

    `files` is the address below which each package has its files.
    """
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
                        "downloadURL": f"{files}{package.name}/{resource['path']}",
                        "mediaType": resource.get("mediatype", "application/octet-stream"),
                    }
                    for name, resource in package.resources.items()
                ],
            }
            for package in found
        ],
    }
