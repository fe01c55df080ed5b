"""Rows to N-Triples: ours against rdflib and morph-kgc, on the same rows in one run.

    python benchmarks/graph.py [--size small|large|both] [--repeat N] [--all]

Ratios count: the median over repetitions, in each of which every way runs once after the other.
Rows are in memory before the clock starts (as CSV for morph-kgc, whose start and imports are
not counted either), and each way ends with a file on disk.
"""

import argparse
import gc
import json
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

import others
from rows import SCALES, SHARES, rows

from opendata.converters import Row
from opendata.converters.graph import triples
from opendata.facts import BASE
from opendata.terms import Table, tables

Data = list[tuple[Table, list[Row]]]
Seconds = dict[str, float]  # "wall" and "cpu"

# name -> goal, and the clock: CPU time is steadier on a shared machine, but sees one process only
WAYS = {
    "rdflib": (30, "cpu"),
    "morph-kgc, one process": (10, "cpu"),
    "morph-kgc, its default processes": (10, "wall"),
    "morph-kgc, materialize()": (10, "cpu"),
}
_SLOW = ("rdflib", "morph-kgc, materialize()")  # minutes at the large size, together
_MORPH = dict(zip(list(WAYS)[1:], ("lines", "processes", "graph"), strict=True))
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))")
_PLAIN = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}


def with_ours(data: Data, base: str, path: Path) -> None:
    with path.open("wb", buffering=1 << 20) as file:
        for table, found in data:
            file.writelines(triples(table, found, base))


def timed(write: Callable[..., None], data: Data, path: Path) -> Seconds:
    gc.collect()
    wall, cpu = time.perf_counter(), time.process_time()
    write(data, BASE, path)
    return {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}


def measure(data: Data, ways: list[str], repeat: int, folder: Path) -> dict[str, list[Seconds]]:
    """The seconds of each repetition by way; what each wrote is left as `<way>.nt`."""
    others.prepare_morph(data, BASE, folder)
    found: dict[str, list[Seconds]] = {way: [] for way in ["ours", *ways]}
    for _ in range(repeat):
        for way, seconds in found.items():
            path = folder / f"{way}.nt"
            path.unlink(missing_ok=True)  # giving an old file's pages back is nobody's work
            if way == "ours":
                seconds.append(timed(with_ours, data, path))
            elif way == "rdflib":
                seconds.append(timed(others.with_rdflib, data, path))
            else:
                seconds.append(others.with_morph(folder, path, _MORPH[way]))
    return found


def canonical(line: str) -> str:
    """A line with only those characters escaped that must be: writers differ over tabs."""
    if "\\" not in line:
        return line
    subject, predicate, term = line.split(" ", 2)
    if not term.startswith('"'):
        return line
    text, quote, tail = term[1:].rpartition('"')
    text = _ESCAPE.sub(_unescaped, text)
    for sign, escaped in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\r", "\\r")):
        text = text.replace(sign, escaped)
    return f'{subject} {predicate} "{text}{quote}{tail}'


def _unescaped(match: re.Match[str]) -> str:
    code = match[1] or match[2]
    return chr(int(code, 16)) if code else _PLAIN.get(match[3], match[3])


def _lines(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-8", newline="\n") as file:
        yield from map(canonical, file)


def compare(ways: list[str], folder: Path) -> None:
    """Say whether every way wrote the triples that we wrote, and what differs if not."""
    listed = sorted(_lines(folder / "ours.nt"))
    ours = set(listed)
    print(f"  {len(ours):,} triples, {len(listed) - len(ours)} of them written twice by us")
    for way in ways:
        theirs = set(_lines(folder / f"{way}.nt"))
        print(f"  {way}: {'the same set' if theirs == ours else 'DIFFERENT'}")
        for name, lines in (("only ours", ours - theirs), ("only theirs", theirs - ours)):
            for line in sorted(lines)[:5]:
                print(f"    {name} ({len(lines):,}): {line.strip()}")


def report(found: dict[str, list[Seconds]], count: int) -> None:
    for way, (goal, clock) in WAYS.items():
        if way not in found:
            print(f"  {way}: skipped, slow; --all runs it")
            continue
        pairs = zip(found[way], found["ours"], strict=True)
        ratios = sorted(theirs[clock] / ours[clock] for theirs, ours in pairs)
        met = "met" if median(ratios) >= goal else "NOT met"
        print(
            f"  {way} / ours: {median(ratios):.1f} ({ratios[0]:.1f} to {ratios[-1]:.1f}, {clock})"
            f", goal {goal}: {met}"
        )
    for way, seconds in found.items():
        cpu, wall = (median(one[clock] for one in seconds) for clock in ("cpu", "wall"))
        rate = f", {count / cpu:,.0f} triples/s" if way == "ours" else ""
        print(f"    {way}: {cpu:.3f} s cpu, {wall:.3f} s wall{rate}")


def stream(scale: int) -> None:
    """Write rows as they are made, and print the peak memory of this process."""
    before = _peak()
    with tempfile.TemporaryFile(buffering=1 << 20) as file:
        for name in SHARES:
            file.writelines(triples(tables()[name], rows(tables()[name], scale), BASE))
    print(json.dumps({"before": before, "peak": _peak()}))


def _peak() -> float:
    """Peak memory in MB; Linux counts in kilobytes, macOS in bytes."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def memory(sizes: list[str]) -> None:
    """Peak memory of a process that streams.

    Runs first: on Linux a child's peak is never below its parent's at the time it was started.
    """
    print("peak memory of ours, rows streamed (goal: flat as rows grow)")
    for size in sizes:
        command = [sys.executable, __file__, "--stream", size]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        used = json.loads(done.stdout)
        print(f"  {size}: {used['peak']:.0f} MB, {used['before']:.0f} MB before the first row")


def main() -> None:
    parser = argparse.ArgumentParser(description="Rows to N-Triples: ours, rdflib, morph-kgc.")
    parser.add_argument("--size", choices=[*SCALES, "both"], default="both")
    parser.add_argument("--repeat", type=int, metavar="N", help="default: 5 small, 3 large")
    parser.add_argument("--all", action="store_true", help="the slow ways at the large size too")
    parser.add_argument("--stream", choices=SCALES, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.stream:
        stream(SCALES[options.stream])
        return
    sizes = list(SCALES) if options.size == "both" else [options.size]
    memory(sizes)
    others.morph_python()
    for size in sizes:
        data = [(tables()[name], list(rows(tables()[name], SCALES[size]))) for name in SHARES]
        gc.freeze()  # the rows are nobody's garbage
        ways = [way for way in WAYS if size == "small" or options.all or way not in _SLOW]
        repeat = options.repeat or (5 if size == "small" else 3)
        with tempfile.TemporaryDirectory(dir=others.BUILD) as folder:
            found = measure(data, ways, repeat, Path(folder))
            with (Path(folder) / "ours.nt").open("rb") as file:
                count = sum(1 for _ in file)
            print(f"{size}: {count:,} triples, {repeat} repetitions")
            if size == "small":
                compare(ways, Path(folder))
            report(found, count)


if __name__ == "__main__":
    main()
