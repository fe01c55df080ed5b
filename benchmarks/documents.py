"""How long reading documents takes: tables of PDF and xlsx against others, memory, two processes.

    python benchmarks/documents.py [--repeat N]

Each repetition runs every way once, one after the other, and the median of the ratios counts.
The others run in a virtual environment of their own. Reading is in CPU time of one process,
without start and imports; converting a folder in wall time, for it is done by two processes.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parent.parent
CORPUS = Path(os.environ.get("OPENDATA_CORPUS", ROOT.parent / "shared/corpus"))
VENV = ROOT / "build/benchmarks/readers-venv"
COMMAND = Path(sys.executable).with_name("opendata")
PDF_GOAL, XLSX_GOAL, JOBS_GOAL = 8, 20, 1.7
READS = 50
FLAT = 10  # MB that the last half of the reads may add
XLSX_TIMES = 20  # one workbook is read in milliseconds

# Each prints its own CPU seconds; what is imported when first needed comes before the clock.
PDFPLUMBER = """
import sys, time, pdfplumber
pdfplumber.open(sys.argv[1]).pages[0].extract_tables()
start = time.process_time()
for name in sys.argv[1:]:
    with pdfplumber.open(name) as document:
        for page in document.pages:
            page.extract_tables()
            page.close()
print(time.process_time() - start)
"""
OPENPYXL = f"""
import sys, time, openpyxl
openpyxl.load_workbook(sys.argv[1])
start = time.process_time()
for _ in range({XLSX_TIMES}):
    book = openpyxl.load_workbook(sys.argv[1], data_only=True)
    for sheet in book.worksheets:
        rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
print(time.process_time() - start)
"""
OURS = """
import sys, time
from pathlib import Path
from opendata.documents import read
times, names = int(sys.argv[1]), [Path(name) for name in sys.argv[2:]]
read(names[0])
start = time.process_time()
for _ in range(times):
    for name in names:
        read(name)
print(time.process_time() - start)
"""


def their_python() -> Path:
    """The Python of the others' virtual environment, made when absent."""
    python = VENV / "bin/python"
    if not (VENV / "ready").exists():
        print(f"making {VENV} …", file=sys.stderr)
        venv.create(VENV, clear=True, with_pip=True)
        command = [python, "-m", "pip", "install", "--quiet", "pdfplumber", "openpyxl"]
        subprocess.run(command, check=True)
        (VENV / "ready").touch()
    return python


def seconds(python: Path | str, code: str, *arguments: object) -> float:
    """The CPU seconds that a program says it took."""
    command = [python, "-c", code, *map(str, arguments)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return float(done.stdout.splitlines()[-1])


def report(name: str, pairs: list[tuple[float, float]], goal: float, clock: str) -> None:
    ratios = sorted(theirs / ours for theirs, ours in pairs)
    met = "met" if median(ratios) >= goal else "NOT met"
    print(f"{name}: {median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f}, {clock})", end="")
    print(f", goal {goal}: {met}")
    theirs, ours = (median(side) for side in zip(*pairs, strict=True))
    print(f"    {theirs:.2f} s against {ours:.2f} s")


def memory() -> None:
    """Peak memory of a process that reads the same documents again and again."""
    command = [sys.executable, __file__, "--reads"]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    peaks = json.loads(done.stdout)
    more = peaks[-1] - peaks[len(peaks) // 2 - 1]
    met = "met" if more <= FLAT else "NOT met"
    print(
        f"peak memory after 1, {READS // 2} and {READS} reads: {peaks[0]:.0f}, "
        f"{peaks[READS // 2 - 1]:.0f} and {peaks[-1]:.0f} MB; the last half added {more:.1f} MB, "
        f"goal at most {FLAT}: {met}"
    )


def reads() -> None:
    """Read every PDF once in turn, `READS` times in all; print the peak after each, in MB."""
    from opendata.documents import read

    pdfs = sorted(CORPUS.glob("*.pdf"), key=lambda path: -path.stat().st_size)
    unit = 1 if sys.platform == "darwin" else 1024
    peaks = []
    for number in range(READS):
        read(pdfs[number % len(pdfs)])
        peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6)
    print(json.dumps(peaks))


def convert(jobs: int) -> float:
    """Wall seconds of converting the corpus; some documents fail for want of facts, always the same."""
    with tempfile.TemporaryDirectory() as folder:
        command = [COMMAND, "convert", *sorted(CORPUS.glob("*.pdf")), "-o", folder]
        command += ["--division", "320000", "--jobs", str(jobs)]
        start = time.perf_counter()
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        taken = time.perf_counter() - start
        if not (Path(folder) / "index.csv").is_file():
            raise RuntimeError(f"convert wrote no index: {done.stderr.strip()[:400]}")
    return taken


def main() -> int:
    parser = argparse.ArgumentParser(description="Reading documents: speed and memory.")
    parser.add_argument("--repeat", type=int, default=3, metavar="N")
    parser.add_argument("--reads", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.reads:
        reads()
        return 0
    pdfs = sorted(CORPUS.glob("*.pdf"))
    book = CORPUS / "rebuilt/budget.xlsx"
    if not pdfs or not book.is_file():
        print(f"{CORPUS} holds no documents: nothing to measure. Set OPENDATA_CORPUS.")
        return 0
    memory()
    theirs = their_python()
    found: dict[str, list[tuple[float, float]]] = {"pdf": [], "xlsx": [], "jobs": []}
    for _ in range(options.repeat):
        ours = seconds(sys.executable, OURS, 1, *pdfs)
        found["pdf"].append((seconds(theirs, PDFPLUMBER, *pdfs), ours))
        ours = seconds(sys.executable, OURS, XLSX_TIMES, book)
        found["xlsx"].append((seconds(theirs, OPENPYXL, book), ours))
        found["jobs"].append((convert(1), convert(2)))
    report("pdfplumber / ours", found["pdf"], PDF_GOAL, "cpu")
    report("openpyxl / ours", found["xlsx"], XLSX_GOAL, "cpu")
    report("convert --jobs 1 / --jobs 2", found["jobs"], JOBS_GOAL, "wall")
    return 0


if __name__ == "__main__":
    sys.exit(main())
