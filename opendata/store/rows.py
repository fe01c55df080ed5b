"""The Parquet tables of a store: the rows of new packages, and of those that it had already.

A row belongs to the package whose budget it is of. Rows of tables without a budget (organizations,
mappings, codes in no list) are had in common: each stands once in `tables/`, and once for each of
its packages in `shared/`.
"""

from collections.abc import Collection, Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from opendata.converters import code_sheet
from opendata.errors import PackageError
from opendata.store.columns import arrow, as_texts, scales, schema
from opendata.terms import Table, code_lists, codes, tables

if TYPE_CHECKING:
    import pyarrow as pa

GROUP = 128 * 1024  # rows of a row group
PACKAGE = "package"


def owner(table: Table) -> str | None:
    """The column that says whose a row is; None where rows are had in common."""
    names = [column.name for column in table.stored]
    return "budget" if "budget" in names else "id" if table.name == "budget" else None


def strange(name: str, rows: Iterable[dict[str, object]]) -> list[dict[str, object]]:
    """Of the rows of a code list those whose code the vocabulary does not know."""
    return [row for row in rows if row["notation"] not in codes(name)]


class Rows:
    """Rows on their way into tables: on disk as they come, typed when all are there.

    Of large tables only what is being written is in memory.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files = ExitStack()
        self._writers: dict[str, Any] = {}
        self._scales: dict[str, dict[str, int]] = {}
        self._known = tables() | code_lists()

    def __enter__(self) -> Self:
        """Make the folder that the rows wait in."""
        self._folder.mkdir()
        return self

    def __exit__(self, *_: object) -> None:
        """Close what is open."""
        self._files.close()

    def add(self, package: str, rows: "Mapping[str, pa.Table]") -> None:
        """Take the rows of a package; its decimals are texts."""
        pa = arrow()
        for name, found in rows.items():
            if owner(self._known[name]) is None:
                names = pa.array([package] * len(found), pa.string())
                self._write(name, found.append_column(PACKAGE, names))
            else:
                self._write(name, found)

    def keep(self, store: Path, leaving: Collection[str]) -> None:
        """Take the rows that a store has, but those of some packages."""
        pa = arrow()
        gone = pa.array(sorted(leaving), pa.string())
        for name, table in self._known.items():
            own = owner(table)
            place = store / ("shared" if own is None else "tables") / f"{name}.parquet"
            texts = schema(table)
            if own is None:
                texts = texts.append(pa.field(PACKAGE, pa.string()))
            for batch in pa.parquet.ParquetFile(place).iter_batches(GROUP):
                stays = pa.compute.invert(pa.compute.is_in(batch[own or PACKAGE], gone))
                rows = pa.Table.from_batches([batch.filter(stays)])
                self._write(name, rows.cast(texts))

    def finish(self, store: Path) -> dict[str, int]:
        """Write `tables/` and `shared/`; how many rows each table has."""
        self._files.close()
        for folder in ("tables", "shared"):
            (store / folder).mkdir()
        return {name: self._finish(table, store) for name, table in self._known.items()}

    def _write(self, name: str, rows: "pa.Table") -> None:
        pa = arrow()
        rows = rows.replace_schema_metadata(None)
        rows = rows.cast(pa.schema([pa.field(f.name, f.type) for f in rows.schema]))
        if name not in self._writers:
            sink = self._files.enter_context(pa.OSFile(str(self._folder / name), "wb"))
            writer = pa.ipc.new_stream(sink, rows.schema)
            self._writers[name] = self._files.enter_context(writer)
        self._writers[name].write_table(rows)
        known = self._scales.setdefault(name, {})
        for column, scale in scales(self._known[name], rows).items():
            known[column] = max(scale, known.get(column, 0))

    def _finish(self, table: Table, store: Path) -> int:
        pa = arrow()
        own, wanted = owner(table), schema(table, self._scales.get(table.name, {}))
        rows = self._read(table)
        if own is None:
            texts = schema(table).append(pa.field(PACKAGE, pa.string()))
            rows = rows.sort_by([(name, "ascending") for name in (PACKAGE, table.key)])
            pa.parquet.write_table(rows.cast(texts), store / f"shared/{table.name}.parquet")
            rows = _once(table, rows)
        else:
            rows = rows.append_column("#", pa.array(range(len(rows)), pa.int64()))
            order = pa.compute.sort_indices(rows, [(own, "ascending"), ("#", "ascending")])
            rows = rows.drop_columns("#")
        with pa.parquet.ParquetWriter(
            store / f"tables/{table.name}.parquet", wanted, compression="zstd"
        ) as writer:
            for start in range(0, len(rows), GROUP):
                part = (
                    rows.slice(start, GROUP)
                    if own is None
                    else rows.take(order.slice(start, GROUP))
                )
                writer.write_table(_typed(part, wanted, table.name))
        return len(rows)

    def _read(self, table: Table) -> "pa.Table":
        """What was written of a table."""
        pa = arrow()
        if table.name in self._writers:
            return pa.ipc.open_stream(pa.memory_map(str(self._folder / table.name))).read_all()
        empty = as_texts(table, [])
        return empty if owner(table) else empty.append_column(PACKAGE, pa.array([], pa.string()))


def _once(table: Table, rows: "pa.Table") -> "pa.Table":
    """Rows had in common, each once; of a code list the vocabulary's first."""
    pa = arrow()
    names = [column.name for column in table.stored]
    rows = rows.select(names).group_by(names, use_threads=False).aggregate([])
    rows = rows.sort_by([(name, "ascending") for name in names])
    if table.name not in code_lists():
        return rows
    found = [dict(zip(names, row, strict=True)) for row in code_sheet(table.name).rows]
    return pa.concat_tables([as_texts(table, found), rows.cast(as_texts(table, []).schema)])


def _typed(rows: "pa.Table", wanted: "pa.Schema", name: str) -> "pa.Table":
    pa = arrow()
    try:
        return rows.cast(wanted)
    except (ValueError, pa.ArrowException) as error:
        raise PackageError(
            f"{name}：有的值不合列的类型（{error}）。",
            f"{name}: a value is not of its column's type ({error}).",
        ) from error
