"""Budget documents that do not exist, made from a seed, with the truth of each.

The seed and a document's number decide every byte. Departments, money, projects and quirks are
made up; divisions, codes and their names are those of the vocabulary.
"""

from dataclasses import dataclass

from opendata.synthetic.departments import FAMILIES, PHASES, chance, department
from opendata.synthetic.finances import finances
from opendata.synthetic.layouts import LAYOUTS
from opendata.synthetic.layouts.common import Draft, Setting
from opendata.synthetic.pages import Money
from opendata.synthetic.planting import ERRORS, plant
from opendata.synthetic.quirks import QUIRKS, disturbed
from opendata.synthetic.truth import Truth, expected
from opendata.synthetic.writers import FORMATS, suffix, writer

__all__ = ["ERRORS", "FAMILIES", "FORMATS", "PHASES", "QUIRKS", "Order", "Synthetic", "synthesize"]

_WAN_GRAIN = 10_000  # fen: two decimals of 万元
_YUAN_GRAIN = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """What documents are wanted. Of several families, formats, phases or years they take turns."""

    seed: int = 1
    families: tuple[str, ...] = FAMILIES
    formats: tuple[str, ...] = ("text",)
    phases: tuple[str, ...] = ("approved",)
    years: tuple[int, ...] = (2024,)
    quirks: tuple[str, ...] | None = None  # None: some, by seed
    errors: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Synthetic:
    """A document: its file's name and bytes, the facts that it does not say, and its truth."""

    name: str
    data: bytes
    facts: str
    truth: Truth


def synthesize(order: Order, number: int) -> Synthetic:
    """The document of a number; the same order and number give the same bytes.

    Raises:
        SettingsError: a format needs a library that is not installed.
    """
    draft, setting, format_ = drafted(order, number)
    owner, family, year, phase = (
        setting.department,
        setting.department.family,
        setting.year,
        setting.phase,
    )
    quirks = setting.quirks
    draft, planted = plant(draft, order.errors)
    name = f"{family}-{owner.division}-{owner.unit_code}-{year}-{phase}"
    truth = Truth(
        name=name + suffix(format_),
        seed=order.seed,
        number=number,
        family=family,
        phase=phase,
        format=format_,
        quirks=tuple(sorted(quirks)),
        tables=expected(draft, setting, owner),
        planted=planted,
    )
    return Synthetic(
        name=name + suffix(format_),
        data=writer(format_)(draft),
        facts=f'division = "{owner.division}"\n',
        truth=truth,
    )


def drafted(order: Order, number: int) -> tuple[Draft, Setting, str]:
    """The document of a number before errors are planted in it, whose it is, and its format."""
    turn = number
    turn, at = divmod(turn, len(order.phases))
    phase = order.phases[at]
    turn, at = divmod(turn, len(order.years))
    year = order.years[at]
    family = order.families[turn % len(order.families)]
    format_ = order.formats[_turn(order, number) % len(order.formats)]
    owner = department(family, turn // len(order.families))
    quirks = _quirks(order, family, owner.number)
    setting = _setting(
        order, number=(owner.number, year), family=family, phase=phase, quirks=quirks
    )
    rng = chance(order.seed, family, owner.number, year, phase, "pages")
    return disturbed(LAYOUTS[family, phase](setting), quirks, rng), setting, format_


def _turn(order: Order, number: int) -> int:
    """Which turn the formats are at: every format comes with every family, phase and year."""
    period = len(order.phases) * len(order.years) * len(order.families)
    return number + number // period


def _quirks(order: Order, family: str, number: int) -> frozenset[str]:
    if order.quirks is not None:
        return frozenset(order.quirks)
    rng = chance(order.seed, family, number, "quirks")
    return frozenset(name for name in QUIRKS if rng.random() < 0.4)


def _setting(
    order: Order, *, number: tuple[int, int], family: str, phase: str, quirks: frozenset[str]
) -> Setting:
    place, year = number
    owner = department(family, place)
    yuan = family == "shanghai" and phase == "approved"
    money = Money(
        unit="yuan" if yuan else "ten-thousand-yuan",
        thousands="no-separators" not in quirks,
        nothing="0.00" if "zeros-written" in quirks else "",
    )
    rounded = yuan or "rounded" in quirks
    return Setting(
        department=owner,
        year=year,
        phase=phase,
        finances=finances(order.seed, owner, year, phase, _YUAN_GRAIN if rounded else _WAN_GRAIN),
        tables=money,
        public=Money(unit="ten-thousand-yuan", thousands=money.thousands, nothing=money.nothing),
        quirks=quirks,
    )
