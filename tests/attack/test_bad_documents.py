"""Documents and facts as hostile or unlucky people hand them in: a budget or a clear error."""

import random
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import pyoxigraph
import pytest
import rdflib

import opendata
from opendata.checks.rules import check
from opendata.cli import main
from opendata.errors import OpendataError
from opendata.facts import Facts
from opendata.model import Budget

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "datapackages/430105-306001-2023/source/kaifu-chengguan-2023.txt"
TEXT = DOCUMENT.read_text(encoding="utf-8")
FACTS = Facts(division="430105")
ALL_FACTS = Facts(
    division="430105", unit_code="306001", department="某局", year=2023, phase="approved"
)
HEAD = "某局\n\n2023年部门预算公开\n\n目   录\n\n1、部门收支总表\n\n一、基本情况\n\n一、基本情况\n"
MONEY = "\n\n\t一、本级财政拨款收入\n\t1.00\n\n\n"
FIRST_ROW = "\t  306001\n\t  2023年餐饮油烟维护经费\n\t130.00\n"
LONG = 100_000  # what is quadratic would take minutes, what is linear no time at all


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Fail a block that has not ended in time, wherever it is."""

    def stop(_: int, frame: FrameType | None) -> None:
        raise AssertionError(f"not done after {seconds} s, in {frame and frame.f_code.co_name}")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def read(folder: Path, content: str | bytes, facts: Facts = FACTS) -> Budget:
    path = folder / "document.txt"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return check(opendata.parse(path, facts))


def convert(folder: Path, document: Path, *options: str) -> int:
    return main(["convert", str(document), "-o", str(folder / "package"), "--lang", "en", *options])


def written_words(budget: Budget) -> Iterator[str]:
    for line in budget.lines:
        yield from (line.name, line.amount_text or "")
    for project in budget.projects:
        yield from (project.name_text or "", project.amount_text or "", project.goal_text or "")
    for indicator in budget.indicators:
        yield from (indicator.name or "", indicator.target_text or "", indicator.meaning or "")
        yield from (indicator.scoring or "", indicator.unit_text or "", indicator.weight_text or "")
    for statement in budget.statements:
        yield statement.text


def assert_sound(budget: Budget, text: str) -> None:
    """Every id once, and no word that the document does not hold."""
    for name, rows in budget.tables().items():
        ids = [row.id for row in rows]
        assert len(ids) == len(set(ids)), f"an id of {name} comes twice"
    whole = "".join(text.split())
    made_up = [word for word in written_words(budget) if "".join(word.split()) not in whole]
    # The labels of the overall table's money are the vocabulary's.
    labels = {line.name for line in budget.lines if line.table_kind == "overall-targets"}
    assert set(made_up) <= labels


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b" \n\t\r\n", "empty"),
        (b"%PDF-1.4\n", "PDF"),
        (b"PK\x03\x04", "zip"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "strange"),
        (b"\x89PNG\r\n", "PNG"),
        (bytes(range(256)), "text"),
        ("2023年\0预算".encode(), "text"),
        (TEXT.encode("utf-16-le"), "text"),
        (b"\xff\xfe" + TEXT.encode("utf-16-le")[:-1], "text"),
        ("今天天气很好。".encode(), "no budget"),
    ],
)
def test_what_is_no_budget_is_refused_by_name_and_nothing_is_written(
    tmp_path: Path, content: bytes, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    document = tmp_path / "strange.txt"
    document.write_bytes(content)
    assert convert(tmp_path, document, "--division", "430105") == 2
    message = capsys.readouterr().err
    assert "strange.txt" in message
    assert words in message
    assert [path.name for path in tmp_path.iterdir()] == ["strange.txt"]


@pytest.mark.parametrize(
    "content",
    [
        TEXT.encode("gb18030"),
        b"\xef\xbb\xbf" + TEXT.encode(),
        b"\xff\xfe" + TEXT.encode("utf-16-le"),
        b"\xfe\xff" + TEXT.encode("utf-16-be"),
        TEXT.replace("\n", "\r\n").encode(),
        TEXT.replace("\n", "\r").encode(),
        "\ufeff".encode("gb18030") + TEXT.encode("gb18030"),
    ],
    ids=["gb18030", "bom", "utf-16-le", "utf-16-be", "crlf", "cr", "gb18030-bom"],
)
def test_encodings_and_line_ends_change_no_row(tmp_path: Path, content: bytes) -> None:
    wanted, found = read(tmp_path, TEXT).tables(), read(tmp_path, content).tables()
    assert {k: v for k, v in found.items() if k != "budget"} == {
        k: v for k, v in wanted.items() if k != "budget"
    }


@pytest.mark.parametrize("percent", range(5, 100, 5))
def test_a_document_cut_anywhere_gives_a_budget_or_an_error(tmp_path: Path, percent: int) -> None:
    place = len(TEXT) * percent // 100
    for part in (TEXT[:place], TEXT[place:]):
        for facts in (FACTS, ALL_FACTS):
            try:
                budget = read(tmp_path, part, facts)
            except OpendataError:
                continue
            assert_sound(budget, part)


@pytest.mark.parametrize("seed", range(15))
def test_damaged_lines_give_a_budget_or_an_error(tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)
    lines = TEXT.split("\n")
    for _ in range(dice.choice([1, 5, 50])):
        one, other = dice.randrange(len(lines)), dice.randrange(len(lines))
        match dice.randrange(4):
            case 0:
                del lines[one]
            case 1:
                lines[one], lines[other] = lines[other], lines[one]
            case 2:
                lines.insert(other, lines[one])
            case _:
                lines[one] = dice.choice(["\t", " \t", "", "\t1e400", "\tNaN", "\t(", "\t()"])
    text = "\n".join(lines)
    try:
        budget = read(tmp_path, text)
    except OpendataError:
        return
    assert_sound(budget, text)


def test_indicators_without_a_project_in_two_tables_have_ids_of_their_own(tmp_path: Path) -> None:
    text = TEXT.replace(FIRST_ROW, "\t  306001\n\t\n\t\n", 1)
    text = text.replace("\t2022年餐饮油烟维护经费\n", "\t\n", 1)
    assert_sound(read(tmp_path, text), text)


@pytest.mark.parametrize(
    "figure",
    ["1,2,3", "2022,", "9" * 40, "٣", "१", "1" + "0" * 30 + ".5", "１,２"],
)
def test_a_figure_in_the_prose_that_is_no_number_does_not_stop_the_reading(
    tmp_path: Path, figure: str
) -> None:
    budget = read(tmp_path, f"{HEAD}收入预算{figure}万元。{MONEY}", ALL_FACTS)
    assert all(s.value is None for s in budget.statements if figure in s.text)


@pytest.mark.parametrize("cell", ["NaN", "1e400", "9" * 30, "٣", "1,2,3", "Infinity", "=1+1"])
def test_a_cell_that_is_no_number_is_never_an_amount(tmp_path: Path, cell: str) -> None:
    text = TEXT.replace("\t130.00\n", f"\t{cell}\n", 1)
    project = read(tmp_path, text).projects[0]
    assert project.amount is None
    assert project.amount_text == cell


@pytest.mark.parametrize("weight", ["101分", "9" * 40 + "分", "٣分"])
def test_a_weight_beyond_100_is_text(tmp_path: Path, weight: str) -> None:
    budget = read(tmp_path, TEXT.replace("\t20分\n", f"\t{weight}\n", 1))
    found = next(i for i in budget.indicators if i.weight_text == weight)
    assert found.weight is None


NASTY = (
    "=cmd|' /C calc'!A0 \"quoted\" \\ back <script>alert(1)</script> \u202eevil\u2066 \u2028 \u200b "
    "\x85 \u0000a".replace("\u0000", "")
)


def test_hostile_words_leave_both_graphs_whole_and_equal(tmp_path: Path) -> None:
    text = TEXT.replace("2023年餐饮油烟维护经费", f"项目{NASTY}", 1)
    text = text.replace("开福区城市管理和综合执法局\n", "某/../<局>\"'|`{}\n", 1)
    opendata.to_package(read(tmp_path, text), tmp_path / "package", facts=FACTS)
    triples, turtle = (tmp_path / f"package/budget.{end}" for end in ("nt", "ttl"))
    one, other = (set(pyoxigraph.parse(path=path)) for path in (triples, turtle))
    assert one == other
    lines = rdflib.Graph().parse(triples, format="nt")
    groups = rdflib.Graph().parse(turtle, format="turtle")
    assert len(lines) == len(groups) == len(one)
    names = {str(o) for o in lines.objects(None, rdflib.URIRef("http://schema.org/name"))}
    assert any("<script>" in name and "=cmd" in name for name in names)


@pytest.mark.parametrize(
    "content",
    [
        "局" * LONG + "\n" + HEAD + MONEY,
        HEAD + "某" + " " * LONG + "项" + MONEY,
        HEAD + "收入1万元" * (LONG // 6) + MONEY,
        HEAD + "（1万元" * (LONG // 4) + MONEY,
        HEAD.replace("一、基本", "注" + "." * LONG + "x\n\n一、基本", 1) + MONEY,
        HEAD.replace("一、基本", "注" + "1" * LONG + "x\n\n一、基本", 1) + MONEY,
        HEAD + "\n\t注：部门收支总体情况" + "金额转换为" * LONG + "\n\n\n",
        TEXT.replace("\t95\n", "\t" + "1" * LONG + "x\n", 1),
        TEXT.replace("\t20分\n", "\t20分\n" + "附言\n" * LONG * 10, 1),
    ],
    ids=["cover", "blanks", "figures", "brackets", "dots", "digits", "unit", "target", "cell"],
)
def test_no_long_line_takes_more_than_linear_time(tmp_path: Path, content: str) -> None:
    with at_most(60):
        read(tmp_path, content, ALL_FACTS)


def test_many_rows_take_linear_time_and_their_ids_are_unique(tmp_path: Path) -> None:
    head = TEXT[: TEXT.index(FIRST_ROW)]
    row = (
        "\t306001\n\t项目{0}\n\t1.00\n\t目标\n\t产出指标\n\t数量指标\n\t指标{0}\n\t95\n\t说明\n"
        "\t满分\n\t%\n\t≥\n\t100分\n\n"
    )
    with at_most(60):
        budget = read(tmp_path, head + "".join(row.format(n) for n in range(4000)))
    assert len(budget.projects) == len(budget.indicators) == 4000
    assert len({indicator.id for indicator in budget.indicators}) == 4000


def test_ten_thousand_titles_in_the_contents_invent_no_tables(tmp_path: Path) -> None:
    listed = "".join(f"{n}、表{n}\n\n" for n in range(10_000))
    with at_most(60):
        budget = read(tmp_path, TEXT.replace("一、部门基本概况\n", f"甲\n\n{listed}", 1))
    assert len(budget.document_tables) == len(read(tmp_path, TEXT).document_tables)


@pytest.mark.parametrize(
    "option",
    [
        ["--division", "999999"],
        ["--year", "abc"],
        ["--year", "-1"],
        ["--year", "99999"],
        ["--issued", "2023-02-30"],
        ["--base", "javascript:alert(1)"],
        ["--base", "http://a b/"],
        ["--base", 'http://a"b/'],
        ["--base", "http://["],
        ["--contact-email", "a@b.cn> <x"],
        ["--contact-email", "nobody"],
        ["--contact-url", "javascript:alert(1)"],
        ["--base", "http://a\x01b/"],
        ["--base", "http://a.example/%zz/"],
        ["--base", "http://a.example/data#"],
        ["--unit-code", "../../etc"],
        ["--phase", "dreamt"],
        ["--department", "\udcff"],
        ["--department", "a\rb"],
    ],
    ids=" ".join,
)
def test_a_wrong_option_is_refused_and_named(
    tmp_path: Path, option: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert convert(tmp_path, DOCUMENT, *option) == 2
    assert option[0].lstrip("-").replace("-", "_") in capsys.readouterr().err.replace("-", "_")
    assert not (tmp_path / "package").exists()


@pytest.mark.parametrize(
    ("option", "fact"), [(["--year", "2023"], "year"), (["--issued", "2023-02-08"], "issued")]
)
def test_years_and_dates_may_be_given_on_the_command_line(
    tmp_path: Path, option: list[str], fact: str
) -> None:
    assert convert(tmp_path, DOCUMENT, *option) == 0
    assert str(getattr(opendata.open(tmp_path / "package").budget(), fact)) == option[1]


def test_a_base_of_chinese_letters_names_each_thing_once(tmp_path: Path) -> None:
    """Either refused, or one spelling: an IRI and its percent-encoded form are two IRIs."""
    if convert(tmp_path, DOCUMENT, "--base", "https://数据.example/") == 2:
        return
    graph = (tmp_path / "package/budget.nt").read_text(encoding="utf-8")
    assert not ("<https://数据.example/" in graph and "<https://%E6%95%B0" in graph)


@pytest.mark.parametrize(
    "content",
    [
        "x = ",
        "foo = 1",
        'year = "abc"',
        "year = 2023.5",
        "year = true",
        "year = -1",
        "year = 99999",
        "issued = 07:32:00",
        "issued = 2023-02-08T01:02:03",
        "division = 430105",
        'base = "http://["',
        "a = " + "[" * 20_000,
        "x" * 100_000,
        "\0",
    ],
    ids=lambda text: text[:30],
)
def test_wrong_facts_in_a_file_are_refused_with_the_name_of_the_file(
    tmp_path: Path, content: str, capsys: pytest.CaptureFixture[str]
) -> None:
    document = tmp_path / "document.txt"
    document.write_text(TEXT, encoding="utf-8")
    rest = "" if content.startswith("division") else '\ndivision = "430105"'
    (tmp_path / "document.toml").write_text(content + rest, encoding="utf-8")
    assert convert(tmp_path, document) == 2
    assert "document.toml" in capsys.readouterr().err
    assert not (tmp_path / "package").exists()


@pytest.mark.parametrize("place", [".", "/", "a" * 5000, "loop", "loop/x"])
def test_a_path_that_is_no_document_is_refused(
    tmp_path: Path, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("loop").symlink_to("loop")
    assert main(["convert", place, "-o", "package", "--division", "430105"]) == 2
    assert main(["validate", place]) == 2


def test_a_device_without_end_is_refused_before_memory_is_full() -> None:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))

    command = [sys.executable, "-m", "opendata.cli", "validate", "/dev/zero"]
    done = subprocess.run(
        command, preexec_fn=limit, capture_output=True, cwd=ROOT, check=False, timeout=20
    )
    assert done.returncode == 2
    assert b"/dev/zero" in done.stderr
