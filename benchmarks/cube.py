"""The integrity constraints of a data cube at two sizes: do they grow no faster than the cube.

    python benchmarks/cube.py [--size N] [--times N] [--repeat N]

Half of the observations are of a cube with eleven dimensions, seven of them coded, as our own
budgets are; half are of a cube with a measure dimension, a hierarchical code list and slices.
One observation in a thousand lacks a value, and one is there twice. CPU time is counted, since
the machine is shared; the graph is in memory before the clock starts.
"""

import argparse
import gc
import time
from collections import Counter
from collections.abc import Iterator
from statistics import median

from pyoxigraph import RdfFormat, Store, Triple, parse

from opendata.checks.constraint import answers, constraints
from opendata.checks.cube import PREFIXES, check_cube, filled_in, keys_of
from opendata.checks.cube.normal import normal_form, store_of
from opendata.checks.cube.points import doubts, take_in

GOAL = 12
CODED, FREE = 7, 4
CODES = 9  # in each code list
HEAD = """
@prefix : <https://example.org/> .
@prefix qb: <http://purl.org/linked-data/cube#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
:wide a qb:DataSet ; qb:structure :W . :W a qb:DataStructureDefinition .
:W qb:component [ qb:measure :amount ] , [ qb:attribute :unit ; qb:componentRequired true ] .
:tall a qb:DataSet ; qb:structure :T . :T a qb:DataStructureDefinition ; qb:sliceKey :by-place .
:T qb:component [ qb:dimension :place ] , [ qb:dimension :day ] , [ qb:dimension qb:measureType ] ,
  [ qb:measure :cars ] , [ qb:measure :bikes ] .
:by-place a qb:SliceKey ; qb:componentProperty :place .
:place rdfs:range skos:Concept ; qb:codeList :places . :day rdfs:range xsd:integer .
:places a qb:HierarchicalCodeList ; qb:hierarchyRoot :p0 ; qb:parentChildProperty skos:narrower .
"""


def turtle(size: int) -> Iterator[str]:
    """The lines of a graph with so many observations."""
    yield HEAD
    for n in range(CODED):
        yield f":W qb:component [ qb:dimension :c{n} ] . :c{n} rdfs:range skos:Concept ; qb:codeList :l{n} .\n"
        yield f":l{n} a skos:ConceptScheme .\n"
        yield from (f":l{n}-{c} a skos:Concept ; skos:inScheme :l{n} .\n" for c in range(CODES))
    for n in range(FREE):
        yield f":W qb:component [ qb:dimension :f{n} ] . :f{n} rdfs:range xsd:integer .\n"
    yield from (wide(number) for number in range(size // 2))
    places = max(size // 40, 1)
    yield from (f":p{(n - 1) // 5} skos:narrower :p{n} .\n" for n in range(1, places))
    yield from (tall(number, places) for number in range(size // 2))


def wide(number: int) -> str:
    """An observation of eleven dimensions; the last tells it from the others."""
    own = number - 1 if number == 500 else number  # one is there twice
    coded = " ".join(f":c{n} :l{n}-{own // CODES**n % CODES} ;" for n in range(CODED))
    free = " ".join(f":f{n} {own if n == 0 else own % (n + 2)} ;" for n in range(FREE))
    unit = "" if number % 1000 == 7 else ":unit :yuan ;"
    text = " ".join(f':text{n} "第 {number} 行" ;' for n in range(4))
    return f":w{number} a qb:Observation ; qb:dataSet :wide ; {coded} {free} {unit} {text} :amount {number}.50 .\n"


def tall(number: int, places: int) -> str:
    """One of the two observations of a place and a day, the place being on its slice."""
    point, measure = number // 2, ("cars", "bikes")[number % 2]
    value = "" if number % 1000 == 9 else f" ; :{measure} {number}"
    slice_ = f":s{point // 10}"
    head = (
        f":tall qb:slice {slice_} . {slice_} qb:sliceStructure :by-place ; "
        f":place :p{point // 10 % places} .\n"
    )
    return (
        (head if point % 10 == 0 and number % 2 == 0 else "")
        + f"{slice_} qb:observation :t{number} . :t{number} qb:dataSet :tall ; "
        f":day {point} ; qb:measureType :{measure}{value} .\n"
    )


def graph(size: int) -> list[Triple]:
    return [quad.triple for quad in parse("".join(turtle(size)), RdfFormat.TURTLE)]


def whole(data: list[Triple]) -> tuple[float, Counter[str]]:
    """CPU seconds of the check, and how often each rule was found."""
    gc.collect()
    start = time.process_time()
    found = Counter(finding.rule for finding in check_cube(data))
    return time.process_time() - start, found


def each(data: list[Triple]) -> dict[str, float]:
    """CPU seconds of the normal form, of the stores and points of its parts, and of each constraint."""
    start = time.process_time()
    cubes = normal_form(data)
    assert cubes is not None
    seconds = {"normal form": time.process_time() - start, "stores": 0.0, "points": 0.0}
    seconds |= {
        c.name: 0.0 if c.group else _asked(cubes.frame, c.text) for c in constraints("cube")
    }
    for number, part in enumerate(cubes.parts):
        start = time.process_time()
        store = store_of(cubes, part)
        seconds["stores"] += time.process_time() - start
        for c in constraints("cube"):
            seconds[c.name] += _asked(store, c.text) if c.of_observations else 0
        start = time.process_time()
        take_in(cubes.points, number, part, cubes.shared, ())
        seconds["points"] += time.process_time() - start
    for doubt in doubts(cubes.points, cubes.parts):
        store = store_of(cubes, doubt.part)
        for c in constraints("cube"):
            for key in keys_of(c, doubt.keys):
                seconds[c.name] += _asked(store, filled_in(c, key))
    return seconds


def _asked(store: Store, text: str) -> float:
    start = time.process_time()
    answers(store, text, PREFIXES)
    return time.process_time() - start


def main() -> None:
    parser = argparse.ArgumentParser(description="Data Cube integrity constraints at two sizes.")
    parser.add_argument("--size", type=int, default=20_000, metavar="N", help="observations")
    parser.add_argument(
        "--times", type=int, default=10, metavar="N", help="the large size is so many"
    )
    parser.add_argument("--repeat", type=int, default=3, metavar="N")
    options = parser.parse_args()
    sizes = (options.size, options.size * options.times)
    taken: list[float] = []
    parts: list[dict[str, float]] = []
    for size in sizes:
        data = graph(size)
        runs = [whole(data) for _ in range(options.repeat)]
        taken.append(median(seconds for seconds, _ in runs))
        parts.append(each(data))
        print(f"{size:,} observations, {len(data):,} triples: {taken[-1]:.2f} s cpu")
        print("  found: " + ", ".join(f"{rule} {n}" for rule, n in sorted(runs[0][1].items())))
    ratio, goal = taken[1] / taken[0], GOAL * options.times / 10
    print(f"ratio {ratio:.1f}, goal at most {goal:g}: {'met' if ratio <= goal else 'NOT met'}")
    for name, seconds in parts[1].items():
        print(f"  {name}: {parts[0][name]:.3f} s, {seconds:.3f} s")


if __name__ == "__main__":
    main()
