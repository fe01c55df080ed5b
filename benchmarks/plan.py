"""What a city, a province and the country need in a year, worked out from what is measured here.

    python benchmarks/stores.py --triples 1000000 --json stores.json
    python benchmarks/plan.py --stores stores.json [--count N]

Synthetic documents are converted one by one in every format (processor seconds, bytes, triples); their
packages are written as shards. Loading comes from the largest size that stores.py was run with.
"""

import argparse
import gzip
import json
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from opendata.checks.rules import check
from opendata.converters.package import to_package
from opendata.facts import facts_for
from opendata.package import open_package
from opendata.parsers import parse
from opendata.store.graph import package_graphs
from opendata.synthetic import PHASES, Order, synthesize

# What is published in which format: a guess from what the web sites of bureaus offer.
MIX = {"pdf": 0.60, "docx": 0.15, "html": 0.15, "xlsx": 0.09, "text": 0.01}
# About half a million documents a year from about 3,000 counties.
COUNTIES = {"a city (10 counties)": 10, "a province (120 counties)": 120, "the country": 3000}
DOCUMENTS = 500_000 / 3000
CORES = 8  # of a machine
NIGHT = 12.0  # hours that a build may take
SERVER = 200e6  # triples that a server holds well
GRAPHS = 2  # a server is given each triple in its package's graph and in the merged one


@dataclass(frozen=True, slots=True)
class Cost:
    """What a document costs: processor seconds, and bytes or triples of what is made."""

    seconds: float
    source: float
    package: float
    triples: float
    shard: float
    shard_seconds: float


def measure(format_: str, count: int) -> Cost:
    """The means over some documents of a format."""
    order = Order(seed=1, formats=(format_,), phases=PHASES)
    sums = [0.0] * 6
    with tempfile.TemporaryDirectory() as folder:
        for number in range(-1, count):  # the first warms up
            made = synthesize(order, max(number, 0))
            path, out = Path(folder) / made.name, Path(folder) / f"package{number}"
            path.write_bytes(made.data)
            path.with_suffix(".toml").write_text(made.facts, encoding="utf-8")
            start = time.process_time()
            facts = facts_for(path)
            to_package(check(parse(path, facts)), out, facts=facts, source=path)
            done = time.process_time()
            named, merged = package_graphs(open_package(out))
            packed = len(gzip.compress(named + merged, 6, mtime=0))
            ended = time.process_time()
            if number < 0:
                continue
            size = sum(file.stat().st_size for file in out.rglob("*") if file.is_file())
            own = (done - start, len(made.data), size, named.count(b"\n"), packed, ended - done)
            sums = [a + b for a, b in zip(sums, own, strict=True)]
    return Cost(*(total / count for total in sums))


def mixed(costs: dict[str, Cost]) -> Cost:
    """The mean over the formats, each as often as it is published."""
    names = Cost.__dataclass_fields__
    return Cost(*(sum(MIX[f] * getattr(c, name) for f, c in costs.items()) for name in names))


def plan(cost: Cost, parquet: float, stores: dict[str, dict[str, float]]) -> list[list[str]]:
    """Rows of a table: what each place needs."""
    rows = [["a year of", *COUNTIES]]
    documents = [counties * DOCUMENTS for counties in COUNTIES.values()]
    rows.append(["documents", *(f"{n:,.0f}" for n in documents)])
    hours = [n * cost.seconds / 3600 for n in documents]
    rows.append(["core hours to convert and check", *(f"{h:,.1f}" for h in hours)])
    machines = [max(1, round(h / CORES / NIGHT + 0.5)) for h in hours]
    rows.append(
        [f"machines of {CORES} cores for a build of {NIGHT:.0f} hours", *map(str, machines)]
    )
    triples = [n * cost.triples for n in documents]
    rows.append(["triples, million", *(f"{t / 1e6:,.0f}" for t in triples)])
    for words, each in (
        ("packages, GB", cost.package),
        ("shards for other servers, GB", cost.shard),
        ("Parquet tables without prose, GB", parquet),
    ):
        rows.append([words, *(f"{n * each / 1e9:,.1f}" for n in documents)])
    servers = [max(1, round(t / SERVER + 0.5)) for t in triples]
    rows.append([f"SPARQL servers of {SERVER / 1e6:.0f} million triples", *map(str, servers)])
    for engine, told in stores.items():
        per = [t / s for t, s in zip(triples, servers, strict=True)]
        rows.append(
            [
                f"{engine}: hours to load, each",
                *(f"{GRAPHS * t * told['seconds'] / 3600:,.1f}" for t in per),
            ]
        )
        rows.append(
            [
                f"{engine}: disk, GB in all",
                *(f"{GRAPHS * t * told['bytes'] / 1e9:,.0f}" for t in triples),
            ]
        )
    return rows


def loading(path: str | None) -> tuple[dict[str, dict[str, float]], float]:
    """Seconds and bytes for a triple by engine, and bytes of Parquet for a budget."""
    if not path:
        return {}, 0.0
    told = json.loads(Path(path).read_text(encoding="utf-8"))[-1]
    triples = told["data"]["triples"]
    engines = {
        name: {"seconds": one["load"] / triples, "bytes": one["disk"] / triples}
        for name, one in told["engines"].items()
        if name in ("oxigraph", "virtuoso")
    }
    return engines, told["data"]["parquet"] / told["data"]["budgets"]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=20, help="documents of each format")
    parser.add_argument("--stores", metavar="FILE", help="what stores.py --json wrote")
    options = parser.parse_args()
    costs = {format_: measure(format_, options.count) for format_ in MIX}
    print(
        "| format | share | documents a second and core | source, kB | package, kB | triples | shard, kB |"
    )
    print("|---|---|---|---|---|---|---|")
    for name, one in (*costs.items(), ("mixed", mixed(costs))):
        share = f"{MIX[name]:.0%}" if name in MIX else ""
        print(
            f"| {name} | {share} | {1 / one.seconds:.1f} | {one.source / 1e3:.0f} | {one.package / 1e3:,.0f} "
            f"| {one.triples:,.0f} | {one.shard / 1e3:.0f} |"
        )
    engines, parquet = loading(options.stores)
    print()
    for number, row in enumerate(plan(mixed(costs), parquet, engines)):
        print("| " + " | ".join(row) + " |")
        if not number:
            print("|" + "---|" * len(row))


if __name__ == "__main__":
    main()
