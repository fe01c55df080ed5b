"""The shapes, looked up in the columns of a package's tables: what the graph check finds, sooner.

The graph of a package of ours is made from its rows by fixed templates. So the constraints of the
shapes can be held against the distinct values of columns. Columns say which records are not surely
as the shapes want them; those few, with the nodes that they point to, become a small graph, and the
graph check words what is wrong with them. Where columns cannot say, because of a constraint that is
not known here or of two rows with one identifier, the graph check reads the whole graph.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

from pyoxigraph import NamedNode, RdfFormat, parse

from opendata.checks import shapes
from opendata.checks.columns import constraints
from opendata.checks.columns.constraints import World, conforms, objects
from opendata.checks.columns.records import TYPE, Field, Records, Term, Values
from opendata.converters import sheets
from opendata.converters.graph import facts_triples, triples, write_ntriples
from opendata.model import Budget, Finding
from opendata.package import Package
from opendata.terms import snake

_MANY = 2000  # records; the graph check reads the whole graph as soon

# What these ask for hangs on the column only, so one value answers for all.
_OF_COLUMN = {"datatype", "languageIn", "maxCount", "minCount", "nodeKind"}


def check_columns(package: Package, budget: Budget | None = None) -> Iterator[Finding]:
    """The findings that `shapes.check_graph` has for the graph of the package's rows.

    Raises:
        PackageError: a table of ours is missing, or has other columns than its shape.
    """
    budget = budget or package.budget()
    known = _Known(budget, package)
    found = known.suspects()
    if found is not None and not found:
        return
    with TemporaryDirectory() as folder:
        graph = Path(folder) / "budget.nt"
        with graph.open("wb") as file:
            if found is None or len(found) > _MANY:
                write_ntriples(file, budget, package.facts)
            else:
                file.writelines(known.around(found))
        told = list(shapes.check_graph(graph))
    if found is None or len(found) > _MANY:
        yield from told
        return
    names = {known.name(subject) for subject in found}
    yield from (one for one in told if (one.table, one.record) in names)


class _Known:
    """The records of a budget, and the nodes that stand in no table."""

    def __init__(self, budget: Budget, package: Package) -> None:
        found = sheets(budget)
        self.base = package.facts.base
        self.records = [Records(sheet, self.base) for sheet in found]
        lists = [sheet for sheet in found if sheet.folder]
        self.facts = [" ".join(t) + " .\n" for t in facts_triples(budget, package.facts, lists)]
        self.nodes: dict[str, Values] = _nodes("".join(self.facts))
        self.classes: dict[str, set[str]] = {}
        self.world = World(self._of_class, self._follow)

    def suspects(self) -> set[str] | None:
        """The nodes that are not surely as the shapes want them; None if columns cannot say."""
        spaces = {records.space for records in self.records}
        keys = [(len(set(r.columns[0])), len(r.sheet.rows)) for r in self.records]
        if len(spaces) < len(self.records) or any(some < all_ for some, all_ in keys):
            return None
        found: set[str] = set()
        for shape in constraints.node_shapes():
            if any(objects(shape, word) for word in constraints.TARGETS[2:]):
                return None
            for records in self.records:
                targets = _targets(shape, records)
                if targets:
                    wrong = _wrong(shape, records, self.world).intersection(targets)
                    found.update(records.subjects[row] for row in wrong)
            found.update(self._other(shape))
        return found

    def _other(self, shape: str) -> Iterator[str]:
        """The nodes of no table that are not surely as a shape wants them."""
        paths = constraints.paths(shape)
        for node, values in self.nodes.items():
            if _row(self.records, node):  # a row that more is said of
                if paths & set(values):
                    yield node
            elif _is_target(shape, values) and not conforms(shape, values, self.world):
                yield node

    def _of_class(self, node: str, cls: str) -> bool:
        if cls not in self.classes:
            found = {n for n, values in self.nodes.items() if Term(cls) in values.get(TYPE, ())}
            for records in self.records:
                if cls in records.sheet.table.types:
                    found.update(records.subjects)
                elif TYPE in records.fields:
                    found.update(records.subjects[row] for row in _of_type(records, cls))
            self.classes[cls] = found
        return node in self.classes[cls]

    def _follow(self, term: Term, step: str) -> tuple[Term, ...] | None:
        found = _row(self.records, term.text)
        more = self.nodes.get(term.text, {}).get(step, ())
        if found is None:
            return more
        records, row = found
        return tuple(dict.fromkeys([*records.values(row, [step])[step], *more]))

    def around(self, found: set[str]) -> Iterator[bytes]:
        """The triples of some nodes, of those that they point to, and of what is in no table."""
        yield from (line.encode() for line in self.facts)
        near = b"".join(self._triples(found))
        quads = parse(near, RdfFormat.N_TRIPLES)
        onward = {quad.object.value for quad in quads if isinstance(quad.object, NamedNode)}
        yield near
        yield from self._triples(onward - found)

    def _triples(self, nodes: Iterable[str]) -> Iterator[bytes]:
        for records in self.records:
            rows = [row for node in sorted(nodes) if (row := records.row_of.get(node))]
            yield from triples(records.sheet.table, rows, self.base)

    def name(self, node: str) -> tuple[str, str]:
        """The table and the record that a finding of a node has."""
        found = _row(self.records, node)
        classes = sorted(term.text for term in self.nodes.get(node, {}).get(TYPE, ()))
        table = found[0].sheet.table.name if found else snake((classes or [""])[0])
        return table, node.rpartition("/")[2]


def _nodes(lines: str) -> dict[str, Values]:
    found: dict[str, Values] = {}
    for quad in parse(lines, RdfFormat.N_TRIPLES):
        values = found.setdefault(constraints.key(quad.subject), {})
        path = quad.predicate.value
        values[path] = (*values.get(path, ()), constraints.term(quad.object))
    return found


def _row(records: list[Records], node: str) -> tuple[Records, tuple[object, ...]] | None:
    for one in records:
        if node.startswith(one.space) and (row := one.row_of.get(node)):
            return one, row
    return None


def _is_target(shape: str, values: Values) -> bool:
    classes, paths = objects(shape, "targetClass"), objects(shape, "targetSubjectsOf")
    types = values.get(TYPE, ())
    return any(cls in types for cls in classes) or any(path.text in values for path in paths)


def _targets(shape: str, records: Records) -> Iterable[int]:
    """The rows that a shape is about."""
    every = range(len(records.sheet.rows))
    found: set[int] = set()
    for cls in objects(shape, "targetClass"):
        if cls.text in records.sheet.table.types:
            return every
        found.update(_of_type(records, cls.text))
    for path in objects(shape, "targetSubjectsOf"):
        for field in records.fields.get(path.text, ()):
            cells = records.cells(field.numbers)
            found.update(row for row, some in enumerate(cells) if not field.own or some != (None,))
    return found


def _of_type(records: Records, cls: str) -> set[int]:
    found: set[int] = set()
    for field in records.fields.get(TYPE, ()):
        distinct = set(records.cells(field.numbers))
        if hits := {some for some in distinct if field.term(some) == Term(cls)}:
            cells = records.cells(field.numbers)
            found.update(row for row, some in enumerate(cells) if some in hits)
    return found


def _wrong(shape: str, records: Records, world: World) -> set[int]:
    """The rows that are not surely as a node shape wants them."""
    found: set[int] = set()
    for inner in objects(shape, "property"):
        steps = constraints.path(inner.text)
        fields = records.fields.get(steps[0], []) if steps and len(steps) == 1 else []
        if len(fields) == 1 and steps != (TYPE,):
            found |= _wrong_in_column(inner.text, records, fields[0], world)
        else:
            answer = partial(constraints.property_conforms, inner.text)
            found |= _wrong_in_rows(steps[:1] if steps else (), set(), records, answer, world)
    for word in constraints.constraints(shape):
        answer = partial(constraints.logical_conforms, shape, word)
        paths, counted = constraints.paths(shape), constraints.counted(shape)
        found |= _wrong_in_rows(paths, counted, records, answer, world)
    return found


def _wrong_in_column(shape: str, records: Records, field: Field, world: World) -> set[int]:
    """The rows whose value in one column is not surely as a property shape wants it."""
    words = constraints.constraints(shape)
    empty = field.own and None in records.columns[field.numbers[0]]
    bad: set[tuple[object, ...]] = set()
    if empty and not all(constraints.values_conform(shape, word, (), world) for word in words):
        bad.add((None,))
    wide = _OF_COLUMN - ({"datatype"} if field.column.datatype in constraints.BY_TEXT else set())
    left = [word for word in words if word not in wide]
    cells = set(records.cells(field.numbers)) if left else set(_first(records, field))
    some = [(one, term) for one in cells if (term := field.term(one))]
    of_column = (
        [constraints.values_conform(shape, w, (some[0][1],), world) for w in words if w in wide]
        if some
        else []
    )
    if not all(of_column):
        return set(range(len(records.sheet.rows)))
    for one, term in some:
        if not all(constraints.values_conform(shape, word, (term,), world) for word in left):
            bad.add(one)
    if not bad:
        return set()
    return {row for row, one in enumerate(records.cells(field.numbers)) if one in bad}


def _first(records: Records, field: Field) -> Iterator[tuple[object, ...]]:
    """The first cells that give a term."""
    found = (one for one in records.cells(field.numbers) if not field.own or one != (None,))
    return islice(found, 1)


def _wrong_in_rows(
    paths: Iterable[str],
    counted: set[str],
    records: Records,
    answer: Callable[[Values, World], constraints.Answer],
    world: World,
) -> set[int]:
    """The rows that are not surely right under some predicates, each mixture of cells asked once.

    Of predicates whose values are only counted, it matters whether there is one.
    """
    chosen: dict[int, Iterable[object]] = {}
    for field in (field for path in paths for field in records.fields.get(path, ())):
        for number in field.numbers:
            cells = records.columns[number]
            if not (field.own and field.column.path in counted):
                chosen[number] = cells
            elif number not in chosen:
                chosen[number] = [cell is None for cell in cells]
    mixtures = list(zip(*chosen.values(), strict=True)) or [()] * len(records.sheet.rows)
    one_of = dict(zip(mixtures, records.sheet.rows, strict=True))
    bad = {some for some, row in one_of.items() if not answer(records.values(row, paths), world)}
    return {row for row, some in enumerate(mixtures) if some in bad} if bad else set()
