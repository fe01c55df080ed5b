"""How much of the truth of synthetic documents comes back, and how fast they are made and read.

python benchmarks/synthetic.py [--count N] [--seed N] [--json]
"""

import argparse
import json
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from opendata.checks.rules import check
from opendata.facts import facts_for
from opendata.parsers import parse
from opendata.synthetic import ERRORS, FAMILIES, FORMATS, PHASES, Order, synthesize
from opendata.synthetic.truth import Score, compare

GOAL = 99.0  # per cent of rows


@dataclass(slots=True)
class Tally:
    """What came of the documents of one kind."""

    made: float = 0.0
    read: float = 0.0
    count: int = 0
    scores: dict[str, Score] = field(default_factory=lambda: defaultdict(Score))
    planted: int = 0
    found: int = 0

    @property
    def percent(self) -> float:
        """Rows that came back, of those wanted and those too many."""
        whole = sum(self.scores.values(), Score())
        return 100 * whole.found / max(1, whole.wanted + whole.extra)


def measure(order: Order, numbers: range, folder: Path) -> Tally:
    tally = Tally()
    for number in numbers:
        start = time.process_time()
        made = synthesize(order, number)
        tally.made += time.process_time() - start
        path = folder / made.name
        path.write_bytes(made.data)
        path.with_suffix(".toml").write_text(made.facts, encoding="utf-8")
        start = time.process_time()
        budget = parse(path, facts_for(path))
        tally.read += time.process_time() - start
        tally.count += 1
        for name, score in compare(made.truth, budget).items():
            tally.scores[name] += score
        rules = {finding.rule for finding in check(budget).findings}
        tally.planted += len(made.truth.planted)
        tally.found += sum(one.rule in rules for one in made.truth.planted)
    return tally


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=20, help="documents of each kind")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for family in FAMILIES:
            for phase in PHASES:
                for format_ in FORMATS:
                    order = Order(
                        seed=options.seed, families=(family,), phases=(phase,), formats=(format_,)
                    )
                    tally = measure(order, range(options.count), Path(folder))
                    found.append((family, phase, format_, tally))
        errors = Order(seed=options.seed, formats=("html",), phases=PHASES)
        planted = {
            name: measure(
                Order(seed=errors.seed, formats=errors.formats, phases=PHASES, errors=(name,)),
                range(min(options.count, 12)),
                Path(folder),
            )
            for name in ERRORS
        }
    if options.json:
        print(json.dumps([
            {"family": a, "phase": b, "format": c, "percent": t.percent, "made": t.made / t.count, "read": t.read / t.count}
            for a, b, c, t in found
        ], indent=1))  # fmt: skip
        return
    print("family, phase, format: rows that came back; processor seconds to make and to read one")
    for family, phase, format_, tally in found:
        told = "met" if tally.percent >= GOAL else "NOT met"
        rows = sum(score.wanted for score in tally.scores.values())
        print(
            f"  {family:9} {phase:9} {format_:5} {tally.percent:7.2f} % of {rows:,} (goal {GOAL} %: {told})"
            f"   {tally.made / tally.count:.3f}  {tally.read / tally.count:.3f}"
        )
    print("planted errors that their rule found, and rows read as written")
    for name, tally in planted.items():
        print(f"  {name:9} {tally.found}/{tally.planted}  {tally.percent:.2f} %")


if __name__ == "__main__":
    main()
