"""Texts: cells cut off, sentences copied between projects, words that belong elsewhere."""

import re
from collections.abc import Iterator

from opendata.checks.rules import Hit
from opendata.model import Budget, Indicator, Line, Project
from opendata.parsers.reading import shorten
from opendata.values import plain

_ENOUGH = 20  # letters; shorter sentences are phrases that anybody may use
_PAIRS = (("“", "”"), ("(", ")"), ("《", "》"), ("[", "]"), ("【", "】"))
_LIST_NUMBER = re.compile(r"(?<![\d(])\d{1,2}\)|(?<=[;。:；：])[a-z]\)")
_OPEN_END = re.compile(r"(?:得|扣|[得扣]\d+|[,、“(]|且|或者|以及)$")
# Words of a field, and what a project of that field would say somewhere else too.
_FIELDS = {
    "学校|学生|教师|课堂|校园": "教|学|校|幼",
    "患者|病人|诊疗|住院": "医|卫生|健康|病",
    "农户|农田|农作物|村民": "农|村|乡",
    "读者|观众|博物馆|图书馆": "文化|图书|博物|阅|演|展",
    "法官|案犯|被告|庭审": "法|诉|案|监",
    "游客|景点": "游|景|文",
    "乘客|公交线路": "公交|客运|交通|出租",
}

Texts = Iterator[tuple[Project | Indicator | Line, str, str]]


def cell_cut_off(budget: Budget) -> Iterator[Hit]:
    """单元格的文字应完整，引号、括号成对。

    The text of a cell is whole, its quotes and brackets in pairs.
    """
    for record, column, text in _texts(budget):
        folded = _LIST_NUMBER.sub("", plain(text))
        orphan = folded.count('"') % 2 or any(
            folded.count(left) != folded.count(right) for left, right in _PAIRS
        )
        if orphan or (not isinstance(record, Line) and _OPEN_END.search(folded)):
            yield Hit(
                "warning",
                record,
                column,
                f"文字不完整：“{shorten(text)}”，{'引号或括号不成对' if orphan else '没有写完'}。",
                f"The text is cut off: {shorten(text)!r}; "
                + ("a quote or bracket stands alone." if orphan else "it does not end."),
            )


def _texts(budget: Budget) -> Texts:
    """Every text of a cell, once, with its record and column."""
    records: list[tuple[Project | Indicator, tuple[str, ...]]] = [
        *((project, ("name_text", "goal_text")) for project in budget.projects),
        *((i, ("name", "target_text", "meaning", "scoring")) for i in budget.indicators),
    ]
    for record, columns in records:
        for column in columns:
            if text := getattr(record, column):
                yield record, column.replace("name_text", "name"), text
    rows = {(x.document_table, x.row, x.name_text): x for x in reversed(budget.lines)}
    for line in reversed(rows.values()):  # a row has a line for each of its amounts
        yield line, "name", line.name_text


def same_sentence_in_projects(budget: Budget) -> Iterator[Hit]:
    """一个项目的绩效目标和指标解释，不应照抄另一个项目的。

    What a project says of its goal and its indicators is not copied from another project.
    """
    first: dict[str, tuple[str, str]] = {}
    names = {project.id: project.name for project in budget.projects}
    sentences: list[tuple[Project | Indicator, str, str, str, str]] = [
        *((p, "goal_text", p.id, p.name, p.goal_text or "") for p in budget.projects),
        *(
            (i, "meaning", i.project, i.name or i.id, i.meaning or "")
            for i in budget.indicators
            if i.project
        ),
    ]
    for record, column, project, name, text in sentences:
        sentence = plain(text)
        if len(sentence) < _ENOUGH:
            continue
        other, before = first.setdefault(sentence, (project, name))
        if other != project and before != name:  # the same indicator may be explained alike
            yield Hit(
                "note",
                record,
                column,
                f"与项目“{names.get(other, other)}”的“{before}”文字相同：“{shorten(text)}”。",
                f"The same words stand for {before} of the project {names.get(other, other)}: "
                f"{shorten(text)!r}.",
            )


def words_of_another_field(budget: Budget) -> Iterator[Hit]:
    """评分标准中不应出现与项目无关的领域的词。

    The scoring does not speak of a field that is not the project's.
    """
    names = {project.id: project for project in budget.projects}
    about: dict[str, list[str]] = {}
    for indicator in budget.indicators:
        parts = (indicator.name, indicator.meaning, indicator.target_text)
        about.setdefault(indicator.project or "", []).extend(filter(None, parts))
    spoken: dict[tuple[str, str], bool] = {}  # whether a project speaks of a field elsewhere
    for indicator in budget.indicators:
        project = names.get(indicator.project or "")
        for words, field in _FIELDS.items() if project else ():
            found = sorted(set(re.findall(words, indicator.scoring or "")))
            if not found or not project:
                continue
            if (project.id, field) not in spoken:
                known = (budget.department, project.name, project.goal_text or "")
                every = (*known, *about.get(project.id, ()))
                spoken[project.id, field] = any(re.search(field, text) for text in every)
            if not spoken[project.id, field]:
                shown = "、".join(found)
                yield Hit(
                    "note",
                    indicator,
                    "scoring",
                    f"项目“{project.name}”的评分标准中有“{shown}”，项目的其他文字都没有提到。",
                    f"The scoring speaks of {shown}, which nothing else in the project "
                    f"{project.name} mentions.",
                )
