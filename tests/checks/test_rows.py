"""The rows of a table, read here and by Frictionless: the same faults, one by one."""

import json
from functools import cache, partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from opendata.checks import tables
from opendata.checks.tables.rows import Fault
from opendata.package import Package

DIALECT = {
    "delimiter": ",",
    "lineTerminator": "\n",
    "quoteChar": '"',
    "doubleQuote": True,
    "header": True,
}
FIELDS = [
    {"name": "id", "type": "string", "constraints": {"required": True, "unique": True}},
    {"name": "n", "type": "integer", "constraints": {"minimum": 0}},
    {"name": "x", "type": "number"},
    {"name": "d", "type": "date"},
    {"name": "b", "type": "boolean"},
]
NUMBERS = [
    {"name": "id", "type": "integer"},
    {"name": "u", "type": "number", "constraints": {"unique": True}},
    {"name": "p", "type": "integer"},
]
TO_ITSELF = [{"fields": "p", "reference": {"resource": "", "fields": "id"}}]
HEAD = b"id,n,x,d,b\n"
ROW = b"a,1,1.5,2023-01-02,true\n"


def resource(name: str = "a", dialect: object = DIALECT, **schema: object) -> dict[str, Any]:
    told = {} if dialect is None else {"dialect": dialect}
    return {
        "name": name,
        "type": "table",
        "path": f"{name}.csv",
        "encoding": "utf-8",
        "schema": schema,
        **told,
    }


def both(
    folder: Path, files: dict[str, bytes], *resources: dict[str, Any]
) -> list[tuple[list[Fault] | None, list[Fault] | str]]:
    """The faults of each table as we read it, or None, and as Frictionless does."""
    from frictionless import Package as Reference

    for name, data in files.items():
        (folder / f"{name}.csv").write_bytes(data)
    descriptor = {"name": "p", "resources": list(resources)}
    package = Package(folder, descriptor)
    told = json.dumps(tables._local(descriptor))
    ours, theirs = (
        Reference.from_descriptor(json.loads(told), basepath=str(folder)) for _ in range(2)
    )
    ours.to_descriptor(validate=True)
    known = {one.name: tables._table(package, one, json.loads(told)) for one in ours.resources}
    keys = cache(partial(tables._keys, known))
    found = []
    for table, other in zip(known.values(), theirs.resources, strict=True):
        assert not isinstance(table, Fault)
        quick = tables._quick(table, keys)
        try:
            found.append((quick, tables._reference(other)))
        except (TypeError, ValueError) as error:
            found.append((quick, str(error)))
    return found


def assert_same(folder: Path, data: bytes, *, covered: bool = True, **told: Any) -> None:
    [(quick, reference)] = both(folder, {"a": data}, resource(**told))
    assert quick == reference if covered else quick is None


NASTY = {
    "sound": HEAD + ROW,
    "header only": HEAD,
    "empty": b"",
    "a blank line": b"\n",
    "blank lines": b"\n\n\n",
    "blank rows": HEAD + ROW + b"\n\n" + ROW + b",,,,\n,1,,,\n",
    "BOM": b"\xef\xbb\xbf" + HEAD + ROW,
    "CRLF": (HEAD + ROW).replace(b"\n", b"\r\n"),
    "CR": (HEAD + ROW).replace(b"\n", b"\r"),
    "no end of line": HEAD + b"a,1",
    "a line in a cell": HEAD + b'"a\nb",1,1,,\n"c\r\nd",x,,,\n',
    "quotes": HEAD + b'a"b"c,"1"2,2,,\n"a""b",1,,,\n',
    "an open quote": HEAD + b'"a,1,2\n' + ROW,
    "a space before a quote": HEAD + b'a, "1", 2,,\n' * 3,
    "spaces after commas": b"id, n, x, d, b\na, 1, 2, , \n",
    "signs of Python's numbers": HEAD + b"a,1_000,1_0.5,2023-1-2,TRUE\n",
    "spaces": HEAD + b"b, 12, inf,20230102,1\nc,12 ,NaN,2023-02-30,yes\n",
    "full width": HEAD + "b,１２,１.５,２０２３-０１-０２,0\n".encode(),
    "trailing spaces": HEAD + b"a ,1,,,\na,1,,,\na,2,,,\n",
    "NUL": HEAD + b"a\0,1,,,\n",
    "ragged": HEAD + b"a,1\na,1,2,,,,x,y\n\n",
    "a column less": b"id,n,x,d\na,1,2,2023-01-01\n",
    "columns more": b"id,n,x,d,b,e,e,id\na,1,2,,,1,2,3\na,1,2\n",
    "other labels": b"id,x,n,,d\na,1,2,3,4\n",
    "a label twice": b"id,id,x,d,b\na,1,,,\n",
    "labels with spaces": b" id ,n,x,d,b\n" + ROW,
    "many of the same": HEAD + ROW * 3000,
    "signaling NaN": HEAD + ROW * 10 + b"b,-1,sNaN,0001-01-01,\n",
    "other numbers": HEAD + b"a,+1,+.5,,\nb,-0,-0.0,,\nc,0x1,1.,,\nd,1e3,1e3,2023-01-01T00:00,\n",
    "None": HEAD + b"None,1,,,\n",
    "many digits": HEAD + b"a," + b"9" * 5000 + b",,,\n",
    "spaces of other kinds": HEAD + "\v,1,,,\n\xa0,\xa01,,,\na\u2028b,1,,,\n".encode(),
}


@pytest.mark.parametrize("data", NASTY.values(), ids=NASTY)
def test_a_nasty_file_has_the_faults_that_the_reference_finds(tmp_path: Path, data: bytes) -> None:
    assert_same(tmp_path, data, fields=FIELDS, primaryKey=["id"])


@pytest.mark.parametrize(
    "dialect",
    [
        None,
        {"header": False},
        {"delimiter": ";"},
        {"delimiter": ",", "quoteChar": "'", "skipInitialSpace": True},
        {"delimiter": "|", "header": True},
    ],
    ids=str,
)
@pytest.mark.parametrize(
    "data",
    [
        HEAD + ROW * 3,
        (HEAD + ROW).replace(b",", b";"),
        b"id\nx\ny\n",
        b"",
        HEAD + b"a, 1, 2, , \n" * 3,
        b"'id','n','x','d','b'\n'a','1','2','',''\n",
    ],
    ids=str,
)
def test_what_a_dialect_leaves_open_is_guessed_as_the_reference_guesses(
    tmp_path: Path, dialect: object, data: bytes
) -> None:
    assert_same(tmp_path, data, dialect=dialect, fields=FIELDS, primaryKey=["id"])


@pytest.mark.parametrize(
    "data",
    [
        b"id,u,p\n1,1,1\n01,1.0,2\n+1,1e0,3\n",
        b"id,u,p\n,,\n,,1\n1,,x\n2,,1\n1,y,7\n,1,\n1,1,1,1\n,,,\n",
        b"id,u,p\n" + b"".join(b"%d,%d,%d\n" % (i % 900, i, i + 3) for i in range(1300)),
        b"id,u\n1,1\n1,1\n",
        b"id\n1\n1\n\n\n",
    ],
    ids=lambda data: str(data[:24]),
)
@pytest.mark.parametrize(
    "schema",
    [
        {"primaryKey": ["id"], "foreignKeys": TO_ITSELF, "missingValues": ["", "-"]},
        {"primaryKey": ["id", "u"], "foreignKeys": TO_ITSELF},
        {"primaryKey": "p", "missingValues": ["1", "None"]},
        {"primaryKey": ["u"]},
        {
            "foreignKeys": [
                {"fields": ["id", "p"], "reference": {"resource": "", "fields": ["p", "id"]}}
            ]
        },
    ],
    ids=str,
)
def test_keys_are_compared_by_what_they_mean(
    tmp_path: Path, data: bytes, schema: dict[str, Any]
) -> None:
    assert_same(tmp_path, data, fields=NUMBERS, **schema)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"junk\n" + HEAD + ROW * 5, {"dialect": None}),
        (HEAD + ROW, {"dialect": DIALECT | {"escapeChar": "\\"}}),
        (HEAD + ROW, {"fieldsMatch": "subset"}),
        (HEAD + b"\xff\n", {}),
        (HEAD + b"x" * 2_000_000, {}),
        (b"id,u,p\n1,NaN,\n", {"fields": NUMBERS}),
        (b"id,u,p\n1,sNaN,\n", {"fields": NUMBERS}),
        (
            HEAD + ROW,
            {"foreignKeys": [{"fields": "b", "reference": {"resource": "", "fields": "z"}}]},
        ),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_is_not_covered_is_left_to_the_reference(
    tmp_path: Path, data: bytes, told: dict[str, Any]
) -> None:
    assert_same(tmp_path, data, covered=False, **{"fields": FIELDS, **told})


def test_a_foreign_key_into_a_broken_table_is_left_to_the_reference(tmp_path: Path) -> None:
    link = {"fields": "p", "reference": {"resource": "b", "fields": "id"}}
    [(quick, reference), _] = both(
        tmp_path,
        {"a": b"id,u,p\n1,1,1\n", "b": b"id,u,p\n\xff"},
        resource("a", fields=NUMBERS, foreignKeys=[link]),
        resource("b", fields=NUMBERS),
    )
    assert quick is None
    assert [fault.code for fault in reference if isinstance(fault, Fault)] == ["encoding-error"]


CELLS = st.sampled_from(
    [
        "",
        "a",
        "b",
        "c",
        "1",
        "01",
        "2",
        "-3",
        "1.0",
        "1.5",
        " 2",
        "1e1",
        "true",
        "0",
        "2023",
        "2023-01-02",
        "2023-1-2",
        "2023-01",
        "-",
        "n/a",
        "一",
        "abc",
        "１",
        "2023-01-02T03:04:05",
    ]
)
LIMITS: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "string": st.fixed_dictionaries(
        {},
        optional={
            "enum": st.just(["a", "b", "1"]),
            "pattern": st.sampled_from(["[a-c]+", "a|b", ".?"]),
            "minLength": st.integers(0, 2),
            "maxLength": st.integers(1, 3),
        },
    ),
    "integer": st.fixed_dictionaries(
        {},
        optional={
            "minimum": st.sampled_from([0, 1, "1", -5]),
            "maximum": st.integers(1, 2023),
            "enum": st.just(["1", 2]),
        },
    ),
    "number": st.fixed_dictionaries(
        {},
        optional={"minimum": st.sampled_from([0, 1, 1.5, "0.5"]), "maximum": st.just(2)},
    ),
    "date": st.fixed_dictionaries({}, optional={"minimum": st.just("2023-01-02")}),
    "year": st.fixed_dictionaries({}, optional={"minimum": st.just("2000")}),
    "any": st.fixed_dictionaries({}, optional={"enum": st.just(["a", "1", ""])}),
}
TYPES = ["string", "integer", "number", "boolean", "date", "datetime", "year", "yearmonth", "any"]
TYPES += ["time", "duration"]


@st.composite
def fields(draw: st.DrawFn) -> list[dict[str, Any]]:
    found = []
    for name in "klmn"[: draw(st.integers(1, 4))]:
        kind = draw(st.sampled_from(TYPES))
        limits = draw(LIMITS.get(kind, st.just({})))
        limits |= draw(
            st.fixed_dictionaries({}, optional={"required": st.booleans(), "unique": st.booleans()})
        )
        found.append({"name": name, "type": kind, "constraints": limits})
    return found


@st.composite
def schemas(draw: st.DrawFn) -> dict[str, Any]:
    described = draw(fields())
    names = st.sampled_from([one["name"] for one in described])
    schema: dict[str, Any] = {"fields": described}
    if draw(st.booleans()):
        schema["missingValues"] = draw(st.sampled_from([["", "-"], ["n/a"], [], ["", "0", "a"]]))
    if draw(st.booleans()):
        schema["primaryKey"] = draw(st.lists(names, min_size=1, max_size=2, unique=True))
    if draw(st.booleans()):
        there = draw(st.sampled_from(["", "other"]))
        other = draw(st.sampled_from(["s", "i"])) if there else draw(names)
        schema["foreignKeys"] = [
            {"fields": [draw(names)], "reference": {"resource": there, "fields": [other]}}
        ]
    return schema


@st.composite
def rows_of(draw: st.DrawFn, width: int) -> list[list[str]]:
    sound = st.lists(CELLS, min_size=width, max_size=width)
    ragged = st.lists(CELLS, max_size=width + 2)
    return draw(st.lists(st.one_of(sound, sound, sound, sound, ragged), max_size=12))


@st.composite
def made(draw: st.DrawFn) -> tuple[dict[str, Any], bytes]:
    schema = draw(schemas())
    names = [one["name"] for one in schema["fields"]]
    labels = draw(st.sampled_from([names, names, names, [*names, "z"], names[:-1] or ["q"]]))
    rows = [labels, *draw(rows_of(len(names)))]
    return schema, "\n".join(",".join(row) for row in rows).encode() + b"\n"


OTHER = [{"name": "s", "type": "string"}, {"name": "i", "type": "integer"}]


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(made())
def test_a_made_table_has_the_faults_that_the_reference_finds(
    tmp_path_factory: pytest.TempPathFactory, table: tuple[dict[str, Any], bytes]
) -> None:
    schema, data = table
    folder = tmp_path_factory.mktemp("made")
    [(quick, reference), _] = both(
        folder,
        {"a": data, "other": b"s,i\na,1\nb,2\n1,2023\n"},
        resource("a", **schema),
        resource("other", fields=OTHER),
    )
    if quick is not None:
        assert quick == reference
