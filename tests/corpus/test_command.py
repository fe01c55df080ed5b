import json
from collections.abc import Callable
from pathlib import Path

import pytest

from opendata import cli
from opendata.corpus.report import corpus_report
from opendata.corpus.settings import open_corpus

from .conftest import document

Make = Callable[..., Path]


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    code = cli.main(["corpus", *map(str, words)])
    out, err = capsys.readouterr()
    return code, out, err


def test_the_whole_journey(
    documents: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1767323045")
    folder = tmp_path / "corpus"
    assert run(capsys, "init", folder, "--dry-run")[0] == 0
    assert not folder.exists()
    code, out, _ = run(capsys, "init", folder, "--division", "430105", "--licence", "CC-BY-4.0")
    assert (code, "corpus.toml" in out) == (0, True)
    settings = (folder / "corpus.toml").read_bytes()
    assert run(capsys, "add", folder, documents, "--name", "city", "--dry-run")[0] == 0
    assert (folder / "corpus.toml").read_bytes() == settings
    assert run(capsys, "add", folder, documents, "--name", "city", "--lang", "en")[0] == 0
    code, out, _ = run(capsys, "status", folder, "--json")
    assert (code, len(json.loads(out))) == (0, 4)
    assert run(capsys, "build", folder, "--dry-run", "--lang", "zh")[1].startswith("新增 4")
    code, out, _ = run(capsys, "build", folder, "--jobs", "2", "--lang", "en")
    assert (code, "documents: built 3, failed 1" in out) == (1, True)
    assert "city/notice.txt: found no budget" in out
    code, out, _ = run(capsys, "build", folder, "--json")
    assert (code, json.loads(out)["documents"]) == (1, {"kept": 3, "failed": 1})
    (documents / "a.txt").write_text(
        document("306001", 2023, ("背街小巷", "大街小巷")), encoding="utf-8"
    )
    run(capsys, "build", folder)
    code, out, _ = run(capsys, "diff", folder, "--lang", "en")
    assert (code, "change  430105-306001-2023        2" in " ".join(out.split("\n"))) == (0, True)
    events = json.loads(run(capsys, "diff", folder, "430105-306001-2023", "--json")[1])
    assert [(e["event"], e["at"]) for e in events] == [
        (2, "2026-01-02T03:04:05Z"),
        (4, "2026-01-02T03:04:05Z"),
    ]
    assert "大街小巷" in run(capsys, "diff", folder, "--since", "3", "--rows")[1]
    page = tmp_path / "report.html"
    code, out, _ = run(capsys, "report", folder, "--html", page, "--lang", "en")
    assert (code, "3 documents converted, 1 failed" in out, "found no budget" in out) == (
        0,
        True,
        True,
    )
    assert "开福区" in page.read_text(encoding="utf-8")
    code, out, _ = run(
        capsys, "publish", folder, "--to", f"copy:{tmp_path / 'copy'}", "--lang", "en"
    )
    assert (code, (tmp_path / "copy/catalog/index.ttl").is_file()) == (0, True)
    site = f"folder:{tmp_path / 'site'}"
    state = tmp_path / "journal"
    assert run(capsys, "publish", folder, "--to", site, "--state", state)[0] == 0
    code, out, _ = run(capsys, "publish", folder, "--to", site, "--state", state, "--lang", "en")
    assert (code, out.strip()) == (0, "3 packages are there, nothing changed")


def test_a_folder_that_is_no_corpus_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, err = run(capsys, "build", tmp_path, "--lang", "en")
    assert (code, "opendata corpus init makes one" in err) == (2, True)
    run(capsys, "init", tmp_path)
    code, _, err = run(capsys, "init", tmp_path, "--lang", "en")
    assert (code, "there is a corpus already" in err) == (2, True)


def test_the_report_counts_by_division_year_table_rule_and_reason(
    made: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = made()
    run(capsys, "build", folder)
    found = json.loads(run(capsys, "report", folder, "--json")[1])
    assert [(r["division"], r["year"], r["documents"], r["departments"]) for r in found["coverage"]] == [
        ("430105", 2023, 2, 1), ("430105", 2024, 1, 1),
    ]  # fmt: skip
    assert found["tables"]["project-targets"] == {"cut": 3}
    assert found["findings"]["warning"]["table-absent"]["documents"] == 3
    (failure,) = found["failures"]
    assert (failure["reason"], failure["count"], failure["documents"]) == (
        "DocumentError",
        1,
        ["city/notice.txt"],
    )
    assert not failure["error_en"].startswith("city/")
    assert corpus_report(open_corpus(folder)).built == 3


def test_a_revision_is_said_built_reported_and_taken_back(
    made: Make, documents: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = made()
    text = document("306002", 2023, ("背街小巷", "大街小巷"))
    (documents / "new.txt").write_text(text, encoding="utf-8")
    (documents / "copy.txt").write_text(document("306001", 2024), encoding="utf-8")
    code, out, _ = run(capsys, "build", folder, "--lang", "en")
    assert (code, "if one revises the other, say so" in " ".join(out.split())) == (1, True)
    pair = (documents / "b.txt", documents / "new.txt")
    code, out, _ = run(capsys, "replace", folder, *pair)
    assert (code, out.strip()) == (0, "city/b.txt → city/new.txt")
    (documents / "notice.txt").unlink()
    code, out, _ = run(capsys, "build", folder, "--lang", "en")
    assert (code, "superseded by city/new.txt (corpus.toml says so)" in out) == (0, True)
    code, out, _ = run(capsys, "build", folder, "--json")
    assert (code, json.loads(out)["documents"]) == (
        0, {"kept": 3, "superseded": 1, "duplicate": 1},
    )  # fmt: skip
    code, out, _ = run(capsys, "report", folder, "--lang", "zh", "--html", tmp_path / "r.html")
    assert ("被取代" in out, "city/b.txt → city/new.txt" in out, "数据相同" in out) == (
        True, True, False,
    )  # fmt: skip
    assert "city/b.txt → city/new.txt" in (tmp_path / "r.html").read_text(encoding="utf-8")
    found = json.loads(run(capsys, "report", folder, "--json")[1])["aside"]
    assert [(one["state"], one["reason"], one["documents"]) for one in found] == [
        ("duplicate", "bytes", [["city/copy.txt", "city/2024/a.txt"]]),
        ("superseded", "said", [["city/b.txt", "city/new.txt"]]),
    ]
    old = ("restore", folder, "430105-306002-2023", 1, "-o", tmp_path / "old")
    code, out, _ = run(capsys, *old, "--lang", "en")
    assert (code, "files are as they were, byte for byte" in out) == (0, True)
    (documents / "b.txt").unlink()
    code, out, _ = run(capsys, *old, "--lang", "zh")
    assert (code, "没有 source/b.txt" in out) == (0, True)
    assert json.loads(run(capsys, *old, "--json")[1])["lost"] == "source/b.txt"
    settings = folder / "corpus.toml"
    text = settings.read_text(encoding="utf-8").replace("city/new.txt", "city/newer.txt")
    settings.write_text(text, encoding="utf-8")
    code, out, _ = run(capsys, "build", folder, "--lang", "en")
    assert "that city/newer.txt replaces city/b.txt has no effect" in " ".join(out.split())


@pytest.mark.parametrize(
    "verb",
    ["init", "add", "build", "status", "replace", "diff", "restore", "report", "publish"],
)
def test_every_verb_has_help(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(["corpus", verb, "--help"])
    assert (caught.value.code, "--json" in capsys.readouterr().out) == (0, True)
