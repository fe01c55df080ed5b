"""A delivery for portals that take data by hand, as Chinese government portals do: one zip.

It holds every package as it is, and beside it a workbook and JSON; a catalogue sheet with what the
guide to government information resources (政务信息资源目录编制指南（试行）, 2017) asks for, as far
as it is known; a DCAT catalogue; and the SHA-256 of every file.
"""

import shutil
import zlib
from collections.abc import Collection, Iterable
from hashlib import file_digest
from pathlib import Path
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile, ZipInfo

from opendata.converters.catalog import write_triples
from opendata.converters.descriptor import DESCRIPTOR
from opendata.errors import OutputError
from opendata.output import Written, describe, locked, write
from opendata.package import Package, catalogue, open_package
from opendata.portals.files import copy_files, safe_name, scratch
from opendata.portals.plan import Entry, Plan, compare
from opendata.workbook import (
    Sheet,
    fields,
    table_sheet,
    texts,
    write_json,
    write_workbook,
)

SUMS = "SHA256SUMS"
MAX_SUMS = 16 * 1024 * 1024
MAX_ENTRY = 4 * 1024**3
RESOURCES = (
    "信息资源名称",
    "信息资源代码",
    "信息资源提供方",
    "提供方代码",
    "信息资源摘要",
    "信息资源格式",
    "是否向社会开放",
    "开放条件",
    "更新周期",
    "发布日期",
)
ITEMS = ("信息资源代码", "数据表", "信息项名称", "字段名", "数据类型", "是否必填", "说明")
_DATE = (1980, 1, 1, 0, 0, 0)  # the first that a zip can hold: no run has a time of its own


def publish(folders: Iterable[Path], place: str, *, dry_run: bool = False) -> Plan:
    """Write packages into a zip, or say how it would differ from the one that is there.

    Raises:
        OutputError: the file cannot be written, or is something else.
    """
    target = Path(place)
    if target.suffix.lower() != ".zip":
        raise OutputError(
            f"{place}：交付包应是 .zip 文件。", f"{place}: a delivery bundle is a .zip file."
        )
    old = _present(target)
    with scratch() as elsewhere:
        files = _build(elsewhere, [open_package(folder) for folder in folders])
        plan = Plan(f"bundle:{place}", compare(old, files), applied=not dry_run)
        if not dry_run and not (plan.idle and target.exists()):
            _pack(target, elsewhere, files)
    return plan


def verify(folders: Iterable[Path], place: str) -> Plan:
    """How a bundle differs from packages; every file in it is read.

    Raises:
        OutputError: there is no bundle of ours.
    """
    target = Path(place)
    _expect(target)
    with scratch() as elsewhere:
        files = _build(elsewhere, [open_package(folder) for folder in folders])
    return Plan(f"bundle:{place}", compare(_present(target), files), applied=False)


def unpublish(entries: Iterable[Entry], place: str, *, dry_run: bool = False) -> Plan:
    """Take packages out of a bundle, which is made anew of those that stay; without any it goes.

    Raises:
        OutputError: there is no bundle of ours, or it cannot be written.
    """
    target, names = Path(place), {entry.name for entry in entries}
    _expect(target)
    old = _present(target)
    with scratch() as elsewhere:
        kept = [open_package(folder) for folder in _unpack(target, elsewhere / "kept", names)]
        (elsewhere / "new").mkdir()
        files = _build(elsewhere / "new", kept) if kept else []
        plan = Plan(f"bundle:{place}", compare(old, files), applied=not dry_run)
        if not dry_run and not plan.idle:
            if kept:
                _pack(target, elsewhere / "new", files)
            else:
                with locked(target):
                    target.unlink(missing_ok=True)
    return plan


def _expect(target: Path) -> None:
    if not target.exists():
        raise OutputError(f"{target}：没有这个文件。", f"{target}: there is no such file.")


def _unpack(target: Path, folder: Path, without: Collection[str]) -> list[Path]:
    """The packages in a bundle but for some, each in a folder: what its descriptor lists."""
    found = []
    try:
        with ZipFile(target) as bundle:
            entries = {info.filename: info for info in bundle.infolist()}
            for path in _sums(target):
                name, _, file = path.partition("/")
                if file != DESCRIPTOR or name in without:
                    continue
                _extract(bundle, entries[path], folder / name / file)
                package = open_package(folder / name)
                for resource in package.resources:
                    goal = package.path(resource)
                    inner = goal.relative_to(folder).as_posix()
                    if inner not in entries:
                        raise BadZipFile(inner)
                    _extract(bundle, entries[inner], goal)
                found.append(folder / name)
    except (BadZipFile, KeyError, zlib.error) as error:
        raise OutputError(
            f"{target}：交付包已损坏（{error}），没有改动；请重新发布其中要保留的数据包。",
            f"{target}: the bundle is damaged ({error}) and was left as it is; publish the packages "
            "that stay again.",
        ) from error
    return found


def _extract(bundle: ZipFile, entry: ZipInfo, goal: Path) -> None:
    if entry.file_size > MAX_ENTRY:
        raise BadZipFile(f"{entry.filename}: {entry.file_size:,} bytes")
    goal.parent.mkdir(parents=True, exist_ok=True)
    with bundle.open(entry) as data, goal.open("wb") as file:
        shutil.copyfileobj(data, file, 1 << 20)


def _present(target: Path) -> dict[str, str]:
    """The digests of the listed files that are really there; none where there is nothing yet."""
    listed = _sums(target)
    if not listed:
        return {}
    with ZipFile(target) as bundle:
        return {name: _digest(bundle, name) for name in bundle.namelist() if name in listed}


def _digest(bundle: ZipFile, name: str) -> str:
    """The digest of a file in a zip; none that can be right where it is broken."""
    try:
        with bundle.open(name) as file:
            return file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
    except (BadZipFile, OSError, zlib.error):
        return ""


def _sums(target: Path) -> dict[str, str]:
    """The digests of the files of an earlier bundle; none where there is nothing yet."""
    if not target.exists():
        return {}
    try:
        with ZipFile(target) as bundle:
            if bundle.getinfo(SUMS).file_size > MAX_SUMS:
                raise BadZipFile(SUMS)
            lines = bundle.read(SUMS).decode("utf-8").splitlines()
        return {path: digest for digest, _, path in (line.partition("  ") for line in lines)}
    except (OSError, KeyError, ValueError, BadZipFile) as error:
        raise OutputError(
            f"{target}：不是本程序写的交付包，没有改动；请另选文件名。",
            f"{target}: is no delivery bundle of ours and was left as it is; choose another name.",
        ) from error


def _build(folder: Path, found: list[Package]) -> list[Written]:
    """Every file of the bundle but the sums, in the order of their names."""
    for package in found:
        own = folder / safe_name(package)
        copy_files(package, own)
        tables = _tables(package)
        for name in tables:
            with _fresh(own / f"json/{name}.json").open("w", encoding="utf-8", newline="") as file:
                write_json(file, package, name)
        write_workbook(_fresh(own / f"{own.name}.xlsx"), (table_sheet(package, n) for n in tables))
    write_workbook(folder / "catalogue.xlsx", _catalogue_sheets(found))
    write(folder, "catalog.ttl", "text/turtle", lambda f: write_triples(f, catalogue(found)))
    paths = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
    return [describe(folder, path, "") for path in paths]


def _fresh(path: Path) -> Path:
    """A place for a file of ours, beside the package's own.

    Raises:
        OutputError: the package has a file there itself.
    """
    if path.exists():
        raise OutputError(
            f"{path.name}：数据包中已有同名文件；请改名。",
            f"{path.name}: the package has a file of this name itself; rename it.",
        )
    path.parent.mkdir(exist_ok=True)
    return path


def _tables(package: Package) -> list[str]:
    """The tables of a package that are CSV files with fields."""
    return [
        name
        for name, resource in package.resources.items()
        if str(resource.get("path", "")).endswith(".csv") and fields(package, name)
    ]


def _resource(package: Package) -> tuple[object, ...]:
    """A row of the catalogue; what nobody said stays empty."""
    said = package.descriptor
    budget = package.budget() if package.ours else None
    people = [c for c in said.get("contributors") or () if isinstance(c, dict)]
    publisher = next((c.get("title") for c in people if c.get("role") == "publisher"), None)
    return (
        said.get("title") or package.name,
        said.get("id") or package.name,
        publisher or (budget.department if budget else None),
        None,
        said.get("description"),
        "CSV、XLSX、JSON、RDF",
        "是",
        package.facts.licence_title or package.facts.licence,
        "每年" if budget else None,
        budget.issued if budget else said.get("created"),
    )


def _catalogue_sheets(found: list[Package]) -> list[Sheet]:
    items = [
        (
            package.descriptor.get("id") or package.name,
            name,
            field.get("title") or field.get("name"),
            field.get("name"),
            field.get("type"),
            "是" if (field.get("constraints") or {}).get("required") else "否",
            field.get("description"),
        )
        for package in found
        for name in _tables(package)
        for field in fields(package, name)
    ]
    return [
        Sheet("目录", RESOURCES, (False,) * len(RESOURCES), texts(map(_resource, found))),
        Sheet("信息项", ITEMS, (False,) * len(ITEMS), texts(items)),
    ]


def _pack(target: Path, folder: Path, files: list[Written]) -> None:
    """The zip, written beside the old one and renamed over it."""
    sums = "".join(f"{file.sha256}  {file.path}\n" for file in files)
    (folder / SUMS).write_text(sums, encoding="utf-8", newline="")
    new = target.with_name(f".{target.name}.new")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with locked(target):
            with ZipFile(new, "w") as bundle:
                for path in (*(file.path for file in files), SUMS):
                    info = ZipInfo(path, _DATE)
                    info.compress_type, info.external_attr = ZIP_DEFLATED, 0o644 << 16
                    with (folder / path).open("rb") as file, bundle.open(info, "w") as entry:
                        shutil.copyfileobj(file, entry, 1 << 20)
            new.replace(target)
    except OSError as error:
        new.unlink(missing_ok=True)
        raise OutputError(
            f"{target}：无法写入（{error.strerror or error}）；原有文件未动。",
            f"{target}: cannot be written ({error.strerror or error}); what was there is untouched.",
        ) from error
