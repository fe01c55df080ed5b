"""Packages as strangers hand them in: a report or a clear error, and never the network."""

import csv
import hashlib
import json
import shutil
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pyoxigraph import RdfFormat, parse

import opendata
from opendata.checks import validate
from opendata.cli import main
from opendata.errors import OpendataError, QueryError
from opendata.store import ask, load

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "datapackages/430105-306001-2023/source/kaifu-chengguan-2023.txt"
DELETE = "(deleted)"


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package of the document's first pages: small, so that each check of it is quick."""
    folder = tmp_path_factory.mktemp("sound")
    lines = DOCUMENT.read_text(encoding="utf-8").split("\n")
    document = folder / "document.txt"
    document.write_text("\n".join([*lines[:72], *lines[105:210]]), encoding="utf-8")
    facts = ["--division", "430105", "--licence", "CC-BY-4.0"]
    assert main(["convert", str(document), "-o", str(folder / "package"), *facts]) == 0
    return folder / "package"


@pytest.fixture
def package(sound: Path, tmp_path: Path) -> Path:
    shutil.copytree(sound, tmp_path / "package")
    return tmp_path / "package"


def change(package: Path, edit: Callable[[dict[str, Any]], object]) -> None:
    """Edit the descriptor."""
    place = package / "datapackage.json"
    content = json.loads(place.read_text(encoding="utf-8"))
    edit(content)
    place.write_text(json.dumps(content), encoding="utf-8")


def seal(package: Path) -> None:
    """Make sizes and digests those of the files, so that nothing stops before the tables."""

    def edit(content: dict[str, Any]) -> None:
        for resource in content["resources"]:
            data = (package / resource["path"]).read_bytes()
            resource |= {"bytes": len(data), "hash": f"sha256:{hashlib.sha256(data).hexdigest()}"}

    change(package, edit)


def resource(content: dict[str, Any], name: str = "budget") -> dict[str, Any]:
    return next(r for r in content["resources"] if r["name"] == name)


def assert_fails_without_a_traceback(package: Path) -> None:
    assert main(["validate", str(package)]) in (1, 2)


@pytest.mark.parametrize(
    "path",
    [
        "../x",
        "/etc/passwd",
        "http://127.0.0.1:1/x",
        "file:///etc/passwd",
        "//host/x",
        "a\\b",
        "a\0b",
        "a" * 5000,
        "\ud800",
        "",
        ".",
        "source/../../x",
        5,
        None,
        ["budget.csv"],
        {"a": 1},
    ],
    ids=lambda path: ascii(path)[:24],
)
def test_a_resource_path_that_leads_elsewhere_is_an_error(package: Path, path: object) -> None:
    change(package, lambda content: resource(content).update(path=path))
    assert_fails_without_a_traceback(package)


@pytest.mark.parametrize("goal", ["/etc/passwd", "link", "../outside"])
def test_a_resource_that_is_a_link_to_elsewhere_is_an_error(package: Path, goal: str) -> None:
    (package / "link").symlink_to(goal)
    change(package, lambda content: resource(content).update(path="link"))
    assert_fails_without_a_traceback(package)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("schema", "http://127.0.0.1:1/schema.json"),
        ("schema", 5),
        ("schema", {"fields": 5}),
        ("dialect", "http://127.0.0.1:1/dialect.json"),
        ("profile", "http://127.0.0.1:1/profile.json"),
        ("bytes", "12"),
        ("bytes", -1),
        ("hash", "sha256:x"),
        ("hash", 5),
        ("name", "line"),
        ("name", None),
        ("name", {}),
    ],
    ids=str,
)
def test_a_resource_that_says_nonsense_is_an_error(package: Path, key: str, value: object) -> None:
    change(package, lambda content: resource(content).update({key: value}))
    assert_fails_without_a_traceback(package)


# Frictionless leaves a file open whose encoding it does not know.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("extrapaths", ["http://127.0.0.1:1/x.csv"]),
        ("format", "gsheets"),
        ("scheme", "http"),
        ("scheme", 5),
        ("encoding", "nonsense"),
    ],
    ids=str,
)
def test_words_that_steer_a_reader_make_no_traceback_and_ask_no_network(
    package: Path, key: str, value: object
) -> None:
    change(package, lambda content: resource(content).update({key: value}))
    assert main(["validate", str(package)]) in (0, 1)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("profile", "http://127.0.0.1:1/profile.json"),
        ("profile", "fiscal-data-package"),
        ("$schema", "http://127.0.0.1:1/profile.json"),
        ("$schema", 5),
        ("licenses", "x"),
        ("licenses", [1]),
        ("licenses", {"a": 1}),
        ("sources", "x"),
        ("sources", [1]),
        ("sources", 5),
        ("id", "no iri"),
        ("id", 5),
        ("title", {"a": 1}),
        ("name", "../x"),
        ("title", DELETE),
    ],
)
def test_a_descriptor_that_says_nonsense_makes_no_traceback_and_asks_no_network(
    package: Path, key: str, value: object
) -> None:
    def edit(content: dict[str, Any]) -> None:
        content.pop(key, None)
        if value != DELETE:
            content[key] = value

    change(package, edit)
    assert main(["publish", str(package), "--to", f"folder:{package.parent / 'site'}"]) in (0, 2)
    assert main(["query", "projects", str(package)]) in (0, 2)


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"{}", b'{"resources": 1}', b'{"resources": [1]}', b"[" * 100_000, b"\xff"],
    ids=lambda content: str(content[:20]),
)
@pytest.mark.parametrize("command", ["validate", "query", "publish", "convert"])
def test_a_broken_descriptor_could_not_run(
    tmp_path: Path, content: bytes, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "package"
    folder.mkdir()
    (folder / "datapackage.json").write_bytes(content)
    arguments = {
        "validate": [str(folder)],
        "query": ["projects", str(folder)],
        "publish": [str(folder), "--to", f"folder:{tmp_path / 'site'}"],
        "convert": [str(DOCUMENT), "-o", str(folder)],
    }[command]
    assert main([command, *arguments]) == 2
    assert "package" in capsys.readouterr().err
    assert (folder / "datapackage.json").read_bytes() == content


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("line", "amount", "NaN"),
        ("line", "amount", "sNaN"),
        ("line", "amount", "Infinity"),
        ("line", "amount", "1E99999"),
        ("indicator", "target_value", "1E4000000"),
        ("line", "source_unit", "furlong"),
        ("line", "document_table", "nowhere"),
        ("indicator", "document_table", "nowhere"),
        ("indicator", "document_table", ""),
        ("indicator", "unit", "furlong"),
        ("document_table", "kind", "furlong"),
        ("document_table", "amount_unit", "furlong"),
        ("finding", "severity", "fatal"),
        ("finding", "severity", ""),
        ("finding", "rule", ""),
        ("budget", "year", ""),
        ("budget", "year", "99999"),
        ("budget", "id", "../x"),
        ("budget", "issued", "2023-02-30"),
        ("section", "position", "1_0"),
        ("goal", "project", "nowhere"),
    ],
)
def test_a_cell_that_says_nonsense_is_an_error_of_the_data(
    package: Path, table: str, column: str, value: str
) -> None:
    path = package / f"{table}.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    rows[1][rows[0].index(column)] = value
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)
    seal(package)
    assert main(["validate", str(package)]) == 1


@pytest.mark.parametrize(
    ("name", "tail"),
    [
        ("line.csv", b"a,b\n"),
        ("line.csv", b"," * 100 + b"\n"),
        ("line.csv", b"\0\0\n"),
        ("line.csv", b"\xff\n"),
        ("line.csv", b'"open'),
        ("line.csv", b"x" * 2_000_000),
        ("budget.nt", b"<a> <b\n"),
        ("budget.nt", b"# \xff\n"),
        ("budget.nt", b"<http://a/> <http://b/> <http://c/> .\n"),
        ("budget.nt", b"<http://a/> <http://b/> <<( <http://a/> <http://b/> <http://c/> )>> .\n"),
        ("dataset.ttl", b"\xff"),
        ("dataset.ttl", b"<a"),
    ],
    ids=str,
)
def test_a_damaged_file_is_an_error_of_the_data(package: Path, name: str, tail: bytes) -> None:
    path = package / name
    path.write_bytes(path.read_bytes() + tail)
    seal(package)
    assert main(["validate", str(package)]) == 1


@pytest.mark.parametrize("name", ["budget.nt", "dataset.ttl", "line.csv", "budget.csv"])
def test_a_file_that_is_gone_is_an_error_of_the_data(package: Path, name: str) -> None:
    (package / name).unlink()
    rules = {finding.rule for finding in validate(package).findings}
    assert "file-missing" in rules


def foreign(folder: Path, files: dict[str, bytes], **descriptor: object) -> Path:
    folder.mkdir()
    for name, data in files.items():
        (folder / name).write_bytes(data)
    (folder / "datapackage.json").write_text(json.dumps(descriptor), encoding="utf-8")
    return folder


TABLE = {"name": "a", "path": "a.csv"}
ROWS = b"id,x\n1,2\n"


@pytest.mark.parametrize(
    ("files", "descriptor"),
    [
        ({"a.csv": ROWS}, {"resources": [TABLE], "title": "T"}),
        ({"a.csv": ROWS}, {"resources": [TABLE]}),
        ({"a.csv": ROWS}, {"resources": [TABLE | {"name": "budget"}], "title": "T"}),
        ({"a.csv": ROWS}, {"resources": [TABLE], "title": "T", "id": "b03ec84-77fd"}),
        (
            {"a.ttl": b"<http://a/> <http://b/> _:c ."},
            {
                "resources": [{"name": "dataset-ttl", "path": "a.ttl"}],
                "id": "b03ec84-77fd",
            },
        ),
        (
            {"a.csv": ROWS},
            {
                "resources": [TABLE | {"title": "<script>alert(1)</script>"}],
                "title": "</title><script>alert(1)</script>",
                "description": "<a href='javascript:alert(1)'>x</a>",
            },
        ),
    ],
    ids=["plain", "no title", "a table named budget", "uuid", "uuid and graph", "script"],
)
def test_a_sound_package_of_strangers_is_published_and_the_site_stays_inert(
    tmp_path: Path, files: dict[str, bytes], descriptor: dict[str, object]
) -> None:
    folder = foreign(tmp_path / "package", files, name="foreign", **descriptor)
    assert main(["validate", str(folder)]) == 0
    assert main(["publish", str(folder), "--to", f"folder:{tmp_path / 'site'}"]) == 0
    for page in (tmp_path / "site").rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert "<script>" not in text
        assert "<a href='javascript" not in text
        assert 'href="javascript' not in text
    assert list(parse((tmp_path / "site/catalog.ttl").read_bytes(), RdfFormat.TURTLE))


def test_a_broken_catalogue_entry_of_strangers_is_an_error(tmp_path: Path) -> None:
    folder = foreign(
        tmp_path / "package",
        {"a.ttl": b"<a"},
        name="foreign",
        title="T",
        resources=[{"name": "dataset-ttl", "path": "a.ttl"}],
    )
    assert main(["publish", str(folder), "--to", f"folder:{tmp_path / 'site'}"]) == 2
    assert not (tmp_path / "site").exists()


@pytest.mark.parametrize("kind", ["package", "pipeline", "catalog"])
def test_a_package_inside_a_package_is_not_followed(tmp_path: Path, kind: str) -> None:
    inner = b'{"name": "n", "resources": [{"name": "z", "path": "http://127.0.0.1:1/z.csv"}]}'
    folder = foreign(
        tmp_path / "package",
        {"n.json": inner},
        name="foreign",
        resources=[{"name": "a", "type": kind, "path": "n.json"}],
    )
    assert main(["validate", str(folder)]) in (0, 1)


def test_messages_from_a_package_cannot_command_the_terminal(
    package: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = package / "finding.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    rows[1][rows[0].index("rule")] = "of-another-hand"  # rules of ours are run again
    rows[1][rows[0].index("message_en")] = "\x1b[2J\x9b31mgone"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)
    main(["validate", str(package), "--all", "--lang", "en"])
    shown = capsys.readouterr().out
    assert "of-another-hand" in shown
    assert "\x1b" not in shown
    assert "\x9b" not in shown


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * {",
        "INSERT DATA { <a:a> <a:a> <a:a> }",
        "LOAD <file:///etc/passwd> {}",
        "CLEAR ALL {}",
        "nothing",
    ],
)
def test_what_is_no_question_could_not_run(sound: Path, query: str) -> None:
    assert main(["query", query, str(sound)]) == 2


def test_a_query_may_not_ask_the_network(sound: Path) -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        server.settimeout(0)
        service = f"SERVICE <http://127.0.0.1:{server.getsockname()[1]}/> {{ ?s ?p ?o }}"
        store = load([sound])
        server.close()
        with pytest.raises(QueryError, match="SERVICE"):
            ask(store, f"SELECT * {{ {service} }}")
        with pytest.raises(QueryError, match="SERVICE"):
            ask(store, f"SELECT * {{ {service.replace('SERVICE', 'SERVICE SILENT')} }}")


def test_from_reads_no_file(sound: Path) -> None:
    found = ask(load([sound]), "SELECT ?s FROM <file:///etc/hostname> { ?s ?p ?o }")
    assert not found.rows


@pytest.mark.parametrize("limit", ["-1", "x"])
def test_a_limit_below_nothing_is_refused(sound: Path, limit: str) -> None:
    try:
        code: object = main(["query", "projects", str(sound), "--limit", limit])
    except SystemExit as stop:
        code = stop.code
    assert code == 2


def test_two_packages_of_one_id_are_not_mixed(
    sound: Path, package: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = package / "budget.nt"
    path.write_text(path.read_text(encoding="utf-8").replace("2023年餐饮", "2024年餐饮"))
    assert main(["query", "projects", str(sound), str(package)]) == 2
    assert str(package) in capsys.readouterr().err


def test_the_library_refuses_what_is_no_package(tmp_path: Path) -> None:
    for place in (DOCUMENT, tmp_path, tmp_path / "nothing"):
        with pytest.raises(OpendataError):
            opendata.open(place)
    with pytest.raises(OpendataError):
        opendata.parse(tmp_path)
