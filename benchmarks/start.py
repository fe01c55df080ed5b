"""How long a command takes from the shell: `--help`, and converting a whole document.

    python benchmarks/start.py [--repeat N]

Each pair runs one after the other, N times; the median of the ratios counts. `--help` is held
against a Python that does nothing, `convert` against importing the libraries that it leaves out.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parent.parent
COMMAND = Path(sys.executable).with_name("opendata")
DOCUMENT = ROOT / "datapackages/430105-306001-2023/source/kaifu-chengguan-2023.txt"
GOAL = 3


def seconds(command: list[str | Path]) -> float:
    """Wall time of a command.

    Raises:
        RuntimeError: it could not run; exit code 1 only says that the document has findings.
    """
    start = time.perf_counter()
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    taken = time.perf_counter() - start
    if done.returncode not in (0, 1) or "Traceback" in done.stderr:
        raise RuntimeError(f"{' '.join(map(str, command))}\n{done.stderr.strip()}")
    return taken


def compare(name: str, command: list[str | Path], code: str, repeat: int) -> None:
    against = [sys.executable, "-c", code]
    seconds(command)  # byte-compiles, and fills the file cache
    seconds(against)
    pairs = [(seconds(command), seconds(against)) for _ in range(repeat)]
    ratios = sorted(ours / theirs for ours, theirs in pairs)
    met = "met" if median(ratios) <= GOAL else "NOT met"
    print(f'opendata {name} / python -c "{code}": {median(ratios):.2f}', end=" ")
    print(f"({ratios[0]:.2f} to {ratios[-1]:.2f}), goal at most {GOAL}: {met}")
    ours, theirs = (median(side) * 1000 for side in zip(*pairs, strict=True))
    print(f"    {ours:.0f} ms against {theirs:.0f} ms")


def main() -> int:
    parser = argparse.ArgumentParser(description="Start and conversion times of the command.")
    parser.add_argument("--repeat", type=int, default=15, metavar="N")
    repeat = parser.parse_args().repeat
    for path, way_out in (
        (COMMAND, "pip install -e ."),
        (DOCUMENT, "git checkout -- datapackages"),
    ):
        if not path.exists():
            print(f"{path} is missing: nothing to measure. Try: {way_out}", file=sys.stderr)
            return 2
    try:
        compare("--help", [COMMAND, "--help"], "pass", repeat)
        with tempfile.TemporaryDirectory() as folder:
            convert = [COMMAND, "convert", DOCUMENT, "-o", Path(folder) / "package"]
            compare("convert", convert, "import rdflib, frictionless, pyshacl", repeat)
    except RuntimeError as error:
        print(f"the command could not run: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
