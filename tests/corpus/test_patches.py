import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opendata.corpus.patches import difference, undone

LINES = st.sampled_from(
    [b"a", b"b", b"", b"c\r", b"-x", b"--- a/x", b"+++ b/x", b"@@ -1,1 +1,1 @@", b"\\ No", b"\xff"]
)
CONTENT = st.builds(
    lambda lines, end: b"\n".join(lines) + end,
    st.lists(LINES, max_size=12),
    st.sampled_from([b"", b"\n"]),
)
FILES = st.dictionaries(st.sampled_from(["x", "y", "codes/z"]), CONTENT)


@given(FILES, FILES)
def test_a_diff_leads_back_to_every_byte(old: dict[str, bytes], new: dict[str, bytes]) -> None:
    diff = b"".join(difference(old, new))
    assert undone(diff, new) == old
    assert (diff == b"") == (old == new)


def test_a_diff_holds_only_the_lines_that_differ() -> None:
    old = b"".join(b"line %d\n" % number for number in range(5000))
    new = old.replace(b"line 7\n", b"").replace(b"line 4000\n", b"other\nmore\n")
    assert b"".join(difference({"x": old}, {"x": new})) == (
        b"--- a/x\n+++ b/x\n@@ -8,1 +7,0 @@\n-line 7\n@@ -4001,1 +4000,2 @@\n-line 4000\n+other\n+more\n"
    )


@pytest.mark.skipif(not shutil.which("patch"), reason="needs patch")
def test_the_usual_tool_leads_back_as_well(tmp_path: Path) -> None:
    old = {"a/x.csv": b"id,name\n1,one\n2,two", "gone.txt": b"x\n", "same.txt": b"s\n"}
    new = {"a/x.csv": b"id,name\n1,One\n2,two\n3,three\n", "new.txt": b"y\n", "same.txt": b"s\n"}
    for path, content in new.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(content)
    diff = b"".join(difference(old, new))
    subprocess.run(["patch", "-R", "-p1", "-s"], cwd=tmp_path, input=diff, check=True)
    found = {p.relative_to(tmp_path).as_posix(): p for p in tmp_path.rglob("*") if p.is_file()}
    assert {path: place.read_bytes() for path, place in found.items()} == old


@pytest.mark.parametrize(
    ("diff", "told"),
    [
        (b"hello\n", "names no file"),
        (b"--- /dev/null\n+++ /dev/null\n", "names no file"),
        (b"--- a/x\n", "names no file"),
        (b"--- a/x\n+++ b/x\n@@ -1,1 +1,1 @@\n-a\n+c\n", "x: does not fit at line 1"),
        (b"--- a/x\n+++ b/x\n@@ -9,1 +9,1 @@\n-a\n+b\n", "x: does not fit at line 9"),
        (b"--- a/x\n+++ b/x\n@@ -1,2 +1,1 @@\n-a\n+b\n", "of the diff is none"),
        (b"--- a/x\n+++ b/x\n@@ -1,1 +1,1 @@\n-a\n", "of the diff is none"),
        (b"--- a/x\n+++ b/x\n@@ -1,1 +1,99999999999999999999 @@\n-a\n+b\n", "of the diff is none"),
        (b"--- /dev/null\n+++ b/x\n", "x: does not fit"),
    ],
)
def test_a_diff_that_is_none_or_leads_elsewhere_is_told(diff: bytes, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        undone(diff, {"x": b"b\n"})
