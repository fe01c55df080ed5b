"""Aggregates over many departments: DuckDB on the Parquet tables, the embedded SPARQL engine, rdflib.

    python benchmarks/sql.py [--departments N] [--rdflib N] [--repeat N]

Ratios count: the median of repetitions, in each of which every way answers once after the other, from
an open store to the last value in Python. Every way has to give the same answer. rdflib is asked at a
size of its own (`--rdflib`, 0 leaves it out), beside the other two at that size.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from io import BytesIO
from itertools import islice
from pathlib import Path
from statistics import median

import rdflib
from pyoxigraph import RdfFormat, Store
from rows import rows

from opendata.converters import Row
from opendata.converters.graph import triples
from opendata.facts import BASE
from opendata.store.columns import as_texts
from opendata.store.disk import DataStore, vocabulary_digest
from opendata.store.graph import vocabulary_quads
from opendata.store.rows import Rows
from opendata.store.sql import connected
from opendata.store.workers import prefixes
from opendata.terms import DEF, tables

GOAL = 45  # times faster than the embedded engine
TABLES = ("budget", "line", "indicator")
EACH = 200  # rows that rows.py makes for a department
TAKEN = 4  # of which every fourth is taken: 50 lines and 50 indicators

LOOK_UP = "a look-up, for contrast: the twenty largest of one function"

# question -> SPARQL and SQL
QUESTIONS = {
    "sum by department": (
        """SELECT ?budget (SUM(?yuan) AS ?sum) { ?line a ob:Line ; ob:budget ?of ; obeu-measure:amount ?yuan . ?of dct:identifier ?budget }
           GROUP BY ?budget""",
        "SELECT budget, sum(amount) FROM line WHERE amount IS NOT NULL GROUP BY ALL",
    ),
    "sum by function, with its name": (
        """SELECT ?name (SUM(?yuan) AS ?sum) { ?line a ob:Line ; ob:function ?code ; obeu-measure:amount ?yuan .
           ?code skos:prefLabel ?name FILTER(LANG(?name) = "zh") } GROUP BY ?name""",
        """SELECT f.label_zh, sum(l.amount) FROM line l JOIN "function" f ON f.notation = l."function" WHERE l.amount IS NOT NULL GROUP BY ALL""",
    ),
    "sum by division and table": (
        """SELECT ?division ?kind (SUM(?yuan) AS ?sum) { ?line a ob:Line ; ob:budget/ob:division ?place ;
           ob:tableKind/skos:notation ?kind ; obeu-measure:amount ?yuan BIND(STRAFTER(STR(?place), "division/") AS ?division) } GROUP BY ?division ?kind""",
        "SELECT b.division, l.table_kind, sum(l.amount) FROM line l JOIN budget b ON b.id = l.budget WHERE l.amount IS NOT NULL GROUP BY ALL",
    ),
    "indicators by kind, with their points": (
        """SELECT ?kind (COUNT(?i) AS ?n) (SUM(?points) AS ?sum) { ?i a ob:Indicator ; ob:kind/skos:notation ?kind ; ob:weight ?points } GROUP BY ?kind""",
        "SELECT kind, count(*), sum(weight) FROM indicator WHERE weight IS NOT NULL GROUP BY ALL",
    ),
    LOOK_UP: (
        """SELECT ?budget (SUM(?yuan) AS ?sum) { ?line a ob:Line ; ob:function function:201 ; obeu-measure:amount ?yuan ;
           ob:budget/dct:identifier ?budget } GROUP BY ?budget ORDER BY DESC(?sum) ?budget LIMIT 20""",
        """SELECT budget, sum(amount) AS s FROM line WHERE "function" = '201' AND amount IS NOT NULL GROUP BY ALL ORDER BY s DESC, budget LIMIT 20""",
    ),
}  # fmt: skip
Answer = list[tuple[object, ...]]


def made(departments: int) -> dict[str, list[Row]]:
    """The rows of some departments, the same every run."""
    found = {
        name: list(islice(rows(tables()[name], departments), 0, departments * EACH, TAKEN))
        for name in ("line", "indicator")
    }
    number = [column.name for column in tables()["line"].stored].index("budget")
    budgets = dict.fromkeys(str(row[number]) for row in found["line"])
    return {"budget": list(map(_budget, budgets)), **found}


def _budget(name: str) -> Row:
    organization = name.rpartition("-")[0]
    values = {
        "id": name, "title": name, "department": organization, "organization": organization,
        "division": organization[:6], "year": 2023, "phase": "approved", "source_file": "x.txt",
        "source_media_type": "text/plain", "source_size": 1, "source_sha256": "0" * 64,
    }  # fmt: skip
    return tuple(values.get(column.name) for column in tables()["budget"].stored)


def ntriples(data: dict[str, list[Row]]) -> bytes:
    file = BytesIO()
    for name, found in data.items():
        file.writelines(triples(tables()[name], found, BASE))
    return file.getvalue()


def store(data: dict[str, list[Row]], folder: Path) -> DataStore:
    """The tables of a store."""
    texts = {}
    for name, found in data.items():
        names = [column.name for column in tables()[name].stored]
        records = (dict(zip(names, row, strict=True)) for row in found)
        texts[name] = as_texts(tables()[name], records)
    with Rows(folder / "rows") as sink:
        sink.add("all", texts)
        sink.finish(folder)
    return DataStore(folder, vocabulary_digest(), {})


def value(term: object) -> object:
    text = getattr(term, "value", str(term))
    try:
        return Decimal(text)
    except ArithmeticError:
        return text


def compared(answer: Answer) -> list[str]:
    """An answer as it is held against another's: sorted, numbers by value."""
    return sorted(
        repr([f"{v.normalize():f}" if isinstance(v, Decimal) else str(v) for v in row])
        for row in ([Decimal(v) if isinstance(v, int) else v for v in row] for row in answer)
    )


@contextmanager
def ways(
    data: dict[str, list[Row]], folder: Path, *, slow: bool
) -> Iterator[dict[str, Callable[[int], Answer]]]:
    """Every way to answer, opened."""
    found = ntriples(data)
    count = found.count(b"\n")
    print(f"  {count:,} triples, {sum(map(len, data.values())):,} rows")
    graph = Store(str(folder / "graph"))
    graph.bulk_load(vocabulary_quads(), RdfFormat.N_QUADS)
    graph.bulk_load(found, RdfFormat.N_TRIPLES)
    graph.optimize()
    asked = list(QUESTIONS.values())
    known = prefixes()

    def embedded(n: int) -> Answer:
        return [tuple(map(value, row)) for row in graph.query(asked[n][0], prefixes=known)]  # type: ignore[union-attr, arg-type]

    with connected(store(data, folder)) as connection:
        found_ways: dict[str, Callable[[int], Answer]] = {
            "DuckDB": lambda n: connection.execute(asked[n][1]).fetchall(),
            "embedded SPARQL": embedded,
        }
        if slow:
            reference = rdflib.Graph().parse(data=found, format="nt")
            reference.parse(data=b"\n".join(_own_vocabulary(graph)), format="nt")
            found_ways["rdflib"] = lambda n: [
                tuple(map(value, row)) for row in reference.query(asked[n][0], initNs=known)
            ]
        yield found_ways


def _own_vocabulary(graph: Store) -> Iterator[bytes]:
    from pyoxigraph import NamedNode

    data = graph.dump(format=RdfFormat.N_TRIPLES, from_graph=NamedNode(DEF))
    yield from (data or b"").split(b"\n")


def measure(departments: int, repeat: int, *, slow: bool) -> None:
    print(f"{departments:,} departments")
    data = made(departments)
    with tempfile.TemporaryDirectory() as place, ways(data, Path(place), slow=slow) as found:
        for number, question in enumerate(QUESTIONS):
            report(question, *timed(found, number, repeat), goal=not slow)


def timed(
    found: dict[str, Callable[[int], Answer]], number: int, repeat: int
) -> tuple[dict[str, list[float]], bool]:
    """Seconds of every way, and whether all gave the same answer."""
    seconds: dict[str, list[float]] = {way: [] for way in found}
    answers: dict[str, list[str]] = {}
    for _ in range(repeat):
        for way, ask in found.items():
            start = time.perf_counter()
            answer = ask(number)
            seconds[way].append(time.perf_counter() - start)
            answers[way] = compared(answer)
    first, *others = answers.values()
    return seconds, bool(first) and all(other == first for other in others)


def report(question: str, seconds: dict[str, list[float]], same: bool, *, goal: bool) -> None:  # noqa: FBT001
    print(f"  {question}: {'the same answer' if same else 'ANSWERS DIFFER'}")
    ours = seconds["DuckDB"]
    for way, theirs in seconds.items():
        told = f"    {way}: {median(theirs) * 1000:,.1f} ms"
        if way != "DuckDB":
            ratios = [t / o for t, o in zip(theirs, ours, strict=True)]
            told += f", {median(ratios):,.0f} times DuckDB's"
            if way == "embedded SPARQL" and goal and question != LOOK_UP:
                told += f" (goal {GOAL}: {'met' if median(ratios) >= GOAL else 'NOT met'})"
        print(told)


def main() -> None:
    parser = argparse.ArgumentParser(description="Aggregates: DuckDB, the embedded engine, rdflib.")
    parser.add_argument("--departments", type=int, default=1000, metavar="N")
    parser.add_argument(
        "--rdflib", type=int, default=50, metavar="N", help="departments for rdflib"
    )
    parser.add_argument("--repeat", type=int, default=5, metavar="N")
    options = parser.parse_args()
    measure(options.departments, options.repeat, slow=False)
    if options.rdflib:
        measure(options.rdflib, min(options.repeat, 3), slow=True)


if __name__ == "__main__":
    main()
