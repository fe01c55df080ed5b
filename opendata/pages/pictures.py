"""Pictures of a budget's figures: what a template draws, with the words that fit."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from opendata.model import Budget
from opendata.pages.amounts import percent
from opendata.pages.context import Context
from opendata.pages.drawing.sankey import Band, Flow, Node, sankey
from opendata.pages.drawing.treemap import Box, squarified
from opendata.pages.figures import Figure, accounts, projects, sources, totals
from opendata.pages.functions import Breakdown

TONES = 8  # colours of the style sheet
_HEAD = 24  # the strip over a group that has parts
_MARGIN = 18.0  # over and under the flow: half of a label
_MANY = 10  # projects that have a node of their own
_ZERO = Decimal(0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Tile:
    """An area of a treemap; a `head` is the frame of a group, its parts are drawn over it."""

    box: Box
    tone: int
    label: str
    amount: str
    share: str
    title: str
    head: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Treemap:
    """A treemap at one size; `kind` names the style that shows or hides it."""

    kind: str
    width: float
    height: float
    tiles: tuple[Tile, ...]


def treemaps(context: Context, breakdown: Breakdown) -> tuple[Treemap, ...]:
    """The same treemap for a wide screen and for a narrow one."""
    high = 400.0 if any(group.below for group in breakdown.groups) else 260.0
    sizes = (("wide", 960.0, high), ("narrow", 360.0, high + 60))
    return tuple(_treemap(context, breakdown, *size) for size in sizes)


def _treemap(
    context: Context, breakdown: Breakdown, kind: str, width: float, height: float
) -> Treemap:
    tiles: list[Tile] = []
    total = breakdown.total
    shares = [float(group.figure.amount or 0) for group in breakdown.groups]
    boxes = squarified(shares, Box(0, 0, width, height))
    for number, (group, box) in enumerate(zip(breakdown.groups, boxes, strict=True)):
        tone = number % TONES
        parts = bool(group.below) and box.height > 3 * _HEAD and box.width > 3 * _HEAD
        tiles.append(_tile(context, group.figure, box, tone, total, head=parts))
        if not parts:
            continue
        inner = box.shrunk(2, _HEAD - 2)
        weights = [float(figure.amount or 0) for figure in group.below]
        rest = float(group.figure.amount or 0) - sum(weights)
        if rest > 0:
            weights.append(rest)
        for figure, part in zip(group.below, squarified(weights, inner), strict=False):
            tiles.append(_tile(context, figure, part, tone, total))
    return Treemap(kind=kind, width=width, height=height, tiles=tuple(tiles))


def _tile(
    context: Context, figure: Figure, box: Box, tone: int, total: Decimal, *, head: bool = False
) -> Tile:
    amount = figure.amount or _ZERO
    label, share = context.words(figure.label), percent(amount, total)
    return Tile(
        box=box,
        tone=tone,
        label=label,
        amount=context.short(amount),
        share=share,
        title=f"{figure.code or ''} {label} {context.exact(amount)} {share}".strip(),
        head=head,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Knot:
    """A node of the flow with its words; `computed` where no record says its amount."""

    node: Node
    label: str
    amount: str
    title: str
    tone: int
    computed: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class River:
    """The way of the money, and the rows that say the same: stage, name, figure or remainder."""

    width: float
    top: float
    height: float
    knots: tuple[Knot, ...]
    bands: tuple[tuple[Band, int], ...]
    rows: tuple["Stage", ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Stage:
    """A node before it is drawn."""

    key: str
    column: int
    figure: Figure
    under: str = ""
    computed: bool = False
    percent: str = ""


def river(context: Context, budget: Budget) -> River | None:
    """Source → all money → account → project, as far as the document says it; else None.

    The document does not say which source pays for which account, so all of them meet in one
    node. What the projects leave of their account is computed, and marked so.
    """
    stages = _stages(context, budget)
    columns = sorted({stage.column for stage in stages})
    if len(columns) < 3:
        return None
    values = {stage.key: float(stage.figure.amount or 0) for stage in stages}
    flows = [
        Flow(stage.key, "all", values[stage.key]) if stage.column == 0
        else Flow(stage.under, stage.key, values[stage.key])
        for stage in stages
        if stage.column != 1
    ]  # fmt: skip
    by_column = [[stage.key for stage in stages if stage.column == column] for column in columns]
    height = 170.0 + 42.0 * max(map(len, by_column))
    nodes, bands = sankey(by_column, flows, 960, height)
    top = min(node.y for node in nodes) - _MARGIN
    tones = _tones(stages)
    known = {stage.key: stage for stage in stages}
    return River(
        width=960,
        top=top,
        height=max(n.y + n.height for n in nodes) + _MARGIN - top,
        knots=tuple(_knot(context, known[node.key], node, tones[node.key]) for node in nodes),
        bands=tuple((band, tones[_leaf(band, known)]) for band in bands),
        rows=tuple(
            replace(stage, percent=bar.percent)
            for stage, bar in zip(stages, bars([s.figure for s in stages]), strict=True)
        ),
    )


def _leaf(band: Band, known: dict[str, Stage]) -> str:
    return band.source if known[band.source].column == 0 else band.target


def _tones(stages: Sequence[Stage]) -> dict[str, int]:
    """A colour for each source and account; a project has that of its account."""
    found: dict[str, int] = {"all": 0}
    for stage in stages:
        if stage.column == 3:
            found[stage.key] = found[stage.under]
        elif stage.column != 1:
            found[stage.key] = sum(1 for s in stages if s.key in found and s.column == stage.column)
            found[stage.key] = (found[stage.key] + (stage.column == 2)) % TONES
    return found


def _knot(context: Context, stage: Stage, node: Node, tone: int) -> Knot:
    amount = stage.figure.amount or _ZERO
    label = context.words(stage.figure.label)
    return Knot(
        node=node,
        label=label,
        amount=context.short(amount),
        title=f"{label} {context.exact(amount)}",
        tone=tone,
        computed=stage.computed,
    )


def _stages(context: Context, budget: Budget) -> list[Stage]:
    whole = totals(budget)
    total = whole["expenditure"] if whole["expenditure"].amount else whole["income"]
    if not total.amount:
        return []
    found = [
        Stage(key=f"source-{n}", column=0, figure=figure)
        for n, figure in enumerate(sources(budget))
    ]
    found.append(Stage(key="all", column=1, figure=total))
    paid = [figure for figure in accounts(budget) if figure.amount and figure.amount > 0]
    found += [
        Stage(key=f"account-{figure.code}", column=2, figure=figure, under="all") for figure in paid
    ]
    project = next((figure for figure in paid if figure.code == "project"), None)
    if project:
        found += _project_stages(context, budget, project)
    return found


def _project_stages(context: Context, budget: Budget, account: Figure) -> list[Stage]:
    filled = [f for f in projects(budget) if f.amount and f.amount > 0]
    if not filled:
        return []
    first, rest = filled[:_MANY], filled[_MANY:]
    under = "account-project"
    found = [
        Stage(key=f"project-{n}", column=3, figure=figure, under=under)
        for n, figure in enumerate(first)
    ]

    def computed(key: str, amount: Decimal, **words: object) -> Stage:
        label = {context.language: context.say(key, **words)}
        figure = Figure(label=label, amount=amount)
        return Stage(key=key, column=3, figure=figure, under=under, computed=True)

    if rest:
        amount = sum((f.amount or _ZERO for f in rest), _ZERO)
        found.append(computed("flow.others", amount, n=len(rest)))
    left = (account.amount or _ZERO) - sum((f.amount or _ZERO for f in filled), _ZERO)
    if left > 0:
        found.append(computed("flow.rest", left))
    return found


@dataclass(frozen=True, kw_only=True, slots=True)
class Bar:
    """A row of a bar chart: its length in per cent of the longest."""

    figure: Figure
    percent: str


def bars(figures: Sequence[Figure]) -> tuple[Bar, ...]:
    """Figures with the length of each one's bar; one without an amount has none."""
    top = max((figure.amount or _ZERO for figure in figures), default=_ZERO) or Decimal(1)
    return tuple(
        Bar(figure=figure, percent=f"{max(figure.amount or _ZERO, _ZERO) / top * 100:.1f}")
        for figure in figures
    )
