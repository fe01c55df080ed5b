"""Six researcher questions in SPARQL and in SQL over the same rows: the same numbers, how long?

    python benchmarks/stores.py [--triples 100000,1000000] [--repeat N] [--engines ...] [--work DIR]

Rows of departments that do not exist go straight to N-Triples and to Parquet. Oxigraph (embedded) and
Virtuoso (a server of its own, where it is installed) answer in SPARQL, DuckDB and Polars in SQL. Each
engine works in a process of its own; the answers must be the same, or the benchmark fails.
"""

import argparse
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

from opendata.converters import code_sheet, sheets
from opendata.converters.graph import PREFIXES, triples
from opendata.terms import CODE, code_lists, tables

BASE = "https://example.org/data/"
GRAPH = "urn:opendata:benchmark"
ENGINES = ("oxigraph", "virtuoso", "duckdb", "polars")
TABLES = ("budget", "organization", "document_table", "line", "project", "goal", "indicator")
BATCH = 100  # budgets that are written at once
BUFFERS = 170_000  # of Virtuoso, 8 kB each
PATIENCE = 3600

# Name: (what is asked, SPARQL, SQL). Both give the same columns in the same order.
QUESTIONS: dict[str, tuple[str, str, str]] = {
    "functions": (
        "general public expenditure by class of function and year",
        """SELECT ?year ?code (SUM(?amount) AS ?yuan) {
          ?line ob:tableKind table_kind:general-expenditure ; ob:account account:_T ; ob:function ?f ;
                obeu-dimension:fiscalYear ?fiscal ; obeu-measure:amount ?amount .
          ?f skos:notation ?code FILTER(STRLEN(?code) = 3)
          BIND(STRAFTER(STR(?fiscal), "gregorian-year/") AS ?year)
        } GROUP BY ?year ?code""",
        """SELECT year, function, SUM(amount) FROM line
           WHERE table_kind = 'general-expenditure' AND account = '_T' AND LENGTH(function) = 3
           AND amount IS NOT NULL GROUP BY year, function""",
    ),
    "projects": (
        "the twenty largest projects and whose they are",
        """SELECT ?id ?department ?yuan {
          ?p a ob:Project ; dct:identifier ?id ; ob:amount ?yuan ; ob:budget/ob:department ?department .
        } ORDER BY DESC(?yuan) ?id LIMIT 20""",
        """SELECT p.id, b.department, p.amount FROM project AS p JOIN budget AS b ON p.budget = b.id
           WHERE p.amount IS NOT NULL ORDER BY p.amount DESC, p.id LIMIT 20""",
    ),
    "three-public": (
        "the three public expenses by item and year",
        """SELECT ?year ?item (SUM(?amount) AS ?yuan) (COUNT(?line) AS ?lines) {
          ?line ob:tableKind table_kind:three-public ; ob:item ?i ;
                obeu-dimension:fiscalYear ?fiscal ; obeu-measure:amount ?amount .
          BIND(STRAFTER(STR(?fiscal), "gregorian-year/") AS ?year)
          BIND(STRAFTER(STR(?i), "line_item/") AS ?item)
        } GROUP BY ?year ?item""",
        """SELECT year, item, SUM(amount), COUNT(*) FROM line
           WHERE table_kind = 'three-public' AND amount IS NOT NULL GROUP BY year, item""",
    ),
    "accounts": (
        "basic and project expenditure by province",
        """SELECT ?province ?account (SUM(?amount) AS ?yuan) {
          ?line ob:tableKind table_kind:expenditure ; ob:function function:_T ; ob:account ?a ;
                ob:budget/ob:division/skos:notation ?division ; obeu-measure:amount ?amount .
          BIND(SUBSTR(?division, 1, 2) AS ?province)
          BIND(STRAFTER(STR(?a), "code/account/") AS ?account)
        } GROUP BY ?province ?account""",
        """SELECT SUBSTR(b.division, 1, 2) AS province, l.account, SUM(l.amount)
           FROM line AS l JOIN budget AS b ON l.budget = b.id
           WHERE l.table_kind = 'expenditure' AND l.function = '_T' AND l.amount IS NOT NULL
           GROUP BY SUBSTR(b.division, 1, 2), l.account""",
    ),
    "indicators": (
        "indicators by kind with its name, and their weights",
        """SELECT ?kind ?name (COUNT(?i) AS ?indicators) (SUM(COALESCE(?weight, 0)) AS ?points) {
          ?i a ob:Indicator ; ob:kind ?k . ?k skos:notation ?kind ; skos:prefLabel ?name
          FILTER(LANG(?name) = "zh") OPTIONAL { ?i ob:weight ?weight }
        } GROUP BY ?kind ?name""",
        """SELECT k.notation, k.label_zh, COUNT(*), SUM(COALESCE(i.weight, 0))
           FROM indicator AS i JOIN indicator_kind AS k ON i.kind = k.notation
           GROUP BY k.notation, k.label_zh""",
    ),
    "growth": (
        "the twenty departments whose expenditure grew most in a year",
        """SELECT ?name ?before ?after {
          ?a ob:tableKind table_kind:general-expenditure ; ob:function function:_T ; ob:account account:_T ;
             obeu-dimension:organization ?o ; obeu-dimension:fiscalYear year:2023 ; obeu-measure:amount ?before .
          ?b ob:tableKind table_kind:general-expenditure ; ob:function function:_T ; ob:account account:_T ;
             obeu-dimension:organization ?o ; obeu-dimension:fiscalYear year:2024 ; obeu-measure:amount ?after .
          ?o dct:identifier ?name
        } ORDER BY DESC(?after - ?before) ?name LIMIT 20""",
        """SELECT a.organization, a.amount, b.amount FROM line AS a JOIN line AS b
           ON a.organization = b.organization
           WHERE a.table_kind = 'general-expenditure' AND a.function = '_T' AND a.account = '_T' AND a.year = 2023
           AND b.table_kind = 'general-expenditure' AND b.function = '_T' AND b.account = '_T' AND b.year = 2024
           AND a.amount IS NOT NULL AND b.amount IS NOT NULL
           ORDER BY b.amount - a.amount DESC, a.organization LIMIT 20""",
    ),
}  # fmt: skip


# The rows


def generate(folder: Path, wanted: int) -> dict[str, float]:
    """Write data.nt and tables/*.parquet with so many triples; how many and how long."""
    from opendata.synthetic import Order
    from opendata.synthetic.budgets import budget_of

    order = Order(seed=1, years=(2023, 2024))
    start = time.perf_counter()
    count = number = rows = 0
    writer = _Parquet(folder / "tables")
    with (folder / "data.nt").open("wb", buffering=1 << 20) as file:
        for name in code_lists():
            sheet = code_sheet(name)
            writer.add(sheet.table, list(sheet.rows))
            count += _write(file, sheet.table, sheet.rows)
        held: dict[str, list] = {}
        organizations: set[str] = set()
        while count < wanted:
            budget = budget_of(order, number)
            number += 1
            for sheet in sheets(budget):
                if sheet.table.name not in TABLES:
                    continue
                own = sheet.rows
                if sheet.table.name == "organization":  # the same in every year
                    own = tuple(row for row in own if row[0] not in organizations)
                    organizations.update(str(row[0]) for row in own)
                rows += len(own)
                held.setdefault(sheet.table.name, []).extend(own)
                count += _write(file, sheet.table, own)
            if number % BATCH == 0:
                _flush(writer, held)
        _flush(writer, held)
    writer.close()
    return {
        "triples": count,
        "budgets": number,
        "rows": rows,
        "seconds": time.perf_counter() - start,
        "nt": (folder / "data.nt").stat().st_size,
        "parquet": size(folder / "tables"),
    }


def _write(file, table, rows) -> int:
    count = 0
    for data in triples(table, rows, BASE):
        file.write(data)
        count += data.count(b"\n")
    return count


def _flush(writer: "_Parquet", held: dict[str, list]) -> None:
    for name, rows in held.items():
        writer.add(tables()[name], rows)
    held.clear()


class _Parquet:
    """A Parquet file for each table, written batch by batch."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self.folder, self.files = folder, {}

    def add(self, table, rows) -> None:
        import pyarrow.parquet as pq

        from opendata.store.columns import as_texts, schema

        names = [column.name for column in table.stored]
        found = as_texts(table, (dict(zip(names, row, strict=True)) for row in rows))
        typed = schema(table, {column.name: 2 for column in table.stored})
        if table.name not in self.files:
            path = self.folder / f"{table.name}.parquet"
            self.files[table.name] = pq.ParquetWriter(path, typed, compression="zstd")
        self.files[table.name].write_table(found.cast(typed))

    def close(self) -> None:
        for file in self.files.values():
            file.close()


def size(path: Path) -> int:
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())


# The engines: each loads, then answers; all of it in a process of its own


def oxigraph(folder: Path) -> tuple[dict, Callable[[str], list]]:
    from pyoxigraph import RdfFormat, Store

    place = folder / "oxigraph"
    start = time.perf_counter()
    store = Store(str(place))
    store.bulk_load(path=str(folder / "data.nt"), format=RdfFormat.N_TRIPLES)
    store.optimize()
    loaded = time.perf_counter() - start

    def answer(question: str) -> list:
        found = store.query(sparql(question))
        return [[None if term is None else term.value for term in row] for row in found]

    return {"load": loaded, "disk": size(place)}, answer


def virtuoso(folder: Path) -> tuple[dict, Callable[[str], list]]:
    import httpx

    if not shutil.which("virtuoso-t"):
        return {
            "skipped": "virtuoso-t is not installed (apt-get install virtuoso-opensource-7-bin)"
        }, list
    place = folder / "virtuoso"
    place.mkdir()
    sql, web = free_port(), free_port()
    (place / "virtuoso.ini").write_text(
        "[Database]\nDatabaseFile = virtuoso.db\nErrorLogFile = virtuoso.log\nLockFile = virtuoso.lck\n"
        "TransactionFile = virtuoso.trx\nxa_persistent_file = virtuoso.pxa\n"
        f"[Parameters]\nServerPort = {sql}\nNumberOfBuffers = {BUFFERS}\nMaxDirtyBuffers = {BUFFERS * 3 // 4}\n"
        f"DirsAllowed = {folder}\nMaxQueryMem = 2G\n"
        f"[HTTPServer]\nServerPort = {web}\nServerThreads = 4\n"
        "[SPARQL]\nResultSetMaxRows = 100000\n",
        encoding="utf-8",
    )
    with (place / "server.log").open("w", encoding="utf-8") as log:
        server = subprocess.Popen(
            ["virtuoso-t", "+configfile", "virtuoso.ini", "+foreground"],
            cwd=place,
            stdout=log,
            stderr=log,
        )
    SERVERS.append(server)
    wait(f"http://127.0.0.1:{web}/sparql")
    start = time.perf_counter()
    commands = (
        f"ld_dir ('{folder}', 'data.nt', '{GRAPH}');",
        "log_enable (2, 1);",
        "rdf_loader_run ();",
        "checkpoint;",
    )
    isql(sql, "\n".join(commands) + "\n")
    loaded = time.perf_counter() - start
    state = isql(
        sql, "select 'LOADED' from DB.DBA.load_list where ll_error is null and ll_state = 2;\n"
    )
    if "LOADED" not in state:
        raise SystemExit(f"virtuoso: the data were not loaded: {state}")
    client = httpx.Client(timeout=PATIENCE)

    def answer(question: str) -> list:
        reply = client.post(
            f"http://127.0.0.1:{web}/sparql",
            data={"query": sparql(question), "default-graph-uri": GRAPH},
            headers={"Accept": "application/sparql-results+json"},
        )
        if reply.status_code != 200:
            raise SystemExit(f"{question}: {reply.text}")
        told = reply.json()
        names = told["head"]["vars"]
        return [
            [row[n]["value"] if n in row else None for n in names]
            for row in told["results"]["bindings"]
        ]

    return {"load": loaded, "disk": size(place), "server": server.pid}, answer


def isql(port: int, command: str) -> str:
    options = ["ERRORS=STDOUT", "VERBOSE=OFF", "PROMPT=OFF"]
    done = subprocess.run(
        ["isql-vt", str(port), "dba", "dba", *options],
        input=command,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout + done.stderr


def duckdb(folder: Path) -> tuple[dict, Callable[[str], list]]:
    import duckdb as engine

    start = time.perf_counter()
    store = engine.connect()
    for path in sorted((folder / "tables").glob("*.parquet")):
        store.execute(f"CREATE VIEW {path.stem} AS SELECT * FROM read_parquet('{path}')")
    loaded = time.perf_counter() - start

    def answer(question: str) -> list:
        return store.execute(QUESTIONS[question][2]).fetchall()

    return {"load": loaded, "disk": size(folder / "tables")}, answer


def polars(folder: Path) -> tuple[dict, Callable[[str], list]]:
    import polars as pl

    start = time.perf_counter()
    paths = sorted((folder / "tables").glob("*.parquet"))
    store = pl.SQLContext({path.stem: pl.scan_parquet(path) for path in paths})
    loaded = time.perf_counter() - start

    def answer(question: str) -> list:
        return store.execute(QUESTIONS[question][2], eager=True).rows()

    return {"load": loaded, "disk": size(folder / "tables")}, answer


SERVERS: list[subprocess.Popen] = []


def sparql(question: str) -> str:
    """A question with the prefixes that it uses."""
    text = QUESTIONS[question][1]
    known = {**PREFIXES, "year": "http://reference.data.gov.uk/id/gregorian-year/"}
    for name, table in code_lists().items():
        known.setdefault(
            name, table.space if table.space.startswith("http") else CODE + table.space
        )
    used = (f"PREFIX {p}: <{iri}>" for p, iri in known.items() if f"{p}:" in text)
    return "\n".join([*used, text])


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def wait(address: str) -> None:
    import httpx

    for _ in range(600):
        try:
            httpx.get(address, timeout=5)
        except httpx.TransportError:
            time.sleep(0.2)
        else:
            return
    raise SystemExit(f"{address} does not answer")


# One engine


def child(engine: str, folder: Path, repeat: int) -> dict:
    """Load into one engine and answer every question; times, memory, and the answers."""
    told, answer = globals()[engine](folder)
    if "skipped" in told:
        return told
    times, answers = {}, {}
    try:
        for question in QUESTIONS:
            answers[question] = plain(answer(question))  # the first one warms up
            taken = []
            for _ in range(repeat):
                start = time.perf_counter()
                answer(question)
                taken.append(time.perf_counter() - start)
            times[question] = statistics.median(taken)
        memory = peak(told.pop("server", "self"))
    finally:
        for server in SERVERS:
            server.terminate()
            server.wait()
    return {**told, "memory": memory, "times": times, "answers": answers}


def peak(process: object) -> int:
    """The most bytes of memory that a process has had; getrusage would tell its parent's too."""
    status = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


def plain(rows: list) -> list[list[str]]:
    """Rows as they are compared: numbers by what they mean, in an order of their own."""
    return sorted([_plain(value) for value in row] for row in rows)


def _plain(value: object) -> str:
    try:
        return f"{Decimal(str(value)).normalize():f}"
    except ArithmeticError:
        return str(value)


# All of them


def measure(wanted: int, engines: list[str], repeat: int, work: Path) -> dict:
    folder = Path(tempfile.mkdtemp(prefix=f"stores-{wanted}-", dir=work))
    try:
        made = generate(folder, wanted)
        print(
            f"\n{made['triples']:,} triples of {made['budgets']:,} budgets ({made['rows']:,} rows), written in "
            f"{made['seconds']:.1f} s: N-Triples {mega(made['nt'])}, Parquet {mega(made['parquet'])}",
            flush=True,
        )
        found = {}
        for engine in engines:
            command = [
                sys.executable,
                __file__,
                "--child",
                engine,
                "--work",
                str(folder),
                "--repeat",
                str(repeat),
            ]
            done = subprocess.run(
                command, check=False, capture_output=True, text=True, env=os.environ
            )
            if done.returncode:
                raise SystemExit(f"{engine}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
            found[engine] = json.loads(done.stdout.splitlines()[-1])
            if "skipped" in found[engine]:
                print(f"  {engine}: {found.pop(engine)['skipped']}")
        report(found)
        return {
            "data": made,
            "engines": {
                e: {k: v for k, v in f.items() if k != "answers"} for e, f in found.items()
            },
        }
    finally:
        shutil.rmtree(folder)


def report(found: dict[str, dict]) -> None:
    first = next(iter(found))
    for question in QUESTIONS:
        wanted = found[first]["answers"][question]
        for engine, told in found.items():
            if told["answers"][question] != wanted or not wanted:
                raise SystemExit(
                    f"{question}: {engine} and {first} differ:\n{differences(told['answers'][question], wanted)}"
                )
    print(f"  the same numbers in all: {', '.join(found)}")
    print(f"  {'':12} {'load':>9} {'disk':>9} {'memory':>9}")
    for engine, told in found.items():
        print(
            f"  {engine:12} {told['load']:8.2f}s {mega(told['disk']):>9} {mega(told['memory']):>9}"
        )
    base = "duckdb" if "duckdb" in found else first
    print(
        f"  {'seconds':12} "
        + " ".join(f"{engine:>18}" for engine in found)
        + f"   (times that of {base})"
    )
    for question in QUESTIONS:
        cells = []
        for told in found.values():
            ratio = told["times"][question] / found[base]["times"][question]
            cells.append(f"{told['times'][question]:9.4f} ({ratio:6.1f})")
        print(f"  {question:12} " + " ".join(f"{cell:>18}" for cell in cells))


def differences(one: list, two: list) -> str:
    rows = [row for row in one if row not in two][:3], [row for row in two if row not in one][:3]
    return f"{len(one)} rows {rows[0]}\n{len(two)} rows {rows[1]}"


def mega(count: float) -> str:
    return f"{count / 1e6:,.1f} MB"


def sizes(text: str) -> Iterator[int]:
    for part in text.split(","):
        yield int(float(part))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--triples", default="100000,1000000")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--engines", default=",".join(ENGINES))
    parser.add_argument(
        "--work", default=None, help="folder for the data, on the disk to be measured"
    )
    parser.add_argument("--json", metavar="FILE")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(child(options.child, Path(options.work), options.repeat)))
        return
    work = Path(options.work or tempfile.gettempdir())
    print(
        "six questions:", *(f"  {name}: {words[0]}" for name, words in QUESTIONS.items()), sep="\n"
    )
    found = [
        measure(n, options.engines.split(","), options.repeat, work) for n in sizes(options.triples)
    ]
    if options.json:
        Path(options.json).write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
