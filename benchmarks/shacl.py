"""How long SHACL takes over any graph: our engine against pyshacl, time and memory.

    python benchmarks/shacl.py [--repeat N] [--large]

The graph is the shipped package's, again and again under other unit codes, with violations
planted in every third copy. Both give the same results, which is checked. Each runs in a process
of its own, reading the graph included; CPU time without start and imports.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parent.parent
GRAPH = ROOT / "datapackages/430105-306001-2023/budget.nt"
UNIT = "306001"
SMALL, LARGE = 236_000, 2_360_000  # triples
TIMES_GOAL, MEMORY_GOAL, GROWTH_GOAL = 15, 3, 12

Plant = Callable[[list[str]], list[str]]


def _drop(part: str) -> Plant:
    def plant(lines: list[str]) -> list[str]:
        at = next(n for n, line in enumerate(lines) if part in line)
        return lines[:at] + lines[at + 1 :]

    return plant


def _change(part: str, old: str, new: str) -> Plant:
    def plant(lines: list[str]) -> list[str]:
        at = next(n for n, line in enumerate(lines) if part in line and old in line)
        return [*lines[:at], lines[at].replace(old, new, 1), *lines[at + 1 :]]

    return plant


# One for each kind of constraint that most graphs have.
PLANTS: tuple[Plant, ...] = (
    _drop("def/sourcePage>"),
    _drop("def/department>"),
    _change(
        "def/weight>",
        "^^<http://www.w3.org/2001/XMLSchema#decimal>",
        "^^<http://www.w3.org/2001/XMLSchema#integer>",
    ),
    _change("def/weight>", '"10"', '"110"'),
    _change("def/sourceSha256>", '"', '"x'),
    _change("def/department>", "@zh", "@en"),
    _change("def/rowCount>", '"0"^^', '"-1"^^'),
    _change("def/sourceLine>", "^^<http://www.w3.org/2001/XMLSchema#integer>", ""),
    _change("def/severity>", "/code/severity/", "/code/severities/"),
)


def copies(triples: int) -> Iterator[str]:
    """The lines of the graph, until there are so many triples."""
    lines = GRAPH.read_text(encoding="utf-8").splitlines(keepends=True)
    for number in range(triples // len(lines) + 1):
        mine = lines
        if number % 3 == 0:
            mine = PLANTS[number // 3 % len(PLANTS)](lines)
        unit = str(int(UNIT) + number)
        yield from (
            line.replace(f"-{UNIT}", f"-{unit}").replace(f'"{UNIT}"', f'"{unit}"') for line in mine
        )


def write(path: Path, triples: int) -> None:
    """Line by line: a process inherits the peak of the one that starts it."""
    with path.open("w", encoding="utf-8") as file:
        file.writelines(copies(triples))


def engine(name: str, path: Path) -> None:
    """Validate in this process; print seconds, results, and memory in MB: start, loaded, peak."""
    from opendata.checks import shapes
    from opendata.checks.shacl import validate
    from opendata.checks.shacl.reference import validate_by_reference

    if name == "pyshacl":
        import pyshacl  # noqa: F401 - before the clock
        import rdflib  # noqa: F401
    wanted = shapes.our_shapes(None)
    before = _peak()
    start = time.process_time()
    graph = shapes.read_graph(path)
    loaded = _peak()
    run = validate if name == "ours" else validate_by_reference
    results = run(graph, wanted)
    seconds, peak = time.process_time() - start, _peak()
    told = sorted(
        [
            str(r.focus),
            str(r.path) if str(r.path)[0] == "<" else "",
            str(r.value),
            r.component,
            r.severity,
        ]
        for r in results
    )
    print(json.dumps([seconds, sum(1 for _ in graph.triples()), told, before, loaded, peak]))


def _peak() -> float:
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def run(name: str, path: Path) -> tuple[float, int, list[list[str]], float, float, float]:
    command = [sys.executable, __file__, "--engine", name, str(path)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return tuple(json.loads(done.stdout.splitlines()[-1]))  # type: ignore[return-value]


def met(good: bool) -> str:  # noqa: FBT001
    return "met" if good else "NOT met"


def main() -> int:
    parser = argparse.ArgumentParser(description="SHACL over a graph, ours and pyshacl.")
    parser.add_argument("--repeat", type=int, default=3, metavar="N")
    parser.add_argument("--large", action="store_true", help="ours with ten times the triples too")
    parser.add_argument("--engine", nargs=2, metavar=("NAME", "FILE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.engine:
        engine(options.engine[0], Path(options.engine[1]))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        small = Path(folder) / "small.nt"
        write(small, SMALL)
        ratios = []
        for _ in range(options.repeat):
            ours, theirs = run("ours", small), run("pyshacl", small)
            ratios.append(theirs[0] / ours[0])
        seconds, count, told, before, loaded, peak = ours
        print(f"{count:,} triples, {len(told)} results, the same: {told == theirs[2]}")
        if told != theirs[2]:
            mine, others = {tuple(t) for t in told}, {tuple(t) for t in theirs[2]}
            print(
                "only ours:", sorted(mine - others)[:5], "only pyshacl:", sorted(others - mine)[:5]
            )
        print(
            f"pyshacl / ours: {median(ratios):.1f} ({min(ratios):.1f} to {max(ratios):.1f}, cpu), "
            f"{theirs[0]:.1f} s against {seconds:.2f} s, goal {TIMES_GOAL}: "
            f"{met(median(ratios) >= TIMES_GOAL)}"
        )
        growth = (peak - before) / (loaded - before)
        print(
            f"memory: {before:.0f} MB before, {loaded:.0f} loaded, {peak:.0f} at most; {growth:.2f} "
            f"times the load, goal {MEMORY_GOAL}: {met(growth <= MEMORY_GOAL)}; "
            f"pyshacl {theirs[5]:.0f} MB"
        )
        if options.large:
            large = Path(folder) / "large.nt"
            write(large, LARGE)
            slow = run("ours", large)
            times = slow[0] / seconds
            print(
                f"{slow[1]:,} triples: {slow[0]:.1f} s, {times:.1f} times as long, "
                f"goal {GROWTH_GOAL}: {met(times <= GROWTH_GOAL)}; peak {slow[5]:.0f} MB"
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
