"""Is a data cube well formed: the integrity constraints IC-1 to IC-21 of the W3C recommendation.

Each constraint is a query of `shapes/cube/`, asked of the cube in normal form, and is done in one
pass over the observations. A constraint that lacks what it needs (a structure, a code list) is
said not to have been applied: it never passes because there was nothing to look at.
"""

from collections.abc import Iterator, Sequence

from pyoxigraph import QuerySolution, Store, Triple

from opendata.checks.constraint import Constraint, answers, breaches, constraints, shown
from opendata.checks.cube.index import DATA_SET, MEASURE_TYPE, NORM
from opendata.checks.cube.normal import Cubes, Key, normal_form
from opendata.checks.report import found
from opendata.model import Finding
from opendata.terms import Text

MAX_DIMENSIONS = 100  # a query has a pattern for each; no real cube has half as many
PREFIXES = {"norm": NORM}


def check_cube(data: Sequence[Triple]) -> Iterator[Finding]:
    """What the integrity constraints say of a graph; nothing where it holds no data cube.

    Our own structure and code lists stand beside the graph where it refers to them and does not
    hold them. The graph itself is read only.
    """
    cubes = normal_form(data)
    if cubes is None:
        return
    unapplied: dict[str, Text] = {}  # by the constraint's name, the first reason
    answered: list[tuple[Constraint, list[QuerySolution]]] = []
    repeated: list[QuerySolution] = []
    for constraint in constraints("cube"):
        if constraint.group:
            continue
        rows = answers(cubes.store, constraint.text, PREFIXES)
        answered.append((constraint, rows))
        for name in constraint.stops if rows else ():
            unapplied.setdefault(name, _absent(constraint, rows[0]))
        if constraint.name == "dimension-repeated":
            repeated = rows
    _leave_out(cubes.store, repeated)
    for constraint in constraints("cube"):
        for key in keys_of(constraint, cubes):
            if len(key.dimensions) > MAX_DIMENSIONS:
                unapplied.setdefault(constraint.name, _too_many(key))
                continue
            rows = answers(cubes.store, filled_in(constraint, key), PREFIXES)
            answered.append((constraint, rows))
    yield from breaches(data, answered)
    for name, reason in sorted(unapplied.items()):
        yield _not_applied(name, reason)


def _leave_out(store: Store, rows: list[QuerySolution]) -> None:
    """Take observations out of the comparison: ten values of ten dimensions are 10^10 rows."""
    for row in rows:
        for quad in list(store.quads_for_pattern(row["node"], DATA_SET, None)):
            store.remove(quad)


def keys_of(constraint: Constraint, cubes: Cubes) -> Iterator[Key]:
    """The sets of dimensions that a constraint must be asked for, each by itself."""
    for key in cubes.keys:
        if constraint.group == "dimensions" or (
            constraint.group == "measure dimension" and MEASURE_TYPE in key.dimensions
        ):
            yield key


def filled_in(constraint: Constraint, key: Key) -> str:
    """The query for a set of dimensions; the measure dimension is not among the other ones."""
    left_out = {MEASURE_TYPE} if constraint.group == "measure dimension" else set()
    dimensions = [d for d in key.dimensions if d not in left_out]
    pattern = " ".join(f"?observation {d} ?value{n} ." for n, d in enumerate(dimensions))
    values = " ".join(f"?value{n}" for n in range(len(dimensions)))
    text = constraint.text.replace("$key", str(key.name))
    return text.replace("$pattern", pattern).replace("$values", values)


def _absent(constraint: Constraint, row: QuerySolution) -> Text:
    place = shown(row["node"])
    return {
        "zh": f"缺少结构，见 {constraint.rule}（{place}）",
        "en": f"structure is absent, see {constraint.rule} ({place})",
    }


def _too_many(key: Key) -> Text:
    count = len(key.dimensions)
    return {
        "zh": f"结构定义有 {count} 个维度，最多比较 {MAX_DIMENSIONS} 个",
        "en": f"a structure has {count} dimensions, and at most {MAX_DIMENSIONS} are compared",
    }


def _not_applied(name: str, reason: Text) -> Finding:
    ic = name.upper()
    return found(
        "cube-not-applied",
        f"{ic} 未能（全部）检查：{reason['zh']}。",
        f"{ic} could not be applied, or not everywhere: {reason['en']}.",
        severity="note",
    )
