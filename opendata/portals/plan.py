"""What a publication changes: fields, files, tables, columns and graphs, one by one."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass

from opendata.output import Written


@dataclass(frozen=True, slots=True)
class Entry:
    """What a portal knows a package by: its name, and its id where that is known."""

    name: str
    id: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is added, changed, removed or kept.

    `kind` is None for a file or graph, else `field`, `table`, `column` or `dataset`. Sizes are bytes
    after the change, of a graph triples, of a table rows; `added`, `changed` and `removed` count
    triples or rows. `old` and `new` are a field's values, a file's digests, a column's types.
    """

    action: str
    path: str
    size: int
    added: int | None = None
    removed: int | None = None
    changed: int | None = None
    kind: str | None = None
    old: str | None = None
    new: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """The changes at a target, and whether they were made."""

    target: str
    changes: tuple[Change, ...]
    applied: bool

    def count(self, action: str) -> int:
        """How many changes are of an action."""
        return sum(change.action == action for change in self.changes)

    @property
    def idle(self) -> bool:
        """Whether there is nothing to change."""
        return all(change.action == "keep" for change in self.changes)

    @property
    def counts(self) -> dict[str, int]:
        """How many changes of each action, but for what is kept."""
        return {action: self.count(action) for action in ("add", "change", "remove")}

    def to_dict(self) -> dict[str, object]:
        """The plan as JSON has it; kept files are counted only."""
        changes = [
            {key: value for key, value in asdict(change).items() if value is not None}
            for change in self.changes
            if change.action != "keep"
        ]
        return {
            "target": self.target,
            "applied": self.applied,
            "kept": self.count("keep"),
            "changes": changes,
        }


def joined(target: str, plans: Iterable[Plan]) -> Plan:
    """The plans of many packages as one."""
    found = list(plans)
    changes = tuple(change for plan in found for change in plan.changes)
    return Plan(target, changes, applied=any(plan.applied for plan in found))


def compare(old: dict[str, str], files: Iterable[Written]) -> tuple[Change, ...]:
    """The changes from one set of files, path -> digest, to another."""
    new = {file.path: file for file in files}
    found = []
    for path in sorted(old.keys() | new.keys()):
        if path not in new:
            action = "remove"
        elif path not in old:
            action = "add"
        else:
            action = "keep" if old[path] == new[path].sha256 else "change"
        found.append(Change(action, path, new[path].size if path in new else 0))
    return tuple(found)
