"""Anything may be handed to `validate`: the answer is a finding or a clear error, in bounds, and no network."""

import io
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from opendata.checks import remote, validate
from opendata.checks.tables import structure
from opendata.checks.tables.patterns import wrong as explodes
from opendata.errors import DocumentError, OpendataError, PackageError
from opendata.store import load

CSVW = "http://www.w3.org/ns/csvw"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
TABLE = {"name": "a", "path": "a.csv"}
EXPLODING = "(a+)+$"
TOLD = "tabular-constraint-error"


def write(place: Path, content: str | bytes) -> Path:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(content if isinstance(content, bytes) else content.encode())
    return place


def package(folder: Path, *resources: dict[str, Any], **files: str | bytes) -> Path:
    for name, content in files.items():
        write(folder / f"{name}.csv", content)
    write(folder / "datapackage.json", json.dumps({"name": "p", "resources": resources}))
    return folder


def rules(subject: Path, **options: Any) -> list[str]:
    return sorted({f.rule for f in validate(subject, **options).findings})


def csvw(folder: Path, column: dict[str, Any], rows: str | bytes, **more: Any) -> Path:
    schema = {"columns": [{"name": "v"} | column]}
    write(folder / "a.csv", rows)
    metadata = {"@context": CSVW, "url": "a.csv", "tableSchema": schema} | more
    return write(folder / "csv-metadata.json", json.dumps(metadata))


# --- descriptors -----------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["schema", "dialect"])
@pytest.mark.parametrize(
    "place", ["../s.json", "/etc/passwd", "http://127.0.0.1:1/s.json", "none.json", "."]
)
def test_a_part_of_a_descriptor_that_is_elsewhere_is_an_error(
    tmp_path: Path, key: str, place: str
) -> None:
    write(tmp_path / "s.json", '{"fields": []}')
    folder = package(tmp_path / "p", TABLE | {key: place}, a="id\n1\n")
    assert rules(folder) == ["descriptor"]


@pytest.mark.parametrize("deep", [500, 20_000])
@pytest.mark.parametrize("name", ["datapackage.json", "x.json", "csv-metadata.json", "x.jsonld"])
def test_deep_json_is_an_error(tmp_path: Path, deep: int, name: str) -> None:
    for start in ('{"a": ', '{"@context": {"a": "http://a"}, "a": ', "["):
        end = "]" if start == "[" else "}"
        with pytest.raises(OpendataError, match=r"no readable JSON|nested|no descriptor"):
            validate(write(tmp_path / name, start * deep + "1" + end * deep))


def test_foreign_keys_in_a_circle_end(tmp_path: Path) -> None:
    def resource(name: str, other: str) -> dict[str, Any]:
        key = {"fields": "to", "reference": {"resource": other, "fields": "id"}}
        schema = {"fields": [{"name": "id"}, {"name": "to"}], "foreignKeys": [key]}
        return {"name": name, "path": f"{name}.csv", "schema": schema}

    folder = package(
        tmp_path, resource("a", "b"), resource("b", "a"), a="id,to\n1,2\n", b="id,to\n2,3\n"
    )
    assert rules(folder) == ["tabular-foreign-key"]


# --- tables ----------------------------------------------------------------------------------------


def test_a_line_without_end_is_a_finding_and_is_not_held(tmp_path: Path) -> None:
    line = tmp_path / "long.csv"
    with line.open("wb") as file:
        file.write(b"id,name\n1,")
        for _ in range(100):
            file.write(b"x" * 1024 * 1024)
    assert rules(line) == ["tabular-source-error"]
    (tmp_path / "p").mkdir()
    line = line.rename(tmp_path / "p/a.csv")
    assert rules(package(tmp_path / "p", TABLE)) == ["tabular-source-error"]
    metadata = {"@context": CSVW, "url": "a.csv"}
    assert rules(write(tmp_path / "p/x-metadata.json", json.dumps(metadata))) == [
        "tabular-source-error"
    ]


@pytest.mark.parametrize("start", ["", "id,name\n"])
def test_a_line_of_commas_makes_a_bounded_report(tmp_path: Path, start: str) -> None:
    report = validate(write(tmp_path / "x.csv", start + "," * 1_000_000))
    assert 1 <= len(report.findings) <= structure.MAX_FINDINGS


@pytest.mark.parametrize(
    "rows",
    [
        b"id\n\0\n",
        b"\0\0\0\0",
        b"id\n" + "长沙市".encode() + b"\n" + "开福区城市".encode("gb18030") + b"\n",
        b"\xff\xfei\0d\0\n\0\x00\xd8\n\0",
        b"id\n\xff\xff\n",
        b'id\n"' + b"x" * 2_000_000 + b'"\n',
    ],
    ids=["NUL", "only NUL", "mixed", "half of UTF-16", "no text", "a cell of 2 MB"],
)
def test_a_csv_that_is_no_text_is_a_finding_and_stops_nothing(tmp_path: Path, rows: bytes) -> None:
    schema = write(tmp_path / "s.json", '{"fields": [{"name": "id"}]}')
    assert rules(write(tmp_path / "a.csv", rows))
    assert rules(tmp_path / "a.csv", schema=schema)
    assert rules(csvw(tmp_path / "c", {}, rows))


@pytest.mark.parametrize(
    "pattern",
    [
        "(a+)+$", "(a|aa)+$", "(.*a){20}", "(a?a)*b", "^(([a-z])+.)+[A-Z]([a-z])+$", "(x+x+)+y",
        r"(\w+\s?)*\.", "((a{1,100}){1,100}){1,100}",
    ],
)  # fmt: skip
def test_a_pattern_that_explodes_is_told_and_not_run(tmp_path: Path, pattern: str) -> None:
    rows = "v\n" + "a" * 5000 + "!\n"
    field = {"name": "v", "type": "string", "constraints": {"pattern": pattern}}
    schema = {"fields": [field]}
    assert rules(package(tmp_path / "p", TABLE | {"schema": schema}, a=rows)) == ["descriptor"]
    apart = write(tmp_path / "p/s.json", json.dumps(schema))
    assert rules(tmp_path / "p/a.csv", schema=apart) == ["descriptor"]
    assert rules(package(tmp_path / "p", TABLE | {"schema": "s.json"})) == ["descriptor"]
    place = csvw(tmp_path / "c", {"datatype": {"base": "string", "format": pattern}}, rows)
    assert rules(place) == ["csvw-datatype"]


@pytest.mark.parametrize("pattern", [".*.*.*.*b", r".*a.*b.*c.*d", "(a*)(a*)(a*)(a*)b", "a*b"])
def test_a_pattern_that_is_slow_on_long_texts_is_not_run_on_them(
    tmp_path: Path, pattern: str
) -> None:
    rows = "v\n" + "a" * 900_000 + "!\n"
    schema = {"fields": [{"name": "v", "type": "string", "constraints": {"pattern": pattern}}]}
    assert rules(package(tmp_path / "p", TABLE | {"schema": schema}, a=rows)) == [TOLD]
    apart = write(tmp_path / "p/s.json", json.dumps(schema))
    assert rules(tmp_path / "p/a.csv", schema=apart) == [TOLD]
    slow = pattern != "a*b"  # it is tried at the beginning of a text only
    found = rules(package(tmp_path / "p", TABLE | {"schema": "s.json"}))
    assert found == (["descriptor"] if slow else [TOLD])
    place = csvw(tmp_path / "c", {"datatype": {"base": "string", "format": pattern}}, rows)
    assert rules(place) == ["csvw-cell"]


@pytest.mark.parametrize(
    "pattern",
    [
        "^[0-9A-Za-z-]+$", "[a-z0-9]+(-[a-z0-9]+)*", r"\d{4}-\d{2}-\d{2}", r"[^@]+@[^@]+\.[^@]+",
        "([一-龥]+、)*[一-龥]+", r"\d+\.\d+\.\d+\.\d+", "(ab|cd)*", "https?://.*", "/gregorian-year/[0-9]{4}$",
    ],
)  # fmt: skip
def test_a_pattern_that_people_write_is_run(pattern: str) -> None:
    assert explodes(pattern) is None


# --- graphs ----------------------------------------------------------------------------------------


def rdf_xml(subset: str, text: str) -> str:
    return (
        f'<?xml version="1.0"?><!DOCTYPE r [{subset}]><r:RDF xmlns:r="{RDF}" xmlns:e="http://e/">'
        f'<r:Description r:about="http://a"><e:p>{text}</e:p></r:Description></r:RDF>'
    )


LAUGHS = '<!ENTITY a0 "ha">' + "".join(f'<!ENTITY a{n + 1} "{f"&a{n};" * 10}">' for n in range(12))


@pytest.mark.parametrize(
    "content",
    [
        rdf_xml(LAUGHS, "&a12;"),
        rdf_xml('<!ENTITY a "&#38;b;"><!ENTITY b "&#38;a;">', "&a;"),
        rdf_xml(f'<!ENTITY a "{"x" * 100_000}">', "&a;" * 100_000),
        rdf_xml('<!ENTITY a SYSTEM "file:///etc/passwd">', "&a;"),
        rdf_xml('<!ENTITY a PUBLIC "x" "http://127.0.0.1:1/x">', "&a;"),
        rdf_xml('<!ENTITY % a SYSTEM "http://127.0.0.1:1/x"> %a;', ""),
        rdf_xml("".join(f'<!ENTITY a{n} "x">' for n in range(1000)), ""),
        rdf_xml(" " * 2_000_000 + '<!ENTITY a "x">', "&a;"),
    ],
    ids=["laughs", "circle", "by the square", "file", "network", "parameter", "many", "far"],
)
def test_an_entity_bomb_is_refused(tmp_path: Path, content: str) -> None:
    with pytest.raises(PackageError, match="entities"):
        validate(write(tmp_path / "x.rdf", content))


def test_an_entity_bomb_is_refused_under_any_name_and_encoding(tmp_path: Path) -> None:
    bomb = rdf_xml(LAUGHS, "&a12;")
    with pytest.raises(PackageError, match="entities"):
        validate(write(tmp_path / "x.xml", bomb))
    with pytest.raises(PackageError, match="in UTF-8"):
        validate(write(tmp_path / "x.rdf", bomb.encode("utf-16")))


def test_entities_that_people_write_are_read(tmp_path: Path) -> None:
    place = write(
        tmp_path / "x.owl",
        rdf_xml('<!ENTITY owl "http://www.w3.org/2002/07/owl#" >', "&owl;Class &amp; more"),
    )
    assert rules(place) == ["graph-unknown"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.jsonld", '{"http://e/p":' * 20_000 + '"x"' + "}" * 20_000),
        ("x.jsonld", '{"@id": "http://a", "http://e/p":' + "[" * 20_000 + "]" * 20_000 + "}"),
        ("x.jsonld", '{"@id": "http://a", "http://e/p": "\\"' + "{" * 100 + '"}' + "[" * 20_000),
        ("x.nt", "<http://a> <http://b> " + "<<( <http://a> <http://b> " * 20_000),
        ("x.ttl", "<http://a> <http://b> " + "<<( <http://a> <http://b> " * 20_000),
        ("x.trig", "<< " * 20_000),
    ],
    ids=["objects", "lists", "strings", "nt", "ttl", "trig"],
)
def test_a_deep_graph_is_refused(tmp_path: Path, name: str, content: str) -> None:
    with pytest.raises(PackageError, match="is nested more than"):
        validate(write(tmp_path / name, content))


DEEP = (
    "<http://a> <http://b> "
    + "<<( <http://a> <http://b> " * 20_000
    + "<http://o>"
    + " )>>" * 20_000
    + " ."
)


def test_deep_shapes_are_refused(tmp_path: Path) -> None:
    graph = write(tmp_path / "x.ttl", "<http://a> <http://b> <http://c> .")
    with pytest.raises(PackageError, match="is nested more than"):
        validate(graph, shapes=write(tmp_path / "shapes.ttl", DEEP))


@pytest.mark.parametrize("name", ["dataset.ttl", "budget.ttl", "budget.nt"])
def test_a_deep_graph_in_a_package_is_refused(package: Path, name: str) -> None:
    write(package / name, DEEP)
    descriptor = json.loads((package / "datapackage.json").read_text(encoding="utf-8"))
    for resource in descriptor["resources"]:
        if resource["path"] == name:
            del resource["hash"], resource["bytes"]
    write(package / "datapackage.json", json.dumps(descriptor))
    with pytest.raises(PackageError, match="is nested more than"):
        validate(package)


def test_a_deep_graph_is_not_loaded_to_be_asked(package: Path) -> None:
    write(package / "budget.nt", DEEP)
    with pytest.raises(PackageError, match="is nested more than"):
        load([package])


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.trig", "<http://a> <http://b> " + "[<http://b> " * 20_000 + "1" + "]" * 20_000 + " ."),
        ("x.trig", "<http://a> <http://b> " + "(" * 20_000 + "1" + ")" * 20_000 + " ."),
        ("x.nq", '<http://a> <http://b> "' + "<<" * 10 + '" .\n'),
        ("x.rdf", f'<r:RDF xmlns:r="{RDF}" xmlns:e="http://e/">' + "<r:Description><e:p>" * 2000 + "</e:p></r:Description>" * 2000 + "</r:RDF>"),
    ],
    ids=["blank nodes", "lists", "signs in a text", "xml"],
)  # fmt: skip
def test_a_graph_that_is_long_and_not_deep_for_its_reader_is_read(
    tmp_path: Path, name: str, content: str
) -> None:
    assert rules(write(tmp_path / name, content)) == ["graph-unknown"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.jsonld", '{"@context": "http://127.0.0.1:1/c", "@id": "http://a"}'),
        ("x.jsonld", '{"@context": ["https://schema.org/"], "@id": "http://a"}'),
        ("x.jsonld", '{"@context": {"@import": "http://127.0.0.1:1/c"}, "@id": "http://a"}'),
        ("x.rdf", "<r:RDF"),
        ("x.nq", "<http://a"),
        ("x.trig", b"\xff\xfe<"),
        ("x.jsonld", '{"@id": 5}'),
    ],
    ids=str,
)
def test_a_graph_that_cannot_be_read_is_a_finding_and_nothing_is_fetched(
    tmp_path: Path, name: str, content: str
) -> None:
    assert rules(write(tmp_path / name, content)) == ["syntax"]


# --- zips ------------------------------------------------------------------------------------------


def packed(place: Path, *entries: tuple[str | zipfile.ZipInfo, bytes]) -> Path:
    with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries:
            archive.writestr(name, data)
    return place


def link() -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo("a.csv")
    entry.external_attr = 0o120777 << 16
    return entry


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ([("x.csv", b"0" * 200_000_000)], "200,000,000 bytes"),
        ([(f"{n}.csv", b"") for n in range(remote.MAX_FILES + 1)], "files"),
        ([("../x.csv", b"a,b\n")], "leads out"),
        ([("/x.csv", b"a,b\n")], "leads out"),
        ([("a\\..\\..\\x.csv", b"a,b\n")], "leads out"),
        ([(link(), b"/etc/passwd")], "a link"),
        ([("x.csv", b"a,b\n"), ("x.csv/y.csv", b"a,b\n")], "no zip that can be checked"),
        ([("x.csv/", b""), ("x.csv", b"a,b\n")], None),
    ],
    ids=["bomb", "many", "above", "root", "backslashes", "link", "file and folder", "folder and file"],
)  # fmt: skip
def test_a_zip_that_would_harm_is_refused(
    tmp_path: Path, entries: list[tuple[str, bytes]], message: str | None
) -> None:
    place = packed(tmp_path / "x.zip", *entries)
    if message is None:
        assert rules(place) == []
        return
    with pytest.raises(PackageError, match=message):
        validate(place)
    assert not (tmp_path / "x.csv").exists()


def test_a_zip_that_is_broken_is_an_error(tmp_path: Path) -> None:
    data = packed(tmp_path / "x.zip", ("x.csv", b"a,b\n" * 1000)).read_bytes()
    for bad in (data[:40], data[:-10], data[:30] + b"\xff" * 20 + data[50:]):
        with pytest.raises(OpendataError):
            validate(write(tmp_path / "y.zip", bad))


def test_a_zip_in_a_zip_is_not_unpacked(tmp_path: Path) -> None:
    inner = packed(tmp_path / "x.zip", ("x.csv", b"a,b\n")).read_bytes()
    with pytest.raises(OpendataError):
        validate(packed(tmp_path / "y.zip", ("x.zip", inner)))


# --- things that are no files ----------------------------------------------------------------------


def assert_refused(subject: Path) -> None:
    """Told within the process of its own that it has, for what is waited for has no end."""
    done = subprocess.run(
        [sys.executable, "-m", "opendata.cli", "validate", str(subject)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        check=False,
        timeout=120,
    )
    assert done.returncode in (1, 2)
    assert b"Traceback" not in done.stderr
    assert done.stdout or done.stderr


@pytest.mark.parametrize("name", ["x", "x.csv", "x.ttl", "datapackage.json", "csv-metadata.json"])
def test_a_pipe_is_not_waited_for(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / name)
    assert_refused(tmp_path / name)
    assert_refused(tmp_path)


@pytest.mark.parametrize("key", ["path", "schema", "dialect"])
def test_a_pipe_in_a_package_is_not_waited_for(tmp_path: Path, key: str) -> None:
    folder = package(tmp_path, TABLE | {key: "pipe.json"}, a="id\n1\n")
    os.mkfifo(folder / "pipe.json")
    assert_refused(folder)


@pytest.mark.parametrize("key", ["url", "tableSchema"])
def test_a_pipe_in_csvw_is_not_waited_for(tmp_path: Path, key: str) -> None:
    place = csvw(tmp_path, {}, "v\n", **{key: "pipe.csv"})
    os.mkfifo(tmp_path / "pipe.csv")
    assert_refused(place)


def test_a_pipe_beside_a_table_is_not_waited_for(tmp_path: Path) -> None:
    place = write(tmp_path / "x.csv", "id,name\n1\n")
    os.mkfifo(tmp_path / "x.schema.json")
    assert_refused(place)


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/null", "/dev/stdin", "/proc/self/mem"])
def test_a_device_is_not_read(tmp_path: Path, device: str) -> None:
    assert_refused(Path(device))
    (tmp_path / "x.csv").symlink_to(device)
    assert_refused(tmp_path / "x.csv")


def test_links_in_a_circle_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.csv").symlink_to("b.csv")
    (tmp_path / "b.csv").symlink_to("a.csv")
    with pytest.raises(DocumentError, match="cannot be read"):
        validate(tmp_path / "a.csv")
    with pytest.raises(PackageError, match="nothing in this folder"):
        validate(tmp_path)
    assert rules(package(tmp_path, TABLE)) == ["descriptor"]
    metadata = {"@context": CSVW, "url": "a.csv"}
    assert rules(write(tmp_path / "x-metadata.json", json.dumps(metadata))) == ["csvw-url"]


def test_a_folder_that_holds_itself_is_not_entered(tmp_path: Path) -> None:
    (tmp_path / "inner").symlink_to(tmp_path)
    write(tmp_path / "x.csv", "id,name\n1\n")
    assert rules(tmp_path) == ["tabular-missing-cell"]


@pytest.mark.parametrize("name", ["a\0b", "a" * 5000, "\ud800", ""])
def test_a_path_that_is_none_is_an_error(name: str) -> None:
    with pytest.raises(OpendataError):
        validate(name)


def test_standard_input_without_end_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    class Endless(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            assert 0 < size <= 1025
            return b"x" * size

    monkeypatch.setattr(remote, "MAX_BYTES", 1024)
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=Endless()))
    with pytest.raises(DocumentError, match="more than 1,024 bytes"):
        validate("-")
