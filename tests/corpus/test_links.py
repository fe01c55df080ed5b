from collections.abc import Callable
from pathlib import Path

import pyoxigraph
import pytest

from opendata.corpus.links import Year, find_links
from opendata.corpus.names import best_pairs, core, likeness

from .conftest import built, document

Make = Callable[..., Path]
BASE = "https://example.org/"


def year(
    number: int,
    unit: str = "306001",
    department: str = "开福区城市管理局",
    *,
    projects: tuple[str, ...] = (),
    functions: dict[str, str] | None = None,
    economic: dict[str, str] | None = None,
    unit_code: str | None = None,
) -> Year:
    budget = f"430105-{unit}-{number}"
    return Year(
        id=budget,
        organization=f"430105-{unit}",
        unit_code=unit if unit_code is None else unit_code,
        department=department,
        division="430105",
        year=number,
        phase="approved",
        projects=tuple((f"{budget}-p{n:02}", name) for n, name in enumerate(projects, start=1)),
        names={"function": functions or {}, "economic": economic or {}},
    )


def links(*years: Year, kind: str) -> list[tuple[str, str, str, str]]:
    return [
        (link.subject_name, link.object_name, link.basis, link.certainty)
        for link in find_links(years, BASE)
        if link.kind == kind
    ]


def test_a_department_of_the_same_code_is_the_same_whatever_its_name() -> None:
    one, two = year(2023), year(2024, department="开福区城市管理和综合执法局")
    assert links(one, two, kind="organization") == [
        ("开福区城市管理局", "开福区城市管理和综合执法局", "same-code", "certain"),
    ]


def test_a_department_without_a_code_is_linked_by_its_name_and_that_is_likely() -> None:
    one, two = year(2023, "uaaaa", unit_code=""), year(2024, "uaaaa", unit_code="")
    assert [link[2:] for link in links(one, two, kind="organization")] == [("same-name", "likely")]
    coded = year(2024)
    assert [link[2:] for link in links(one, coded, kind="organization")] == [
        ("same-name", "likely")
    ]


CODES = {"2120101": "行政运行", "2120501": "城乡社区环境卫生", "2080505": "养老保险缴费"}


@pytest.mark.parametrize(
    ("before", "after", "functions", "linked"),
    [
        ("开福区城市管理局", "开福区城市管理和综合执法局", CODES, True),
        ("长沙市开福区城市管理局", "开福区城市管理和综合执法局", CODES, True),
        ("开福区城市管理局", "开福区城市管理和综合执法局", {"2050101": "行政运行"}, False),
        ("开福区民政局", "开福区财政局", CODES, False),
        ("开福区教育局", "开福区体育局", CODES, False),
        ("开福区第一中学", "开福区第二中学", CODES, False),
        ("开福区实验小学", "开福区实验中学", CODES, False),
        ("开福区东风路街道办事处", "开福区西风路街道办事处", CODES, False),
    ],
)
def test_departments_of_like_names_are_linked_only_where_the_rest_agrees(
    before: str, after: str, functions: dict[str, str], *, linked: bool
) -> None:
    one = year(2023, "u1111", before, functions=CODES, unit_code="")
    two = year(2024, "u2222", after, functions=functions, unit_code="")
    wanted = [(before, after, "similar-name", "possible")] if linked else []
    assert links(one, two, kind="organization") == wanted


def test_a_department_that_is_there_in_both_years_is_no_other_one() -> None:
    names = {"functions": CODES, "unit_code": ""}
    old = year(2023, "u1111", "开福区城市管理局", **names)  # type: ignore[arg-type]
    stays = year(2024, "u1111", "开福区城市管理局", **names)  # type: ignore[arg-type]
    new = year(2024, "u2222", "开福区城市管理执法大队", **names)  # type: ignore[arg-type]
    assert [link[2] for link in links(old, stays, new, kind="organization")] == ["same-name"]


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ("2023年道路维护经费", "2024年道路维护经费", ("same-name", "likely")),
        ("城区道路维护经费", "城区道路维修经费", ("similar-name", "possible")),
        ("背街小巷作业经费", "背街小巷作业专项经费", ("similar-name", "possible")),
        ("道路一期工程", "道路二期工程", None),
        ("东区绿化维护经费", "西区绿化维护经费", None),
        ("第三污水处理厂运行费", "第四污水处理厂运行费", None),
        ("男厕改造工程经费", "女厕改造工程经费", None),
        ("A座维修改造经费", "B座维修改造经费", None),
        ("办公经费", "差旅经费", None),
        ("会议费", "培训费", None),
    ],
)
def test_projects_are_linked_by_names(
    before: str, after: str, found: tuple[str, str] | None
) -> None:
    one, two = year(2023, projects=(before,)), year(2024, projects=(after,))
    assert links(one, two, kind="project") == ([(before, after, *found)] if found else [])


def test_a_name_that_stands_twice_links_nothing() -> None:
    one, two = year(2023, projects=("维护费", "维护费")), year(2024, projects=("维护费",))
    assert links(one, two, kind="project") == []


def test_two_that_are_as_good_link_nothing() -> None:
    one = year(2023, projects=("城区道路维护经费",))
    two = year(2024, projects=("城区道路维修经费", "城区道路维保经费"))
    assert links(one, two, kind="project") == []


def test_a_code_that_the_list_knows_by_both_names_is_certain() -> None:
    one = year(2018, functions={"210": "医疗卫生与计划生育支出"})
    two = year(2019, functions={"210": "卫生健康支出"})
    assert links(one, two, kind="function") == [
        ("医疗卫生与计划生育支出", "卫生健康支出", "same-code", "certain"),
    ]


def test_a_code_that_was_given_to_something_else_links_nothing() -> None:
    one, two = (
        year(2017, economic={"30311": "住房公积金"}),
        year(2018, economic={"30311": "代缴社会保险费"}),
    )
    assert links(one, two, kind="economic") == []


def test_a_name_that_moved_to_another_code_below_the_same_one_is_likely() -> None:
    above = {"301": "工资福利支出"}
    one = year(2017, economic={**above, "30104": "其他社会保障缴费"})
    two = year(2018, economic={**above, "30112": "其他社会保障缴费"})
    assert links(one, two, kind="economic") == [
        ("其他社会保障缴费", "其他社会保障缴费", "same-name", "likely"),
    ]
    elsewhere = year(2018, economic={"302": "商品和服务支出", "30212": "其他社会保障缴费"})
    assert links(one, elsewhere, kind="economic") == []


def test_likeness_is_the_same_both_ways_and_never_more_than_one() -> None:
    for one, two in (("城区道路维护经费", "城区道路维修经费"), ("道路维护", "道路维护专项")):
        assert 0 < likeness(one, two) == likeness(two, one) < 1
    assert core("长沙市开福区人民政府办公室", "430105") != ""
    assert best_pairs([], ["x"]) == []


def test_what_is_guessed_is_said_of_nothing_but_the_link(made: Make, documents: Path) -> None:
    text = document("306001", 2024, ("背街小巷作业经费", "背街小巷作业专项经费"))
    (documents / "2024/a.txt").write_text(text, encoding="utf-8")
    folder = made()
    built(folder)
    found = list(pyoxigraph.parse((folder / "links.nq").read_bytes(), pyoxigraph.RdfFormat.N_QUADS))
    assert {q.graph_name.value for q in found} == {"https://w3id.org/open-budget/data/links"}
    asserted = [
        (
            q.subject.value.rpartition("/")[2],
            q.predicate.value.rpartition("#")[2],
            q.object.value.rpartition("/")[2],
        )
        for q in found
        if "/link/" not in q.subject.value
    ]
    assert asserted == [("430105-306001-2024", "prev", "430105-306001-2023")]
    assert not [q for q in found if "sameAs" in q.predicate.value or "sameAs" in str(q.object)]
    text = (folder / "link.csv").read_text(encoding="utf-8")
    assert "背街小巷作业经费,背街小巷作业专项经费,similar-name,possible" in text
