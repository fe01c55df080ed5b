from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opendata.reports.rows import NEAR, around, subject_lines


def table(path: Path, rows: int) -> Path:
    path.write_text("id,b\n" + "".join(f"r{n},{n}\n" for n in range(2, rows + 1)), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("wanted", "rows"), [(2, [2, 3, 4]), (5, [3, 4, 5, 6, 7]), (9, [7, 8, 9]), (1, [])]
)
def test_a_row_comes_with_those_around_it(tmp_path: Path, wanted: int, rows: list[int]) -> None:
    path = table(tmp_path / "a.csv", 9)
    keys: list[str | int] = [wanted, f"r{wanted}"] if wanted > 1 else [wanted]
    for key in keys:
        found = around(path, [key])[key]
        assert [row.number for row in found.rows] == rows
        assert (found.row.number, found.header) == (wanted, ("id", "b"))


@given(st.sets(st.integers(2, 40)))
def test_many_rows_are_found_in_one_pass(
    tmp_path_factory: pytest.TempPathFactory, wanted: set[int]
) -> None:
    path = table(tmp_path_factory.mktemp("rows") / "a.csv", 40)
    found = around(path, wanted)
    assert {key: a.row.number for key, a in found.items()} == {n: n for n in wanted}
    for key, a in found.items():
        assert isinstance(key, int)
        near = range(max(2, key - NEAR), min(40, key + NEAR) + 1)
        assert [row.number for row in a.rows] == [*near]


def test_a_row_over_many_lines_has_the_line_it_begins_on(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('id,b\nx,"1\n2\n3"\ny,4\n', encoding="utf-8")
    found = around(tmp_path / "a.csv", ["x", "y"])
    assert [(a.row.number, a.row.line) for a in found.values()] == [(2, 2), (3, 5)]


@pytest.mark.parametrize(
    "data", [b"", b"id\n", b"\x00,\x00\n", b'"', b"\xff\xfe\n1", b"a,b\r1,2\r"]
)
def test_a_broken_file_gives_what_was_read_of_it(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.csv").write_bytes(data)
    assert around(tmp_path / "a.csv", [7]) == {}
    assert around(tmp_path / "none.csv", [7]) == {}


def test_the_first_line_of_a_node_is_found_in_turtle_and_in_ntriples(tmp_path: Path) -> None:
    path = tmp_path / "a.ttl"
    path.write_text("@prefix a: <x> .\n<http://x/b> a a:c .\na:b a a:c .\na:d ; a a:b .\n")
    assert subject_lines(path, {"b", "d", "c"}) == {"b": 2, "d": 4}
