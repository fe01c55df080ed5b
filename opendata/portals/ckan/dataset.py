"""A package as a CKAN data set: what CKAN shall hold, by fields, files and tables."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from mimetypes import guess_type
from pathlib import Path
from typing import Any

from opendata.checks import validate
from opendata.checks.report import SEVERITIES
from opendata.converters.descriptor import DESCRIPTOR
from opendata.package import Package, open_package
from opendata.portals.ckan import dcat
from opendata.portals.ckan.names import dataset_name, file_name, tags
from opendata.portals.ckan.tables import Table
from opendata.portals.journal import snapshot
from opendata.portals.profiles import Profile
from opendata.workbook import fields

# Extras of ours: whose data set it is, what of it was read back whole, and the tables that were.
ID, DIGEST, TABLES = "opendata_id", "opendata_digest", "opendata_tables"
STAMPS = (DIGEST, TABLES)
# Of a resource: which file of the package it is, and that file's SHA-256.
KEY, SUM = "opendata_key", "opendata_sha256"
# CKAN's own names of licences.
_LICENCES = {
    "CC-BY-4.0": "cc-by",
    "CC-BY-SA-4.0": "cc-by-sa",
    "CC0-1.0": "cc-zero",
    "ODC-BY-1.0": "odc-by",
    "ODbL-1.0": "odc-odbl",
    "PDDL-1.0": "odc-pddl",
}
SHA256 = "http://spdx.org/rdf/terms#checksumAlgorithm_sha256"
SETTINGS: Mapping[str, type] = {"tables": str, "private": bool, "adopt": bool, "upload_mb": int}


@dataclass(frozen=True, kw_only=True, slots=True)
class File:
    """A file of the package as a resource."""

    key: str
    path: Path
    name: str
    media_type: str
    size: int
    sha256: str
    fields: Mapping[str, str]

    @property
    def resource(self) -> dict[str, str]:
        """The resource's fields."""
        return {**self.fields, KEY: self.key, SUM: self.sha256}


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """A data set to be. `fields` are CKAN's own, `extras` ours and those of DCAT."""

    id: str
    name: str
    fields: Mapping[str, Any]
    tags: tuple[str, ...]
    extras: Mapping[str, str]
    files: tuple[File, ...]
    tables: Mapping[str, Table] = field(default_factory=dict)

    @cached_property
    def digest(self) -> str:
        """What all of it depends on."""
        said = [
            dict(self.fields), self.tags, dict(self.extras), [file.resource for file in self.files],
            {key: table.digest for key, table in self.tables.items()},
        ]  # fmt: skip
        return sha256(json.dumps(said, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


# Extras that we may take away again; others are somebody's.
ERRORS = "findings_error"
OWN = frozenset({ID, *STAMPS, *dcat.EXTRAS, *(f"findings_{severity}" for severity in SEVERITIES)})


def dataset(folder: Path, profile: Profile, *, waived: bool = False) -> Dataset:
    """What CKAN shall hold of a package; with `waived` it is checked for the errors that go along.

    Raises:
        PackageError: the package cannot be read.
    """
    package = open_package(folder)
    name = dataset_name(package.name)
    identity = str(package.descriptor.get("id") or package.name)
    files = _files(package, f"{profile.place.rstrip('/')}/dataset/{name}")
    said = package.descriptor
    people = [c for c in said.get("contributors") or () if isinstance(c, dict)]
    authors = [
        str(c.get("title")) for c in people if c.get("role") == "publisher" and c.get("title")
    ]
    licence = package.facts.licence
    words = [str(word) for word in said.get("keywords") or ()]
    return Dataset(
        id=identity,
        name=name,
        fields={
            "title": str(said.get("title") or package.name),
            "notes": str(said.get("description") or ""),
            "license_id": _LICENCES.get(licence or "", licence or ""),
            "url": str(said.get("homepage") or ""),
            "version": str(said.get("version") or ""),
            "author": authors[0] if authors else "",
            "private": bool(profile.settings.get("private", False)),
        },
        tags=tuple(tags(words)),
        extras={ID: identity, **dcat.extras(package), **_quality(package, waived=waived)},
        files=files,
        tables=_tables(package, files, str(profile.settings.get("tables", "data"))),
    )


def _files(package: Package, page: str) -> tuple[File, ...]:
    iris = dcat.distributions(package)
    by_path = {str(resource.get("path")): resource for resource in package.resources.values()}
    licence = package.facts.licence_url
    found = []
    for held in snapshot(package).files:
        said = by_path.get(held.path, {})
        kind = str(said.get("mediatype") or guess_type(held.path)[0] or "application/octet-stream")
        ending = Path(held.path).suffix.lstrip(".")
        told = {
            "name": str(said.get("title") or held.path),
            "description": str(said.get("description") or ""),
            "format": str(said.get("format") or ending).upper(),
            "mimetype": kind,
            "access_url": page,
            "hash": held.sha256,
            "hash_algorithm": SHA256,
            **({"license": licence} if licence else {}),
            **({"uri": iris[held.path]} if held.path in iris else {}),
        }
        found.append(
            File(
                key=held.path,
                path=package.folder / held.path,
                name=file_name(held.path),
                media_type=kind,
                size=held.size,
                sha256=held.sha256,
                fields=told,
            )
        )
    # As the descriptor has them, and the descriptor itself last.
    order = {path: place for place, path in enumerate(by_path)}
    return tuple(sorted(found, key=lambda file: order.get(file.key, len(order))))


def _tables(package: Package, files: tuple[File, ...], which: str) -> dict[str, Table]:
    """The tables that go into the DataStore: `data`, `all`, or `none`.

    Code lists are tables in a folder below; they are the same in every data set.
    """
    by_key = {file.key: file for file in files}
    found = {}
    for name, said in package.resources.items():
        path = str(said.get("path", ""))
        wanted = which == "all" or (which == "data" and "/" not in path)
        if wanted and path.endswith(".csv") and fields(package, name) and path != DESCRIPTOR:
            found[path] = Table(package, name, path, by_key[path].sha256)
    return found


def _quality(package: Package, *, waived: bool) -> dict[str, str]:
    """How many findings of each severity travel with the data."""
    found = [str(row.get("severity")) for row in package.table("finding")] if package.ours else []
    told = {severity: found.count(severity) for severity in SEVERITIES if package.ours}
    if waived:
        findings = validate(package.folder).findings
        told["error"] = sum(finding.severity == "error" for finding in findings)
    return {f"findings_{severity}": str(count) for severity, count in told.items()}
