"""What of one year is what of the next: departments, projects and codes, with how certainly and why.

A code that says so makes a link certain, a name that is the same likely, one that is alike possible.
What is guessed stands in the link alone: only what is certain is said of the things themselves.
"""

import csv
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

from opendata.converters import lexical
from opendata.converters.graph import PREFIXES, iri, triples
from opendata.corpus.names import best_pairs, core, folded
from opendata.package import Package
from opendata.terms import CODE, Code, codes, corpus_tables, in_year

TABLE, GRAPH = "link.csv", "links.nq"
CODED = ("function", "economic")
ALTERNATE, CLOSE = f"{PREFIXES['prov']}alternateOf", f"{PREFIXES['skos']}closeMatch"
SUPPORT = 0.5  # of their functional codes that departments of like names must share


@dataclass(frozen=True, kw_only=True, slots=True)
class Link:
    """A row of the table `link`; its columns are those of the shape."""

    id: str
    kind: str
    earlier: str
    later: str
    subject: str
    predicate: str
    object: str
    subject_name: str
    object_name: str
    basis: str
    certainty: str
    score: str
    evidence: str


@dataclass(frozen=True, slots=True)
class Year:
    """What links are made of: one budget's department, projects and codes."""

    id: str
    organization: str
    unit_code: str
    department: str
    division: str
    year: int
    phase: str
    projects: tuple[tuple[str, str], ...]
    names: dict[str, dict[str, str]]  # function or economic -> code -> name


def read_year(package: Package) -> Year:
    """What links are made of, from a package.

    Raises:
        PackageError: it cannot be read.
    """
    (budget,) = package.table("budget")
    names: dict[str, dict[str, str]] = {column: {} for column in CODED}
    for row in package.table("line"):
        for column in CODED:
            code = str(row[column] or "_T")
            if not code.startswith("_") and row["name"]:
                names[column].setdefault(code, str(row["name"]))
    return Year(
        id=str(budget["id"]),
        organization=str(budget["organization"]),
        unit_code=str(budget["unit_code"] or ""),
        department=str(budget["department"]),
        division=str(budget["division"]),
        year=int(str(budget["year"])),
        phase=str(budget["phase"]),
        projects=tuple((str(p["id"]), str(p["name"])) for p in package.table("project")),
        names=names,
    )


def find_links(years: Iterable[Year], base: str) -> list[Link]:
    """Every link between the budgets of one division, in the order of their identifiers."""
    found: dict[str, Link] = {}
    ordered = sorted(years, key=lambda y: (y.phase, y.year, y.id))
    for _, own in groupby(ordered, key=lambda year: year.phase):
        budgets = list(own)
        pairs = [*_successions(budgets, base), *_renamings(budgets, base)]
        for one, two, link in pairs:
            found[link.id] = link
            for more in (*_projects(one, two, base), *_renamed_codes(one, two)):
                found[more.id] = more
        found.update((link.id, link) for link in _moved(budgets))
    return [found[key] for key in sorted(found)]


def _by_organization(budgets: Iterable[Year]) -> dict[str, list[Year]]:
    found = defaultdict(list)
    for year in budgets:
        found[year.organization].append(year)
    return found


Pair = tuple[Year, Year, Link]


def _successions(budgets: list[Year], base: str) -> Iterator[Pair]:
    """Departments that have the same code, or where nobody gave one the same name, in two years."""
    for own in _by_organization(budgets).values():
        for one, two in pairwise(own):
            coded = bool(one.unit_code and two.unit_code)
            evidence = f"{one.unit_code}" if coded else one.department
            if folded(one.department) != folded(two.department):
                evidence += f": {one.department} → {two.department}"
            basis = "same-code" if coded else "same-name"
            yield one, two, _department(one, two, base, basis=basis, score=1.0, evidence=evidence)


def _renamings(budgets: list[Year], base: str) -> Iterator[Pair]:
    """Departments that end, and others of the same or a like name that begin after them."""
    groups = list(_by_organization(budgets).values())
    span = [year.year for year in budgets]
    ends = [own[-1] for own in groups if own[-1].year < max(span)]
    starts = [own[0] for own in groups if own[0].year > min(span)]
    names = [core(year.department, year.division) for year in ends]
    later = [core(year.department, year.division) for year in starts]
    same = {(a, b): 1.0 for a, b in _same_names(names, later) if ends[a].year < starts[b].year}
    taken = {a for a, _ in same}, {b for _, b in same}
    rest = [a for a in range(len(ends)) if a not in taken[0]]
    begun = [b for b in range(len(starts)) if b not in taken[1]]
    alike = {
        (rest[a], begun[b]): score
        for a, b, score in best_pairs([names[a] for a in rest], [later[b] for b in begun])
        if ends[rest[a]].year < starts[begun[b]].year
    }
    for (a, b), score in sorted((same | alike).items()):
        one, two = ends[a], starts[b]
        shared = _shared(one, two)
        evidence = f"{one.department} → {two.department}"
        if (a, b) in same and one.department == two.department:
            yield (
                one,
                two,
                _department(one, two, base, basis="same-name", score=1.0, evidence=evidence),
            )
        elif shared >= SUPPORT:
            evidence += f"; {shared:.0%} of functional codes shared"
            yield (
                one,
                two,
                _department(one, two, base, basis="similar-name", score=score, evidence=evidence),
            )


def _same_names(ones: list[str], twos: list[str]) -> list[tuple[int, int]]:
    """Where a name stands once on either side."""
    olds, news = Counter(ones), Counter(twos)
    return [
        (ones.index(name), twos.index(name))
        for name, count in olds.items()
        if count == 1 == news[name]
    ]


def _shared(one: Year, two: Year) -> float:
    a, b = set(one.names["function"]), set(two.names["function"])
    return len(a & b) / len(a | b) if a | b else 0.0


def _department(
    one: Year, two: Year, base: str, *, basis: str, score: float, evidence: str
) -> Link:
    return Link(
        id=f"organization-{one.id}-{two.id}",
        kind="organization",
        earlier=one.id,
        later=two.id,
        subject=f"{base}organization/{one.organization}",
        predicate=ALTERNATE,
        object=f"{base}organization/{two.organization}",
        subject_name=one.department,
        object_name=two.department,
        basis=basis,
        certainty=CERTAINTY[basis],
        score=f"{score:.4g}",
        evidence=evidence,
    )


CERTAINTY = {"same-code": "certain", "same-name": "likely", "similar-name": "possible"}


def _projects(one: Year, two: Year, base: str) -> Iterator[Link]:
    """Projects of one department in two years, by names that stand once in each."""
    olds, news = one.projects, two.projects
    names, later = [folded(n) for _, n in olds], [folded(n) for _, n in news]
    pairs = [(a, b, 1.0) for a, b in _same_names(names, later) if names[a]]
    # A name that stands on both sides is accounted for, even where it is not clear which is which.
    rest = [n for n, name in enumerate(names) if name not in later]
    begun = [n for n, name in enumerate(later) if name not in names]
    alike = best_pairs([names[n] for n in rest], [later[n] for n in begun])
    pairs += [(rest[a], begun[b], score) for a, b, score in alike]
    for a, b, score in pairs:
        basis = "same-name" if score == 1.0 else "similar-name"
        yield Link(
            id=f"project-{olds[a][0]}-{news[b][0]}",
            kind="project",
            earlier=one.id,
            later=two.id,
            subject=f"{base}project/{olds[a][0]}",
            predicate=ALTERNATE,
            object=f"{base}project/{news[b][0]}",
            subject_name=olds[a][1],
            object_name=news[b][1],
            basis=basis,
            certainty=CERTAINTY[basis],
            score=f"{score:.4g}",
            evidence=f"{one.department} {one.year} → {two.year}",
        )


def _moved(budgets: list[Year]) -> Iterator[Link]:
    """Names whose code is another in the next year, in all budgets of the division."""
    years = [list(own) for _, own in groupby(budgets, key=lambda budget: budget.year)]
    for before, after in pairwise(years):
        for column in CODED:
            yield from _moved_codes(column, _named(before, column), _named(after, column))


Named = dict[str, tuple[Year, str]]


def _named(budgets: list[Year], column: str) -> Named:
    """Code -> the first budget that has it, and the name that it gives."""
    found: Named = {}
    for budget in budgets:
        for code, name in budget.names[column].items():
            found.setdefault(code, (budget, name))
    return found


def _renamed_codes(one: Year, two: Year) -> Iterator[Link]:
    """Codes that a department calls by another name in the later year; the list must know both."""
    for column in CODED:
        old, new = one.names[column], two.names[column]
        for code in sorted(old.keys() & new.keys()):
            meant = in_year(column, code, one.year)
            if not meant or meant != in_year(column, code, two.year):
                continue  # unknown, or given to something else in between
            found = codes(column)[meant]
            known = {folded(name) for name in (found.label_zh, *_formerly(found))}
            names = old[code], new[code]
            if len({*map(folded, names)} & known) == 2:
                evidence = "the code list has both names"
                yield _code(
                    column,
                    (code, code),
                    (one, two),
                    names=names,
                    basis="same-code",
                    evidence=evidence,
                )


def _formerly(code: Code) -> Iterator[str]:
    yield from (name for _, name in code.former)
    yield from code.aliases


def _moved_codes(column: str, old: Named, new: Named) -> Iterator[Link]:
    """A code that ends, and another of the same name, under the same name, that begins."""
    gone = {code: _path(code, old) for code in old if code not in new}
    come = {code: _path(code, new) for code in new if code not in old}
    olds, news = list(gone.values()), list(come.values())
    for code, path in sorted(gone.items()):
        if len(path) < 2 or olds.count(path) != 1 or news.count(path) != 1:
            continue
        other = next(c for c, p in come.items() if p == path)
        (one, before), (two, after) = old[code], new[other]
        evidence = " / ".join(path)
        yield _code(
            column,
            (code, other),
            (one, two),
            names=(before, after),
            basis="same-name",
            evidence=evidence,
        )


def _path(code: str, named: Named) -> tuple[str, ...]:
    """The name of a code below those above it, as the documents of the year give them."""
    above = (code[:length] for length in range(3, len(code) + 1, 2))
    found = [folded(named[c][1]) for c in above if c in named]
    return tuple(found) if code in named and len(found) > 1 else ()


def _code(
    column: str,
    moved: tuple[str, str],
    budgets: tuple[Year, Year],
    *,
    names: tuple[str, str],
    basis: str,
    evidence: str,
) -> Link:
    (old, new), (one, two) = moved, budgets
    space = f"{CODE}{column}/"
    notation = in_year(column, old, one.year) or old, in_year(column, new, two.year) or new
    return Link(
        id=f"{column}-{one.id}-{old}-{two.id}-{new}",
        kind=column,
        earlier=one.id,
        later=two.id,
        subject=space + notation[0],
        predicate=CLOSE,
        object=space + notation[1],
        subject_name=names[0],
        object_name=names[1],
        basis=basis,
        certainty=CERTAINTY[basis],
        score="1",
        evidence=evidence,
    )


def write_links(packages: Iterable[Package], target: Path, base: str) -> None:
    """Write the links of a division: rows, and a graph.

    Raises:
        PackageError: a package cannot be read.
    """
    target.mkdir(parents=True)
    found = find_links(map(read_year, packages), base)
    table = corpus_tables()["link"]
    columns = [column.name for column in table.stored]
    rows: list[tuple[Any, ...]] = [astuple(link) for link in found]
    with (target / TABLE).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([lexical(value) for value in row] for row in rows)
    graph = b" " + iri(f"{base}links").encode() + b" .\n"
    with (target / GRAPH).open("wb") as quads:
        for some in triples(table, rows, base):
            quads.writelines(t + graph for t in some.split(b" .\n") if t)
        for link in found:
            quads.writelines(t.encode() + graph for t in _certain(link, base))


def _certain(link: Link, base: str) -> Iterator[str]:
    """What a link lets be said of the things themselves."""
    if link.certainty != "certain":
        return
    if link.kind == "organization":
        before, after = (iri(f"{base}budget/{budget}") for budget in (link.earlier, link.later))
        yield f"{after} <{PREFIXES['dcat']}prev> {before}"
    if link.subject != link.object:
        yield f"{iri(link.subject)} <{link.predicate}> {iri(link.object)}"


def join_links(parts: Path, folder: Path) -> None:
    """Write the links of all divisions as one table and one graph."""
    for name in (TABLE, GRAPH):
        new = folder / f".{name}"
        with new.open("wb") as file:
            if name == TABLE:
                columns = ",".join(column.name for column in corpus_tables()["link"].stored)
                file.write(f"{columns}\n".encode())
            for part in sorted(parts.glob(f"*/{name}")):
                with part.open("rb") as rows:
                    if name == TABLE:
                        rows.readline()
                    file.writelines(rows)
        new.replace(folder / name)
