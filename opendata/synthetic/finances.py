"""The money of a department that does not exist, whose sums agree at every level.

All tables of a document are sums over the same few hundred spendings. Money is counted in fen
(0.01 yuan) as whole numbers, so that sums are exact.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

from opendata.synthetic.departments import Department, chance
from opendata.synthetic.projects import Plan, plans
from opendata.terms import codes, in_year

WAN = 1_000_000  # fen in 万元
_STAFF, _RUNNING, _PROJECT = "basic-staff", "basic-running", "project"
# What every department pays for its own people, whatever its task is.
_OWN = (("2080505", 16), ("2080506", 8), ("2101101", 7), ("2210201", 12))
_STAFF_CODES = ("301", "303")
_RUNNING_CODES = ("302", "310")
_LAND = "21299"  # stands for government funds, whose own codes are in no list yet


@dataclass(frozen=True, slots=True)
class Spending:
    """An amount with every dimension that any table shows it by."""

    function: str
    account: str
    fund: str
    amount: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Finances:
    """A year's money. `income` is by line item or, of the appropriation, by fund."""

    spendings: tuple[Spending, ...]
    economics: dict[str, int]
    income: dict[str, int]
    brought_forward: int
    carried_forward: int
    three_public: dict[str, int]
    three_public_before: dict[str, int]
    projects: tuple[Plan, ...]

    def total(self, **wanted: str) -> int:
        """The spendings that have these dimensions: `total(fund="general", account="basic")`."""
        return sum(s.amount for s in self.spendings if _fits(s, wanted))

    def functions(self, **wanted: str) -> list[str]:
        """The codes, of all levels and in order, under which some spending stands."""
        items = {s.function for s in self.spendings if _fits(s, wanted)}
        return sorted({item[:length] for item in items for length in (3, 5, 7)})

    @property
    def all_income(self) -> int:
        """Income of the year."""
        return sum(self.income.values())


def _fits(spending: Spending, wanted: dict[str, str]) -> bool:
    return all(str(getattr(spending, name)).startswith(value) for name, value in wanted.items())


def finances(seed: int, owner: Department, year: int, phase: str, grain: int) -> Finances:
    """The money of a department in a year; every amount is a multiple of `grain` fen."""
    rng = chance(seed, owner.family, owner.number, "money")
    staff = rng.randrange(80, 4000) * WAN // 10
    growth = 1 + (year - 2020) * rng.randrange(-2, 9) / 100
    drift = chance(seed, owner.family, owner.number, year, phase, "drift")
    growth *= 1 + drift.randrange(-40, 41) / 1000

    def amount(of: float) -> int:
        return max(1, round(of * growth / grain)) * grain

    own = [(c, w) for c, w in _OWN if in_year("function", c, year)]
    tasks = [item for above in owner.functions for item in _items(above)]
    lead = tasks[0]
    spendings = [Spending(c, _STAFF, "general", amount(staff * w / 100)) for c, w in own]
    spendings.append(Spending(lead, _STAFF, "general", amount(staff * 0.57)))
    running = amount(staff * rng.randrange(8, 30) / 100)
    spendings.append(Spending(lead, _RUNNING, "general", running))
    projects = plans(seed, owner, year, tasks, amount)
    spendings += [Spending(p.function, _PROJECT, p.fund, p.amount) for p in projects]
    income = {
        fund: total
        for fund in ("general", "government-fund", "state-capital", "other")
        if (total := sum(s.amount for s in spendings if s.fund == fund))
    }
    # Shanghai's budgets know no money of other years.
    kept = (owner.family, phase) != ("shanghai", "approved") and rng.random() < 0.3
    carried = amount(staff * 0.02) if kept else 0
    staff_total = sum(s.amount for s in spendings if s.account == _STAFF)
    economics = _shares(rng, _STAFF_CODES, year, staff_total, grain) | _shares(
        rng, _RUNNING_CODES, year, running, grain
    )
    public = _three_public(rng, economics, amount)
    before = {key: round(value * 1.03 / grain) * grain for key, value in public.items()}
    return Finances(
        spendings=tuple(spendings),
        economics=economics,
        income=income,
        brought_forward=carried,
        carried_forward=carried,
        three_public=public,
        three_public_before=before,
        projects=projects,
    )


@cache
def _items(above: str) -> tuple[str, ...]:
    return tuple(code for code in codes("function") if len(code) == 7 and code.startswith(above))


@cache
def economic_items(above: str, year: int) -> tuple[str, ...]:
    """The economic codes below one, that a year has."""
    return tuple(
        code
        for code, known in codes("economic").items()
        if len(code) == 5
        and code.startswith(above)
        and (known.valid_from or 0) <= year <= (known.valid_to or 9999)
    )


def _shares(
    rng: random.Random, above: tuple[str, ...], year: int, total: int, grain: int
) -> dict[str, int]:
    """A total divided over economic codes; most of it goes to the first class."""
    found: dict[str, int] = {}
    left = total // grain
    pool = [
        code
        for number, one in enumerate(above)
        for code in economic_items(one, year)
        if rng.random() < (0.3 if number else 0.7)
    ] or [economic_items(above[0], year)[0]]
    for code in pool[1:]:
        part = rng.randrange(0, max(1, 2 * left // (len(pool) + 2)) + 1)
        if part:
            found[code] = part * grain
            left -= part
    found[pool[0]] = found.get(pool[0], 0) + left * grain
    return {code: found[code] for code in sorted(found) if found[code]}


# The economic codes under which basic expenditure has what the three public expenses show.
_PUBLIC = {
    "abroad": "30212",
    "reception": "30217",
    "vehicle-purchase": "31013",
    "vehicle-running": "30231",
}


def _three_public(
    rng: random.Random, economics: dict[str, int], amount: Callable[[float], int]
) -> dict[str, int]:
    """What basic expenditure has of each, and sometimes more out of projects."""
    return {
        key: economics.get(code, 0)
        + (amount(rng.randrange(1, 9) * WAN) if rng.random() < 0.2 else 0)
        for key, code in _PUBLIC.items()
    }


def classes(year: int) -> Iterator[tuple[str, str]]:
    """Every class of functions (类) with its name in a year, as final accounts list them."""
    for notation, code in codes("function").items():
        if len(notation) == 3:
            yield notation, code.name_in(year)
