"""What a corpus knows of itself between two builds, in SQLite: half a million documents need no memory.

Every document is committed with the event that it made, so that a build which is killed goes on
where it was. `manifest.jsonl` and `history.jsonl` are written from it, and it from them where it is lost.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from opendata.corpus.sources import sort_key
from opendata.corpus.work import Entry, entry_of
from opendata.errors import SettingsError
from opendata.output import write

STATE = ".state.sqlite"
MANIFEST = "manifest.jsonl"
HISTORY = "history.jsonl"
FORMAT = 1

_TABLES = """
CREATE TABLE IF NOT EXISTS document (name TEXT PRIMARY KEY, rank INTEGER, stamp TEXT, package TEXT, state TEXT, entry TEXT) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS document_package ON document (package, state);
CREATE TABLE IF NOT EXISTS event (number INTEGER PRIMARY KEY, package TEXT, version INTEGER, content TEXT);
CREATE UNIQUE INDEX IF NOT EXISTS event_package ON event (package, version);
CREATE TABLE IF NOT EXISTS output (path TEXT PRIMARY KEY, digest TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sent (target TEXT, package TEXT, content TEXT, PRIMARY KEY (target, package)) WITHOUT ROWID;
CREATE TEMP TABLE listed (name TEXT PRIMARY KEY, came TEXT) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Known:
    """A document that was seen before. `stamp` is its file's then, `rank` its source's number."""

    entry: Entry
    stamp: str
    rank: int

    @property
    def order(self) -> tuple[int, str]:
        """Of two documents of one budget, the first in this order holds, or what revises it."""
        return self.rank, sort_key(self.entry.document)


class State:
    """The state of a corpus; must be closed."""

    def __init__(self, folder: Path, *, reading: bool = False) -> None:
        place = folder / STATE
        fresh = not place.exists()
        try:
            self.base = sqlite3.connect(":memory:" if fresh and reading else place)
            self.base.executescript(
                f"PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; {_TABLES}"
            )
            (version,) = self.base.execute("PRAGMA user_version").fetchone()
            if version not in (0, FORMAT):
                raise sqlite3.DatabaseError(f"format {version}, wanted {FORMAT}")
            if version == 0:
                self.base.execute(f"PRAGMA user_version={FORMAT}")
            if fresh:
                self._restore(folder)
        except (sqlite3.Error, ValueError, TypeError) as error:
            raise SettingsError(
                f"{place}：状态不能读（{error}）；删除它，下次构建会从 {MANIFEST} 恢复。",
                f"{place}: the state cannot be read ({error}); remove it, and the next build takes it "
                f"from {MANIFEST}.",
            ) from error

    def close(self) -> None:
        """Close it."""
        self.base.close()

    def _restore(self, folder: Path) -> None:
        """Take over the manifest and the history of a corpus whose state is not here."""
        with self.base:
            for row in _lines(folder / MANIFEST):
                rank = int(row.pop("rank"))
                self._put(Known(entry_of(row), "", rank))
            for event in _lines(folder / HISTORY):
                self._add_event(event)

    def known(self, name: str) -> Known | None:
        """What is known of a document."""
        row = self.base.execute(
            "SELECT entry, stamp, rank FROM document WHERE name = ?", (name,)
        ).fetchone()
        return Known(entry_of(json.loads(row[0])), row[1], row[2]) if row else None

    def of_package(self, package: str, most: int = -1) -> list[Known]:
        """The documents that make a package, or would if another did not; all, or so many at most."""
        found = self.base.execute(
            "SELECT entry, stamp, rank FROM document WHERE package = ? LIMIT ?", (package, most)
        )
        return [Known(entry_of(json.loads(text)), stamp, rank) for text, stamp, rank in found]

    def contested(self) -> list[str]:
        """The packages of several documents, and those that no document makes now."""
        found = self.base.execute(
            "SELECT package FROM document WHERE package != '' GROUP BY package"
            " HAVING count(*) > 1 OR sum(state = 'built') = 0"
        )
        return [row[0] for row in found]

    def abandoned(self) -> list[str]:
        """The packages of which no document is left, and which were not taken away yet."""
        found = self.base.execute(
            "SELECT package, content FROM event WHERE number IN (SELECT max(number) FROM event"
            " WHERE package NOT IN (SELECT package FROM document) GROUP BY package) ORDER BY package"
        )
        return [package for package, text in found if json.loads(text)["action"] != "remove"]

    def note(self, known: Iterable[Known], event: dict[str, Any] | None = None) -> None:
        """Commit documents, and the event that they make."""
        with self.base:
            for one in known:
                self._put(one)
            if event:
                self._add_event(event)

    def forget(self, name: str) -> None:
        """Commit that a document is no more."""
        with self.base:
            self.base.execute("DELETE FROM document WHERE name = ?", (name,))

    def _put(self, known: Known) -> None:
        entry = known.entry
        text = json.dumps(entry.to_dict(), ensure_ascii=False)
        self.base.execute(
            "INSERT OR REPLACE INTO document VALUES (?, ?, ?, ?, ?, ?)",
            (entry.document, known.rank, known.stamp, entry.package, entry.state, text),
        )

    def _add_event(self, event: dict[str, Any]) -> None:
        text = json.dumps(event, ensure_ascii=False)
        self.base.execute(
            "INSERT OR IGNORE INTO event (package, version, content) VALUES (?, ?, ?)",
            (event["package"], event["version"], text),
        )

    def last_version(self, package: str) -> int:
        """The number of the last version of a package; 0 where there was none."""
        row = self.base.execute(
            "SELECT max(version) FROM event WHERE package = ?", (package,)
        ).fetchone()
        return int(row[0] or 0)

    def has_version(self, package: str, version: int) -> bool:
        """Whether the history tells of a version."""
        return bool(
            self.base.execute(
                "SELECT 1 FROM event WHERE package = ? AND version = ?", (package, version)
            ).fetchone()
        )

    def events(self, since: int = 0, package: str | None = None) -> Iterator[dict[str, Any]]:
        """The history, with the number of each event, from 1."""
        where, values = "", [since]
        if package:
            where, values = " AND package = ?", [since, package]  # type: ignore[list-item]
        found = self.base.execute(
            f"SELECT number, content FROM event WHERE number > ?{where} ORDER BY number",  # noqa: S608
            values,
        )
        for number, content in found:
            yield {"event": number, **json.loads(content)}

    @contextmanager
    def listing(self) -> Iterator[None]:
        """While it lasts, `listed` notes the documents that are there."""
        self.base.execute("DELETE FROM listed")
        yield

    def listed(self, name: str) -> bool:
        """Note that a document is there; whether it was noted before."""
        done = self.base.execute("INSERT OR IGNORE INTO listed VALUES (?, 'kept')", (name,))
        return done.rowcount == 0

    def note_done(self, name: str) -> None:
        """Note that something was made of a document, or tried, since it was listed."""
        self.base.execute("UPDATE listed SET came = 'built' WHERE name = ?", (name,))

    def came(self) -> dict[str, int]:
        """What came of the documents that were listed, counted: built now, kept, or their state."""
        found = self.base.execute(
            "SELECT iif(state = 'built', came, state) AS word, count(*) FROM listed JOIN document"
            " USING (name) WHERE came != '' GROUP BY word"
        )
        return dict(found.fetchall())

    def failures(self, limit: int) -> list[Entry]:
        """The first of the documents that were listed and failed."""
        found = self.base.execute(
            "SELECT entry FROM document JOIN listed USING (name) WHERE state = 'failed' AND came != ''"
            " ORDER BY rank, name LIMIT ?",
            (limit,),
        )
        return [entry_of(json.loads(text)) for (text,) in found]

    def list_below(self, name: str) -> None:
        """Note that the documents in an archive that cannot be read now may be there still."""
        self.base.execute(
            "INSERT OR IGNORE INTO listed SELECT name, '' FROM document WHERE name > ? AND name < ?",
            (f"{name}/", f"{name}0"),  # 0 comes after /
        )

    def gone(self) -> list[Known]:
        """The documents that are known and were not listed."""
        found = self.base.execute(
            "SELECT name FROM document WHERE name NOT IN (SELECT name FROM listed) ORDER BY name"
        )
        return [known for (name,) in found.fetchall() if (known := self.known(name))]

    def entries(self, state: str | None = None, order: str = "name") -> Iterator[tuple[Entry, int]]:
        """Every entry with the rank of its source, by its document's name or its package's."""
        assert order in ("name", "package")
        where = "" if state is None else "WHERE state = ?"
        found = self.base.execute(
            f"SELECT entry, rank FROM document {where} ORDER BY {order}",  # noqa: S608
            () if state is None else (state,),
        )
        for text, rank in found:
            yield entry_of(json.loads(text)), rank

    def output(self, path: str) -> str:
        """The digest of what an output was made of; nothing where there is none."""
        row = self.base.execute("SELECT digest FROM output WHERE path = ?", (path,)).fetchone()
        return str(row[0]) if row else ""

    def outputs(self) -> list[str]:
        """Every output."""
        return [row[0] for row in self.base.execute("SELECT path FROM output ORDER BY path")]

    def note_output(self, path: str, digest: str | None) -> None:
        """Commit that an output was made, or is no more."""
        with self.base:
            if digest is None:
                self.base.execute("DELETE FROM output WHERE path = ?", (path,))
            else:
                self.base.execute("INSERT OR REPLACE INTO output VALUES (?, ?)", (path, digest))

    def sent(self, target: str) -> dict[str, str]:
        """Package -> digest of what was published of it at a target."""
        return dict(
            self.base.execute("SELECT package, content FROM sent WHERE target = ?", (target,))
        )

    def note_sent(self, target: str, contents: dict[str, str | None]) -> None:
        """Commit what was published at a target; None is what was taken away."""
        with self.base:
            for package, content in contents.items():
                self.base.execute(
                    "DELETE FROM sent WHERE target = ? AND package = ?", (target, package)
                )
                if content is not None:
                    self.base.execute(
                        "INSERT INTO sent VALUES (?, ?, ?)", (target, package, content)
                    )

    def write(self, folder: Path) -> None:
        """Write the manifest and the history, each whole or not at all."""
        rows = ({**entry.to_dict(), "rank": rank} for entry, rank in self.entries())
        events = ({k: v for k, v in event.items() if k != "event"} for event in self.events())
        for name, lines in ((MANIFEST, rows), (HISTORY, events)):
            found = (json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
            write(folder, f".{name}", "", lambda file, found=found: file.writelines(found))  # type: ignore[misc]
            (folder / f".{name}").replace(folder / name)


def _lines(place: Path) -> Iterator[dict[str, Any]]:
    try:
        with place.open(encoding="utf-8") as file:
            for line in file:
                yield dict(json.loads(line))
    except FileNotFoundError:
        return
