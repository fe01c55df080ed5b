"""What a publication changes: file by file, or graph by graph."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass

from opendata.output import Written


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is added, changed, removed or kept.

    Sizes are bytes after the change, of a graph triples; `added` and `removed` are triples of it.
    """

    action: str
    path: str
    size: int
    added: int | None = None
    removed: int | None = None


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
