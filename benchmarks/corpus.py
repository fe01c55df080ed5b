"""What a corpus costs: documents per second by format, growth in time and memory, two processes, updates.

    python benchmarks/corpus.py [--sizes 1,10,100,1000] [--formats text,docx,xlsx,pdf] [--repeat 3] [--jobs 1]

Documents are made by `opendata synthesize`, in all families and three years, from a seed. Every build is a
process of its own, that begins with nothing; its time is wall time, its cores those that it and its children
used, its memory that of the largest process. Ratios are medians over repetitions, each of which runs both
sides one after the other. That nothing changed is found by the corpus and by doit, which keeps files up
to date by their MD5 too, in the same run.
"""

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import venv
from dataclasses import dataclass
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parent.parent
VENV = ROOT / "build/benchmarks/corpus-venv"
COMMAND = Path(sys.executable).with_name("opendata")
LINEAR, FLAT, JOBS_GOAL = 0.15, 0.20, 1.7
DODO = """
from pathlib import Path
def task_convert():
    for path in sorted(Path({folder!r}).glob("*")):
        yield {{"name": path.name, "file_dep": [str(path)], "actions": ["true"]}}
"""


@dataclass(frozen=True, slots=True)
class Cost:
    """A run's wall and core seconds, and the bytes of its largest process."""

    wall: float
    core: float
    memory: int


def run(*command: object, folder: Path | None = None) -> Cost:
    """What a command costs with its children; what it prints is thrown away."""
    code = (
        "import json, resource, subprocess, sys, time; start = time.perf_counter();"
        "done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL); wall = time.perf_counter() - start;"
        "used = resource.getrusage(resource.RUSAGE_CHILDREN);"
        "print(json.dumps([done.returncode, wall, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024]))"
    )
    words = [sys.executable, "-c", code, *map(str, command)]
    done = subprocess.run(words, capture_output=True, text=True, check=True, cwd=folder)
    returned, wall, core, memory = json.loads(done.stdout)
    assert returned in (0, 1), done.stderr
    return Cost(wall, core, memory)


def documents(folder: Path, count: int, form: str, seed: int) -> Path:
    words = [
        "synthesize",
        "--count",
        count,
        "--format",
        form,
        "--seed",
        seed,
        "--year",
        "2022-2024",
    ]
    run(COMMAND, *words, "--jobs", os.cpu_count() or 1, "-o", folder)
    return folder / "documents"


def corpus(folder: Path, source: Path, jobs: int = 1) -> Cost:
    """A corpus built of documents, from nothing."""
    shutil.rmtree(folder, ignore_errors=True)
    run(COMMAND, "corpus", "init", folder)
    run(COMMAND, "corpus", "add", folder, source, "--name", "made")
    return run(COMMAND, "corpus", "build", folder, "--jobs", jobs)


def told(folder: Path) -> dict:
    report = subprocess.run(
        [COMMAND, "corpus", "report", folder, "--json"], capture_output=True, check=True
    )
    return json.loads(report.stdout)


def size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def growth(work: Path, sizes: list[int], repeat: int, jobs: int) -> None:
    print(
        f"\n{jobs} processes\ndocuments (text)   wall s   per s   per core s   triples/s   peak MB   bytes/document"
    )
    costs: dict[int, Cost] = {}
    for count in sizes:
        source = documents(work / f"made{count}", count, "text", 1)
        runs = [corpus(work / "corpus", source, jobs) for _ in range(repeat if count <= 100 else 1)]
        cost = costs[count] = sorted(runs, key=lambda c: c.wall)[len(runs) // 2]
        report = told(work / "corpus")
        assert report["built"] == count, report["failures"]
        print(
            f"{count:16,} {cost.wall:8.1f} {count / cost.wall:7.1f} {count / cost.core:12.1f}"
            f" {report['triples'] / cost.wall:11,.0f} {cost.memory / 1e6:9.0f} {size(work / 'corpus') / count:16,.0f}",
            flush=True,
        )
        shutil.rmtree(work / "corpus")
        shutil.rmtree(source.parent)
    if len(sizes) >= 3:
        a, b, c = sizes[-3:]
        first = (costs[b].core - costs[a].core) / (b - a)
        last = (costs[c].core - costs[b].core) / (c - b)
        print(
            f"core seconds of one more document, {b:,}-{c:,} against {a:,}-{b:,}: {last / first:.2f} (goal {1 + LINEAR:.2f})"
        )
    big = [costs[count].memory for count in sizes if count >= 10]
    if len(big) > 1:
        print(
            f"peak memory, {sizes[-1]:,} against 10 documents: {big[-1] / big[0]:.2f} (goal {1 + FLAT:.2f})"
        )


def formats(work: Path, names: list[str], count: int) -> None:
    print("\nformat   documents   per s   per core s")
    for name in names:
        source = documents(work / f"made-{name}", count, name, 2)
        cost = corpus(work / "corpus", source)
        built = told(work / "corpus")["built"]
        print(f"{name:6} {built:11,} {built / cost.wall:7.1f} {built / cost.core:12.1f}")


def jobs(work: Path, count: int, repeat: int) -> None:
    source = documents(work / "made-jobs", count, "text", 3)
    ratios = []
    for _ in range(repeat):
        one, two = (corpus(work / "corpus", source, jobs).wall for jobs in (1, 2))
        ratios.append(one / two)
    print(
        f"\ntwo processes against one, {count} documents: {median(ratios):.2f} (goal {JOBS_GOAL})"
    )


def unchanged(work: Path, count: int, repeat: int) -> None:
    source = documents(work / "made-same", count, "text", 4)
    corpus(work / "corpus", source)
    if not (VENV / "bin/doit").exists():
        venv.create(VENV, with_pip=True)
        subprocess.run([VENV / "bin/pip", "install", "-q", "doit==0.36.0"], check=True)
    (work / "dodo.py").write_text(DODO.format(folder=str(source)), encoding="utf-8")
    run(VENV / "bin/doit", "-f", "dodo.py", folder=work)
    ours = [run(COMMAND, "corpus", "build", work / "corpus").wall for _ in range(repeat)]
    doit = [run(VENV / "bin/doit", "-f", "dodo.py", folder=work).wall for _ in range(repeat)]
    ratio = median(d / o for d, o in zip(doit, ours, strict=True))
    print(
        f"nothing changed, {count} documents: {median(ours):.2f} s; doit {median(doit):.2f} s, {ratio:.1f} times"
    )
    one = next(path for path in sorted(source.iterdir()) if path.suffix == ".txt")
    one.write_text(one.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    print(f"one of {count} changed: {run(COMMAND, 'corpus', 'build', work / 'corpus').wall:.2f} s")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--sizes", default="1,10,100,1000", help="with 10000: some 20 GB in the temporary folder"
    )
    parser.add_argument("--formats", default="text,docx,xlsx,pdf")
    parser.add_argument(
        "--count", type=int, default=60, help="documents of each format, and for two processes"
    )
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=1, help="processes of the growing builds")
    args = parser.parse_args()
    start = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="opendata-bench-") as folder:
        work = Path(folder)
        formats(work, args.formats.split(","), args.count)
        jobs(work, args.count * 2, args.repeat)
        unchanged(work, args.count * 2, args.repeat)
        growth(work, [int(count) for count in args.sizes.split(",")], args.repeat, args.jobs)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(
        f"\nload {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores, {time.perf_counter() - start:.0f} s, {used.ru_utime:.0f} core s"
    )


if __name__ == "__main__":
    main()
