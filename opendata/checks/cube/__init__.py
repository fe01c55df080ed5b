"""Is a data cube well formed: the integrity constraints IC-1 to IC-21 of the W3C recommendation.

Each constraint is a query of `shapes/cube/`, asked of the cube in normal form, and is done in one
pass over the observations, some thousands at a time. A constraint that lacks what it needs (a structure, a code list) is
said not to have been applied: it never passes because there was nothing to look at.
"""

from collections.abc import Iterable, Iterator, Sequence

from pyoxigraph import Quad, QuerySolution, Store, Triple

from opendata.checks.constraint import Constraint, answers, breaches, constraints, ordered, shown
from opendata.checks.cube.components import Key
from opendata.checks.cube.index import DATA_SET, MEASURE_TYPE, NORM
from opendata.checks.cube.normal import MAX_DIMENSIONS, Cubes, normal_form, store_of
from opendata.checks.cube.points import Doubt, doubts, take_in
from opendata.checks.report import found
from opendata.memory import uncollected
from opendata.model import Finding
from opendata.terms import Text

PREFIXES = {"norm": NORM}


def check_cube(data: Iterable[Triple]) -> Iterator[Finding]:
    """What the integrity constraints say of a graph; nothing where it holds no data cube.

    Our own structure and code lists stand beside the graph where it refers to them and does not
    hold them. The graph itself is read only.
    """
    data = data if isinstance(data, Sequence) else list(data)
    with uncollected():  # it would walk the whole graph again and again
        cubes = normal_form(data)
        answered = _asked(cubes) if cubes else []
    if cubes is None:
        return
    unapplied: dict[str, Text] = {}  # by the constraint's name, the first reason
    for constraint, rows in answered:
        for name in constraint.stops if rows else ():
            unapplied.setdefault(name, _absent(constraint, rows[0]))
    for constraint in constraints("cube"):
        for key in keys_of(constraint, cubes.keys):
            if len(key.dimensions) > MAX_DIMENSIONS:
                unapplied.setdefault(constraint.name, _too_many(key))
    yield from breaches(data, answered)
    for name, reason in sorted(unapplied.items()):
        yield _not_applied(name, reason)


def _asked(cubes: Cubes) -> list[tuple[Constraint, list[QuerySolution]]]:
    """What every constraint answers, of the frame and of each part."""
    whole = [constraint for constraint in constraints("cube") if not constraint.group]
    found = {c.name: answers(cubes.frame, c.text, PREFIXES) for c in whole}
    for number, part in enumerate(cubes.parts):
        store = store_of(cubes, part)
        rows = {c.name: answers(store, c.text, PREFIXES) for c in whole if c.of_observations}
        for name, more in rows.items():
            found[name] += more
        # Not compared: ten values of ten dimensions would be 10^10 rows.
        repeated = {row["node"] for row in rows["dimension-repeated"]}
        take_in(cubes.points, number, part, cubes.shared, repeated)
    grouped: dict[tuple[str, Key], list[QuerySolution]] = {}
    for doubt in doubts(cubes.points, cubes.parts):
        store = doubted_store(cubes, doubt)
        for constraint in constraints("cube"):
            for key in keys_of(constraint, doubt.keys):
                told = answers(store, filled_in(constraint, key), PREFIXES)
                grouped.setdefault((constraint.name, key), []).extend(told)
    answered = [(c, ordered(found[c.name])) for c in whole]
    return answered + [
        (constraint, ordered(grouped.get((constraint.name, key), ())))
        for constraint in constraints("cube")
        for key in keys_of(constraint, cubes.keys)
    ]


def doubted_store(cubes: Cubes, doubt: Doubt) -> Store:
    """Observations to be compared, in those data sets only in which they are to be compared."""
    store = store_of(cubes, doubt.part)
    for t in doubt.part.told.get(DATA_SET, ()):
        if (t.subject, t.object) not in doubt.within:
            store.remove(Quad(t.subject, DATA_SET, t.object))
    return store


def keys_of(constraint: Constraint, keys: Iterable[Key]) -> Iterator[Key]:
    """The sets of dimensions that a constraint must be asked for, each by itself."""
    for key in keys:
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
