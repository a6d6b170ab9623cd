"""The warehouse of one workspace: append under a commit, read what was committed."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
from deltalake import CommitProperties, DeltaTable, Field, Schema, Transaction
from deltalake.exceptions import CommitFailedError, TableNotFoundError
from deltalake.schema import PrimitiveType
from deltalake.transaction import AddAction, RemoveAction

from comptroller.errors import ComptrollerError
from comptroller.warehouse.data_files import name_by_content
from comptroller.warehouse.engine import (
    connect,
    present,
    quote_identifier,
    quote_literal,
    register,
    side_by_side,
)
from comptroller.warehouse.failpoints import failpoint
from comptroller.warehouse.registry import declared_table, declared_tables
from comptroller.warehouse.tables import COMMITS, Table, delta_type

_ROWS_PER_GROUP = 122_880
Partition = tuple[str, ...]
"""Values of a table's partition columns, in their order."""
_TABLES = "tables"
"""Under which name a commit's detail lists the tables that it wrote."""
_NULLS = "null_count."
"""How a table's list of files names the statistics that tell which columns a file is without."""


@dataclass(frozen=True)
class _Written:
    """A file that was written: where, its rows, its bytes, and the columns that it is without."""

    path: Path
    rows: int
    size: int
    partition: dict[str, str | None]
    absent: tuple[str, ...]


class Warehouse:
    """The durable tables of a workspace.

    Args:
        root: The workspace's ``warehouse`` folder.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._opened: dict[str, tuple[int, DeltaTable]] = {}
        self._opening = Lock()
        self._named: tuple[int, frozenset[str]] = (-1, frozenset())

    @cached_property
    def _small_engine(self) -> duckdb.DuckDBPyConnection:
        return connect(memory_limit="500MB", threads=1)

    def small_connection(self) -> duckdb.DuckDBPyConnection:
        """Return a connection for a few rows; starting an engine would take longer than those."""
        return self._small_engine.cursor()

    # -- reading ---------------------------------------------------------------------------

    def relation(
        self,
        con: duckdb.DuckDBPyConnection,
        name: str,
        *,
        partitions: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        """Make a temporary view ``name`` over the committed rows of a table.

        Args:
            con: The connection that gets the view.
            name: A declared table. One without rows gives an empty view with its columns.
            partitions: Partition column to the values wanted, to open fewer files.
        """
        self._create_views(con, [name], partitions)

    def view(self, con: duckdb.DuckDBPyConnection, *names: str) -> None:
        """Make temporary views over several tables at once."""
        self._create_views(con, names, None)

    def _create_views(
        self,
        con: duckdb.DuckDBPyConnection,
        names: Sequence[str],
        partitions: Mapping[str, Sequence[str]] | None,
    ) -> None:
        # The commits are listed before the files of any table: what is committed in between is
        # not seen at all, where the other order would show a commit without all of its rows.
        committed = self._select(COMMITS, None, "")
        condition = _seen_by(committed)
        for name in names:
            table = declared_table(name)
            source = committed if table is COMMITS else self._select(table, partitions, condition)
            con.execute(f"CREATE OR REPLACE TEMP VIEW {quote_identifier(name)} AS {source}")

    def rows_sql(self, name: str, *, partitions: Mapping[str, Sequence[str]] | None = None) -> str:
        """Return the query for the committed rows of a table, for use where no view can be made.

        Args:
            name: A declared table.
            partitions: Partition column to the values wanted, to open fewer files.
        """
        committed = self._select(COMMITS, None, "")
        return self._select(declared_table(name), partitions, _seen_by(committed))

    def _select(
        self, table: Table, partitions: Mapping[str, Sequence[str]] | None, condition: str
    ) -> str:
        """Return a query for the rows of a table's files that meet a condition."""
        delta = self._open_whole(table)
        paths, absent = self._files(delta, partitions) if delta else ([], set(table.all_columns))
        columns = ", ".join(
            f"CAST(NULL AS {kind}) AS {quote_identifier(name)}"
            if not paths or name in absent
            else quote_identifier(name)
            for name, kind in table.all_columns.items()
        )
        if not paths:
            return f"SELECT {columns} WHERE false"
        listed = ", ".join(quote_literal(str(self.root / table.name / path)) for path in paths)
        options = "hive_partitioning = false, union_by_name = true"
        return f"SELECT {columns} FROM read_parquet([{listed}], {options}){condition}"

    def _files(
        self, delta: DeltaTable, partitions: Mapping[str, Sequence[str]] | None
    ) -> tuple[list[str], set[str]]:
        """Return the paths of a table's files, and the columns that none of them has."""
        actions = pa.table(delta.get_add_actions(flatten=True))
        for column, wanted in (partitions or {}).items():
            chosen = pc.is_in(actions.column(f"partition.{column}"), pa.array(wanted))
            actions = actions.filter(chosen)
        absent = {
            name.removeprefix(_NULLS)
            for name in actions.column_names
            if name.startswith(_NULLS) and actions.column(name).equals(actions["num_records"])
        }
        return sorted(actions.column("path").to_pylist()), absent

    def missing_columns(self, table: Table) -> list[str]:
        """Return the declared columns that a table made by an older release still lacks."""
        delta = self._open(table)
        if delta is None:
            return []
        present = {field.name for field in delta.schema().fields}
        return [name for name in table.all_columns if name not in present]

    def add_missing_columns(self, table: Table) -> None:
        """Give an older table the columns it lacks; its rows so far have NULL in them."""
        delta, missing = self._open(table), self.missing_columns(table)
        if delta is None or not missing:
            return
        delta.alter.add_columns(
            [Field(name, PrimitiveType(delta_type(table.all_columns[name]))) for name in missing]
        )

    def _open(self, table: Table) -> DeltaTable | None:
        # Reading on from the version seen last takes a tenth of opening anew. The folder's own
        # number tells when another table was put in its place.
        folder = self.root / table.name
        with self._opening:
            try:
                number = (folder / "_delta_log").stat().st_ino
                known, delta = self._opened.get(table.name, (0, None))
                if delta is None or known != number:
                    delta = DeltaTable(str(folder))
                    self._opened[table.name] = (number, delta)
                else:
                    delta.update_incremental()
            except (FileNotFoundError, TableNotFoundError):
                return None
            return delta

    def _open_whole(self, table: Table) -> DeltaTable | None:
        """Open a table, or None before its first row; refused when it was written and is gone."""
        delta = self._open(table)
        if delta is None and table.name in self.lost_tables():
            raise ComptrollerError(
                f"the table {table.name} is gone, though commands wrote it: figures without it "
                "would be wrong",
                where=str(self.root / table.name),
                remedy="Restore the workspace from a backup; `comptroller verify` says what else "
                "is missing",
            )
        return delta

    def lost_tables(self) -> set[str]:
        """Return the tables that a command wrote and that are not there any more."""
        if self._open(COMMITS) is None:
            # A command makes this table before it writes any other.
            others = any((self.root / name / "_delta_log").exists() for name in declared_tables())
            return {COMMITS.name} if others else set()
        return {
            name for name in self.written_tables() if not (self.root / name / "_delta_log").exists()
        }

    def written_tables(self) -> frozenset[str]:
        """Return the tables that the commits name; those of an older release name none."""
        commits = self._open(COMMITS)
        version = -1 if commits is None else commits.version()
        if self._named[0] != version:
            listed = (detail.get(_TABLES, ()) for *_, detail in self.commits())
            self._named = version, frozenset(name for names in listed for name in names)
        return self._named[1]

    def data_files(self) -> list[Path]:
        """Return the data files of all tables, as their logs list them."""
        opened = [(table, self._open(table)) for table in declared_tables().values()]
        return [
            self.root / table.name / path
            for table, delta in opened
            if delta is not None
            for path in self._files(delta, None)[0]
        ]

    def commits(self, kind: str | None = None) -> list[tuple[str, str, datetime, dict[str, Any]]]:
        """Return the commits so far, oldest first: id, kind, time and detail."""
        con = self.small_connection()
        self.relation(con, "commits")
        where = "WHERE kind = ?" if kind else ""
        rows = con.execute(
            f"SELECT commit_id, kind, created_at, detail FROM commits {where} "
            "ORDER BY created_at, commit_id",
            [kind] if kind else [],
        ).fetchall()
        return [(row[0], row[1], row[2], json.loads(row[3])) for row in rows]

    def is_committed(self, commit_id: str) -> bool:
        """Tell whether a commit's last row was written."""
        delta = self._open(COMMITS)
        return delta is not None and delta.transaction_version(commit_id) is not None

    def in_use(self) -> bool:
        """Tell whether anything was ever committed."""
        return bool(self.commits())

    # -- writing ---------------------------------------------------------------------------

    @contextmanager
    def commit(
        self,
        kind: str,
        id: str,  # noqa: A002 - the protocol's own word
        detail: Mapping[str, Any] | None = None,
        *,
        at: datetime | None = None,
    ) -> Iterator[Commit]:
        """Write rows into any tables and make them visible together, or not at all.

        The same ``kind`` and ``id`` again changes nothing: ``already_done`` is set and every
        append is passed over. Killed before the end, the rows written so far stay invisible, and
        a rerun under the same id writes only what is missing.

        Args:
            kind: What the command does: load, check, reconcile ...
            id: A digest of everything that decides the rows, so that equal work has equal id.
            detail: Kept beside the commit as JSON.
            at: Time of the commit; by default the present moment.
        """
        if self._open_whole(COMMITS) is None:
            self._create(COMMITS)
        commit = Commit(self, kind, f"{kind}:{id}")
        yield commit
        if commit.already_done:
            return
        failpoint(f"{kind}.before_commit")
        moment = (at or present()).astimezone(UTC).replace(tzinfo=None)
        row = {
            "kind": kind,
            "created_at": moment,
            "detail": json.dumps(
                {**(dict(detail or {})), **commit.detail, _TABLES: commit.tables()},
                sort_keys=True,
                default=str,
            ),
        }
        con = self.small_connection()
        _register_rows(con, COMMITS, [row])
        self._append(con, COMMITS, "SELECT * FROM rows_to_append", commit.commit_id)
        failpoint(f"{kind}.after_commit")

    def _append(
        self,
        con: duckdb.DuckDBPyConnection,
        table: Table,
        queries: str | Mapping[Partition, str],
        commit_id: str,
        suffix: str = "",
    ) -> int:
        """Write rows into a table under a transaction id; return how many were written."""
        app_id = commit_id + suffix
        delta = self._open_whole(table) or self._create(table)
        if delta.transaction_version(app_id) is not None:
            return 0
        if not isinstance(queries, str):
            written = self._copy_all(con, table, queries, commit_id)
        elif table.partition_by:
            written = self._copy_apart(con, table, queries, commit_id)
        else:
            written = self._copy(con, table, queries, (), commit_id)
        failpoint(f"{table.name}.files_written")
        actions: list[AddAction | RemoveAction] = [
            _add_action(self.root / table.name, file) for file in written
        ]
        try:
            delta.create_write_transaction(
                actions,
                "append",
                delta.schema(),
                partition_by=list(table.partition_by) or None,
                commit_properties=CommitProperties(app_transactions=[Transaction(app_id, 1)]),
            )
        except CommitFailedError:
            # Another process wrote the same transaction first: its rows are these rows.
            reopened = self._open(table)
            if reopened is None or reopened.transaction_version(app_id) is None:
                raise
            return 0
        return sum(file.rows for file in written)

    def _copy_apart(
        self, con: duckdb.DuckDBPyConnection, table: Table, sql: str, commit_id: str
    ) -> list[_Written]:
        """Write a query's rows into one file for each combination of partition values.

        DuckDB's own partitioned writing takes three times as long. The rows are computed once for
        all of the files, and not into a temporary table: cursors could not see it.
        """
        kept = quote_identifier(f"rows of {table.name}")
        columns = [quote_identifier(column) for column in table.partition_by]
        con.execute(f"CREATE OR REPLACE TABLE {kept} AS {sql}")
        try:
            found = con.execute(
                f"SELECT DISTINCT {', '.join(columns)} FROM {kept} ORDER BY ALL"
            ).fetchall()
            if any(value is None for values in found for value in values):
                raise ValueError(f"{table.name}: a partition column is NULL")
            queries = {}
            for values in found:
                wanted = [
                    f"{column} = {quote_literal(value)}"
                    for column, value in zip(columns, values, strict=True)
                ]
                queries[values] = f"SELECT * FROM {kept} WHERE {' AND '.join(wanted)}"
            return self._copy_all(con, table, queries, commit_id)
        finally:
            con.execute(f"DROP TABLE {kept}")

    def _copy_all(
        self,
        con: duckdb.DuckDBPyConnection,
        table: Table,
        queries: Mapping[Partition, str],
        commit_id: str,
    ) -> list[_Written]:
        def copy(cursor: duckdb.DuckDBPyConnection, one: tuple[Partition, str]) -> list[_Written]:
            partition, sql = one
            return self._copy(cursor, table, sql, partition, commit_id)

        return [file for files in side_by_side(con, copy, list(queries.items())) for file in files]

    def _copy(
        self,
        con: duckdb.DuckDBPyConnection,
        table: Table,
        sql: str,
        partition: Partition,
        commit_id: str,
    ) -> list[_Written]:
        """Write a query's rows, all of one partition, into one file; none for no rows.

        Folders hold the partition's values without their slashes; the values themselves stay in
        the file, so that no reader needs to decode a path.
        """
        folder = self.root / table.name
        for column, value in zip(table.partition_by, partition, strict=True):
            folder /= f"by_{column}={value.replace('/', '-')}"
        folder.mkdir(parents=True, exist_ok=True)
        target = folder / f"part-{time.time_ns():x}-{secrets.token_hex(4)}.parquet"
        rows, absent = _typed_rows(con, table, sql, commit_id)
        copied = con.execute(
            f"COPY ({rows}) TO {quote_literal(str(target))} (FORMAT parquet, COMPRESSION snappy, "
            f"RETURN_STATS true, ROW_GROUP_SIZE {_ROWS_PER_GROUP})"
        ).fetchall()
        for file in copied:
            for column, value in zip(table.partition_by, partition, strict=True):
                found = file[4][quote_identifier(column)]
                if file[1] and (found["min"] != value or found["max"] != value):
                    raise ValueError(f"{table.name}: {column} is not {value} in every row")
        told: dict[str, str | None] = dict(zip(table.partition_by, partition, strict=True))
        return [
            _Written(name_by_content(Path(row[0])), int(row[1]), int(row[2]), told, absent)
            for row in copied
            if row[1]
        ]

    def _create(self, table: Table) -> DeltaTable:
        schema = Schema(
            [
                Field(name, PrimitiveType(delta_type(kind)), nullable=True)
                for name, kind in table.all_columns.items()
            ]
        )
        path = self.root / table.name
        path.mkdir(parents=True, exist_ok=True)
        return DeltaTable.create(
            str(path),
            schema=schema,
            partition_by=list(table.partition_by) or None,
            mode="ignore",
            # By default the statistics end after 32 columns.
            configuration={"delta.dataSkippingNumIndexedCols": "-1"},
        )


class Commit:
    """Rows on their way into the warehouse; see ``Warehouse.commit``.

    ``detail`` may be filled while the rows are written: it is kept beside the commit.
    """

    def __init__(self, warehouse: Warehouse, kind: str, commit_id: str) -> None:
        self.warehouse = warehouse
        self.kind = kind
        self.commit_id = commit_id
        self.already_done = warehouse.is_committed(commit_id)
        self.detail: dict[str, Any] = {}
        self._appends: dict[str, int] = {}

    def tables(self) -> list[str]:
        """Return the names of the tables that this commit wrote, in any try."""
        return sorted(self._appends)

    def append_query(self, con: duckdb.DuckDBPyConnection, table: str, sql: str) -> int:
        """Append the rows of a query, columns matched by name and cast to the declared types.

        Columns that the query leaves out are NULL; one that the table does not have is an error.
        Returns the number of rows written: 0 when an earlier try had written them.
        """
        return self._append(con, table, sql)

    def append_partitions(
        self, con: duckdb.DuckDBPyConnection, table: str, queries: Mapping[Partition, str]
    ) -> int:
        """Append the rows of one query for each partition, side by side and as they come.

        Args:
            con: The connection; its temporary tables are not seen by several queries.
            table: A declared table with partitions.
            queries: The values of the partition columns to the query for exactly those rows.

        Returns:
            The number of rows written: 0 when an earlier try had written them.

        Raises:
            ValueError: A query gives rows of another partition.
        """
        return self._append(con, table, queries)

    def _append(
        self, con: duckdb.DuckDBPyConnection, table: str, queries: str | Mapping[Partition, str]
    ) -> int:
        if self.already_done:
            return 0
        count = self._appends[table] = self._appends.get(table, 0) + 1
        suffix = f"#{count}" if count > 1 else ""
        written = self.warehouse._append(
            con, declared_table(table), queries, self.commit_id, suffix
        )
        failpoint(f"{self.kind}.after_{table}")
        return written

    def append_rows(self, table: str, rows: Sequence[Mapping[str, Any]]) -> int:
        """Append a few rows given as dictionaries; an empty list writes nothing."""
        if self.already_done or not rows:
            return 0
        con = self.warehouse.small_connection()
        _register_rows(con, declared_table(table), rows)
        return self.append_query(con, table, "SELECT * EXCLUDE (commit_id) FROM rows_to_append")


def _seen_by(committed: str) -> str:
    return f" WHERE commit_id IN (SELECT commit_id FROM ({committed}))"


def _register_rows(
    con: duckdb.DuckDBPyConnection, table: Table, rows: Sequence[Mapping[str, Any]]
) -> None:
    """Make ``rows_to_append`` from dictionaries, typed as the table declares."""
    unknown = {key for row in rows for key in row} - set(table.columns)
    if unknown:
        raise ValueError(f"{table.name} has no column {', '.join(sorted(unknown))}")
    data = {
        name: pa.array([_plain(row.get(name)) for row in rows], type=_arrow_type(kind))
        for name, kind in table.columns.items()
    }
    register(con, "rows_to_append_arrow", pa.table(data))
    excluded = "" if table is COMMITS else ", CAST(NULL AS VARCHAR) AS commit_id"
    con.execute(
        "CREATE OR REPLACE TEMP VIEW rows_to_append AS "
        f"SELECT *{excluded} FROM rows_to_append_arrow"
    )


def _plain(value: Any) -> Any:
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC).replace(tzinfo=None)
    return value


def _arrow_type(kind: str) -> pa.DataType:
    simple = {
        "VARCHAR": pa.string(),
        "BIGINT": pa.int64(),
        "INTEGER": pa.int32(),
        "BOOLEAN": pa.bool_(),
        "DATE": pa.date32(),
        "TIMESTAMP": pa.timestamp("us"),
        "DOUBLE": pa.float64(),
    }
    if kind in simple:
        return simple[kind]
    precision, scale = kind.removeprefix("DECIMAL(").removesuffix(")").split(",")
    return pa.decimal128(int(precision), int(scale))


def _typed_rows(
    con: duckdb.DuckDBPyConnection, table: Table, sql: str, commit_id: str
) -> tuple[str, tuple[str, ...]]:
    """Return the query for another's rows, sorted and typed as a table's, and what they lack.

    The columns that they lack are left out: to write them would take as long as the others.
    """
    given = {column[0] for column in con.execute(f"DESCRIBE {sql}").fetchall()}
    unknown = given - set(table.columns)
    if unknown:
        raise ValueError(f"{table.name} has no column {', '.join(sorted(unknown))}")
    columns = [f"{quote_literal(commit_id)} AS commit_id"]
    for name, kind in table.columns.items():
        if name in given:
            columns.append(f"CAST({quote_identifier(name)} AS {kind}) AS {quote_identifier(name)}")
    by = [quote_identifier(name) for name in table.sort_by if name in given]
    order = f" ORDER BY {', '.join(by)}" if by else ""
    absent = tuple(name for name in table.columns if name not in given)
    return f"SELECT {', '.join(columns)} FROM (SELECT * FROM ({sql}){order})", absent


def _add_action(root: Path, file: _Written) -> AddAction:
    statistics = {"numRecords": file.rows, "nullCount": dict.fromkeys(file.absent, file.rows)}
    return AddAction(
        file.path.relative_to(root).as_posix(),
        file.size,
        file.partition,
        int(time.time() * 1000),
        True,
        json.dumps(statistics),
    )
