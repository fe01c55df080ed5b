"""What a thing is that somebody wants checked: by what it holds, and by its name where that says no more."""

import csv
import json
import re
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import Any
from zipfile import BadZipFile, ZipFile

from opendata.checks import graphs
from opendata.converters.descriptor import DESCRIPTOR
from opendata.errors import DocumentError, PackageError

MAX_JSON = 16 * 1024 * 1024
MAX_FILES = 10_000  # of a folder
_HEAD = 64 * 1024

KINDS = {
    "document": ("公开文件", "document"),
    "package": ("数据包", "data package"),
    "archive": ("压缩的数据包", "data package in a zip"),
    "csvw": ("CSVW 元数据及其表格", "CSVW metadata with its tables"),
    "table": ("CSV 表格", "CSV"),
    "graph": ("RDF 图", "RDF"),
}
TABLES = (".csv", ".tsv", ".tab")
_CSVW = "http://www.w3.org/ns/csvw"
_COVER = re.compile(r"20\d{2}年度?\D{0,30}?(?:预算|决算)")
_SCHEMAS = ("{stem}.schema.json", "{name}.schema.json", "tableschema.json")


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    """A thing to check: its kind, a key of `KINDS`, its files, and the Table Schema of a CSV."""

    kind: str
    files: tuple[Path, ...]
    schema: Path | None = None


def identify(path: Path, schema: Path | None = None) -> Subject:
    """What lies at a path.

    Raises:
        DocumentError: there is no file, or one that nobody can read.
        PackageError: it is a folder or a JSON file of nothing that can be checked.
    """
    head = _head(path)
    if head is None:
        return _folder(path)
    if head.startswith(b"PK\x03\x04"):
        return Subject(kind="archive" if _holds_data(path) else "document", files=(path,))
    if graphs.syntax(path, head):
        return Subject(kind="graph", files=(path,))
    text = _text(head)
    if text[:1] in ("{", "["):
        return _json_subject(path, schema)
    schema = schema or schema_beside(path)
    if schema is None and (metadata := metadata_beside(path)):
        return Subject(kind="csvw", files=(metadata,))
    kind = "table" if schema or _is_table(path, text) else "document"
    return Subject(kind=kind, files=(path,), schema=schema)


def schema_beside(path: Path) -> Path | None:
    """The Table Schema that lies beside a CSV, by its name; `tableschema.json` is for a CSV only."""
    if path.suffix.lower() not in TABLES:
        return None
    names = (name.format(stem=path.stem, name=path.name) for name in _SCHEMAS)
    return next((found for name in names if (found := path.with_name(name)).is_file()), None)


def metadata_beside(path: Path) -> Path | None:
    """The CSVW metadata that lie beside a CSV where the standard looks for them, and describe it."""
    if path.suffix.lower() not in TABLES:
        return None
    for name in (f"{path.name}-metadata.json", "csv-metadata.json"):
        found = path.with_name(name)
        try:
            content = load_json(found) if found.is_file() else None
        except PackageError:
            continue
        if content is None or not is_csvw(content):
            continue
        tables = content.get("tables", [content])
        some = tables if isinstance(tables, list) else []
        if any(isinstance(table, dict) and table.get("url") == path.name for table in some):
            return found
    return None


def load_json(path: Path) -> Any:
    """The content of a JSON file.

    Raises:
        PackageError: it is missing, too large, nested too deep, or no JSON.
    """
    try:
        if not path.is_file():
            raise ValueError("no regular file")
        if path.stat().st_size > MAX_JSON:
            raise ValueError(f"more than {MAX_JSON:,} bytes")
        return json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        why = "nested too deep" if isinstance(error, RecursionError) else str(error)
        raise PackageError(
            f"{path}：不是可读的 JSON（{why}）；请检查文件是否完整。",
            f"{path}: is no readable JSON ({why}); check that the file is whole.",
        ) from error


def is_csvw(content: object) -> bool:
    """Whether a JSON content says that it is CSVW metadata."""
    context = content.get("@context") if isinstance(content, dict) else None
    return _CSVW in (context if isinstance(context, list) else [context])


def _json_subject(path: Path, schema: Path | None) -> Subject:
    content = load_json(path)
    if is_csvw(content):
        return Subject(kind="csvw", files=(path,))
    if isinstance(content, dict) and isinstance(content.get("fields"), list):
        raise PackageError(
            f"{path}：这是表格的结构（Table Schema）；请给出表格：opendata validate 表格.csv --schema {path}。",
            f"{path}: this is a Table Schema; name its table: opendata validate TABLE.csv --schema {path}.",
        )
    if isinstance(content, dict) and ("resources" in content or path.name.endswith(DESCRIPTOR)):
        return Subject(kind="package", files=(path,))
    del schema
    raise PackageError(
        f"{path}：这个 JSON 既不是数据包描述文件（resources），也不是 CSVW 元数据或 JSON-LD（@context）。",
        f"{path}: this JSON is no descriptor of a data package (resources), no CSVW metadata and no "
        "JSON-LD (@context).",
    )


def _folder(path: Path) -> Subject:
    if (path / DESCRIPTOR).is_file():
        return Subject(kind="package", files=(path,))
    files = _files(path)
    found: dict[str, list[Path]] = {"package": [], "csvw": []}
    for file in files:
        if file.suffix.lower() == ".json" and (kind := _json_kind(file)):
            found[kind].append(file)
    found["graph"] = [f for f in files if f.suffix.lower() in graphs.SUFFIXES]
    found["table"] = [f for f in files if f.suffix.lower() in TABLES]
    kind = next((kind for kind, some in found.items() if some), None)
    if kind is None:
        raise PackageError(
            f"{path}：文件夹中没有可检查的内容：需要 datapackage.json（opendata convert 生成数据包）、"
            "CSVW 元数据、CSV 或 RDF 文件；公开文件请逐个给出。",
            f"{path}: nothing in this folder can be checked: wanted a datapackage.json (opendata convert "
            "makes packages), CSVW metadata, CSV or RDF files; name documents one by one.",
        )
    if kind == "package" and len(found[kind]) > 1:
        names = ", ".join(file.name for file in found[kind])
        raise PackageError(
            f"{path}：有几个描述文件（{names}）；请指定其中一个。",
            f"{path}: has several descriptors ({names}); name one of them.",
        )
    return Subject(kind=kind, files=tuple(found[kind]))


def _files(path: Path) -> list[Path]:
    """The regular files of a folder, by name; folders in it are not entered."""
    try:
        files = sorted(file for file in path.iterdir() if file.is_file())
    except OSError as error:
        raise PackageError(
            f"{path}：无法读取（{error.strerror}）。", f"{path}: cannot be read ({error.strerror})."
        ) from error
    if len(files) > MAX_FILES:
        raise PackageError(
            f"{path}：有 {len(files):,} 个文件，上限为 {MAX_FILES:,}；请指定其中一个。",
            f"{path}: holds {len(files):,} files and the limit is {MAX_FILES:,}; name one of them.",
        )
    return files


def _json_kind(path: Path) -> str | None:
    """What a JSON file beside others is; one that is nothing to check is passed over."""
    try:
        content = load_json(path)
    except PackageError:
        return "package" if path.name.endswith(DESCRIPTOR) else None
    if is_csvw(content):
        return "csvw"
    resources = content.get("resources") if isinstance(content, dict) else None
    return "package" if isinstance(resources, list) else None


def _head(path: Path) -> bytes | None:
    """The first bytes of a file; None of a folder."""
    try:
        mode = path.stat().st_mode
        if S_ISDIR(mode):
            return None
        if not S_ISREG(mode):
            raise DocumentError(
                f"{path}：不是普通文件；请指定一个文件，或用“-”从标准输入读取。",
                f"{path}: is no regular file; name a file, or - for standard input.",
            )
        with path.open("rb") as file:
            return file.read(_HEAD)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise DocumentError(
            f"{path}：无法读取文件（{why}）；请检查路径和权限。",
            f"{path}: cannot be read ({why}); check the path and its permissions.",
        ) from error


def _text(head: bytes) -> str:
    """The beginning of a text, in whatever encoding; of anything else, nonsense."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return head.decode("utf-16", "ignore").lstrip("\ufeff \t\r\n")
    try:
        text = head[: head.rfind(b"\n") + 1 or None].decode("utf-8-sig")
    except UnicodeDecodeError:
        text = head.decode("gb18030", "ignore")
    return text.lstrip(" \t\r\n") if text[:1].isspace() and "\t" not in text[:2] else text


def _is_table(path: Path, text: str) -> bool:
    """Whether a text is a table of data, and no budget that was saved as CSV.

    A table's first line names its columns; a document's is a title, and tells year and budget.
    """
    if text[:1] == "<" or text.startswith(("{\\rtf", "%PDF", " \t")):
        return False
    start = text[:4096]
    delimiter = max("\t;|,", key=start.partition("\n")[0].count)
    try:
        rows = [row for row in csv.reader(start.splitlines(), delimiter=delimiter) if row][:3]
    except csv.Error:
        rows = []
    header = rows[0] if rows else []
    named = len(header) > 1 and all(header) and len(set(header)) == len(header)
    if path.suffix.lower() in TABLES:
        return named or not _COVER.search(start)
    if path.suffix:
        even = named and len(rows) > 1 and len(rows[1]) == len(header)
    else:  # standard input, say: nothing but what it holds tells
        even = not text[:1].isspace() and len(rows) > 1 and all(len(row) > 1 for row in rows[:2])
    return (even or (named and not path.suffix)) and not _COVER.search(start)


def _holds_data(path: Path) -> bool:
    """Whether a zip holds a data package, CSVW, or tables, and not an office document."""
    try:
        with ZipFile(path) as archive:
            names = [name.lower() for name in archive.namelist()[:MAX_FILES]]
    except (BadZipFile, OSError, ValueError, NotImplementedError):
        return False
    office = ("[content_types].xml", "mimetype", "ofd.xml")
    if any(name in office or name.startswith(("word/", "xl/")) for name in names):
        return False
    return any(name.endswith((".json", *TABLES, *graphs.SUFFIXES)) for name in names)
