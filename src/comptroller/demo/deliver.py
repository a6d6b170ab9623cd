"""Write the year's files, one folder for each day on which some of them arrive."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb

from comptroller.demo import layouts
from comptroller.demo.layouts import Column
from comptroller.demo.local_layouts import SHEETS, Layout
from comptroller.demo.pages import Page, arrange
from comptroller.demo.paper import write_archive, write_page, write_workbook
from comptroller.demo.presets import Preset, Provider
from comptroller.demo.schedule import Round
from comptroller.demo.sending import layout_of
from comptroller.vocabulary import data_set

PATIENT_SETS = ("PLCM", "DrPLCM", "DePLCM")
SUS_SETS = ("SUS_APC", "SUS_OP", "SUS_EC")


@dataclass
class Postman:
    """Writes files into dated folders.

    ``late`` moves one provider's data set of one round to another day; ``dropped`` leaves out
    data sets of a provider for a month altogether.
    """

    con: duckdb.DuckDBPyConnection
    preset: Preset
    directory: Path
    cumulative: bool = True
    late: dict[tuple[str, str, int], date] = field(default_factory=dict)
    files: int = 0
    rows: int = 0

    def deliver(self, this: Round) -> None:
        """Write every file of one round."""
        counts = self._counts(this)
        for provider in self.preset.providers:
            self._provider_files(this, provider, counts)
        for name in SUS_SETS:
            if this.sus_months and counts.get(("", name)):
                self._sus(this, name)

    def _months(self, this: Round, provider: Provider) -> tuple[int, ...]:
        """Return the months that a provider's files carry: the year so far, or the open ones."""
        if not provider.open_months:
            return this.months
        return tuple(month for month in this.months if month >= this.number - 1)

    def _counts(self, this: Round) -> dict[tuple[str, str], int]:
        rows = self.con.execute(
            f"""SELECT prov, ds, month, count(*) FROM lines WHERE {_seen(this.number)} GROUP BY ALL
            UNION ALL SELECT prov, 'ACM', month, count(*) FROM acm WHERE {_seen(this.number)}
                GROUP BY ALL
            UNION ALL SELECT '', ds, month, count(*) FROM sus WHERE {_seen(this.number)}
                GROUP BY ALL"""
        ).fetchall()
        carried = {
            provider.code: self._months(this, provider) for provider in self.preset.providers
        }
        carried[""] = this.sus_months
        counts: dict[tuple[str, str], int] = {}
        for prov, name, month, count in rows:
            if month in carried[prov]:
                counts[prov, name] = counts.get((prov, name), 0) + count
        return counts

    def _provider_files(
        self, this: Round, provider: Provider, counts: dict[tuple[str, str], int]
    ) -> None:
        for name in ("ACM", *PATIENT_SETS):
            layout = layout_of(provider, name, this.number)
            if layout.form == "sheets":
                if name == "PLCM":
                    self._sheets(this, provider, layout)
            elif counts.get((provider.code, name)):
                folder = self._folder(this, provider.code, name)
                stem = self._stem(this, provider, layout.word or name)
                target = folder / f"{stem}{layout.suffix}"
                if layout.form == "csv":
                    self._delimited(this, provider, layout, name, target)
                elif layout.form == "zip":
                    self._zipped(this, provider, layout, name, target)
                else:
                    self._page(this, provider, layout, name, target)

    def _stem(self, this: Round, provider: Provider, word: str) -> str:
        return f"{provider.code}_{word}_{_year_code(self.preset)}_M{this.number:02d}"

    def _folder(self, this: Round, provider: str, name: str) -> Path:
        day = self.late.get((provider, name, this.number), this.arrives)
        folder = self.directory / day.isoformat()
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _copy(self, query: str, target: Path, options: str = "HEADER") -> None:
        copied = self.con.execute(
            f"COPY ({query}) TO '{target}' (FORMAT csv, {options})"
        ).fetchall()
        self.files += 1
        self.rows += int(copied[0][0])

    def _query(
        self,
        this: Round,
        provider: Provider,
        name: str,
        columns: Sequence[Column],
        where: str = "TRUE",
    ) -> str:
        months = self._months(this, provider)
        table, also = ("acm", "TRUE") if name == "ACM" else ("lines", f"ds = '{name}'")
        listed = ", ".join(
            f"{self._fill(column.expression, this, provider)} AS {_quoted(column.heading)}"
            for column in columns
        )
        order = (
            "month, comm, csc, svc, pod, tfc, tariff, lpod, own_row"
            if name == "ACM"
            else "month, comm, event_no, pod, case_no, non_cds_id, cost"
        )
        return (
            f"SELECT {listed} FROM (SELECT *, 0 AS own FROM {table} WHERE prov = '{provider.code}'"
            f" AND {also} AND {where} AND {_seen(this.number)} AND month IN ({_list(months)})) l"
            f" ORDER BY {', '.join('l.' + key for key in order.split(', '))}"
        )

    def _fill(self, expression: str, this: Round, provider: Provider) -> str:
        if "{" not in expression:
            return expression
        created = _created(this, provider)
        year = self.preset.financial_year
        if expression == "{year_slash}":
            return f"'{year}'"
        return expression.format(
            year_code=f"'{_year_code(self.preset)}'",
            year_dash=f"'{year[:4]}-{year[5:]}'",
            year_slash=f"'{year}'",
            created=f"'{created:%Y-%m-%dT%H:%M:%S}'",
            created_uk=f"'{created:%d/%m/%Y %H:%M}'",
            first_day=f"(DATE '{self.preset.start}' + to_months(least(month, 12) - 1))",
        )

    def _titles(self, this: Round, provider: Provider, layout: Layout, sheet: str) -> list[str]:
        created = _created(this, provider)
        return [
            title.format(
                provider_name=provider.name,
                provider_code=provider.code,
                year_slash=self.preset.financial_year,
                month=min(this.number, 12),
                sheet=sheet,
                created_words=f"{created:%d %B %Y}",
            )
            for title in layout.titles
        ]

    def _delimited(
        self, this: Round, provider: Provider, layout: Layout, name: str, target: Path
    ) -> None:
        query = self._query(this, provider, name, layout.columns)
        options = f"HEADER, DELIMITER '{layout.delimiter}'"
        if not layout.titles and not layout.total and layout.encoding == "utf-8":
            self._copy(query, target, options)
            return
        body = target.with_suffix(".part")
        self._copy(query, body, options)
        with target.open("wb") as out:
            for title in self._titles(this, provider, layout, ""):
                out.write((f'"{title}"' if "," in title else title).encode() + b"\n")
            written = body.read_bytes()
            if layout.encoding != "utf-8":
                written = written.decode().encode(layout.encoding)
            out.write(written)
            if layout.total:
                total = self._total(this, provider, name)
                cells = ["Total", *[""] * (len(layout.columns) - 2), f"{total:.2f}"]
                out.write(layout.delimiter.join(cells).encode() + b"\n")
        body.unlink()

    def _total(self, this: Round, provider: Provider, name: str, where: str = "TRUE") -> Decimal:
        months = self._months(this, provider)
        row = self.con.execute(
            f"SELECT coalesce(sum(cost), 0) FROM lines WHERE prov = ? AND ds = ? AND {where}"
            f" AND {_seen(this.number)} AND month IN ({_list(months)})",
            [provider.code, name],
        ).fetchall()
        return Decimal(row[0][0])

    def _zipped(
        self, this: Round, provider: Provider, layout: Layout, name: str, target: Path
    ) -> None:
        inner = target.with_suffix(".csv")
        self._copy(self._query(this, provider, name, layout.columns), inner)
        write_archive(target, [(inner.name, inner.read_bytes())])
        inner.unlink()

    def _page(
        self, this: Round, provider: Provider, layout: Layout, name: str, target: Path
    ) -> None:
        rows = self.con.execute(self._query(this, provider, name, layout.columns)).fetchall()
        titles = self._titles(this, provider, layout, "")
        page = arrange(layout, rows, titles, self._months(this, provider))
        write_page(layout.form, page, target, _created(this, provider), pounds=layout.pounds)
        self.files += 1
        self.rows += len(rows)

    def _sheets(self, this: Round, provider: Provider, layout: Layout) -> None:
        pages = []
        for sheet, where in SHEETS:
            name = "DrPLCM" if sheet == "Drugs" else "PLCM"
            columns = layout_of(provider, name, this.number).columns
            query = self._query(this, provider, name, columns, where)
            rows = self.con.execute(query).fetchall()
            if rows:
                total = self._total(this, provider, name, where)
                titles = self._titles(this, provider, layout, sheet)
                below = ["Total", *[None] * (len(columns) - 2), total]
                headings = [column.heading for column in columns]
                page = [*([title] for title in titles), headings, *rows, below]
                pages.append(Page(sheet, [list(row) for row in page]))
                self.rows += len(rows)
        if pages:
            stem = self._stem(this, provider, layout.word)
            target = self._folder(this, provider.code, "PLCM") / f"{stem}{layout.suffix}"
            write_workbook(target, pages, _created(this, provider))
            self.files += 1

    def _sus(self, this: Round, name: str) -> None:
        names = {element.name: element.dictionary_name for element in data_set(name).elements}
        every = (*layouts.SUS_FIRST, *layouts.SUS[name], *layouts.SUS_LAST)
        columns = [column for column in every if column[0] in names]
        listed = ", ".join(
            f"{expression.replace('{year_slash}', repr(self.preset.financial_year))} AS "
            + _quoted(names[element])
            for element, expression in columns
        )
        folder = self.directory / this.arrives.isoformat()
        folder.mkdir(parents=True, exist_ok=True)
        target = folder / f"{name}_{_year_code(self.preset)}_M{this.number:02d}.csv"
        self._copy(
            f"SELECT {listed} FROM (SELECT * FROM sus WHERE ds = '{name}' AND {_seen(this.number)}"
            f" AND month IN ({_list(this.sus_months)})) l"
            " ORDER BY l.prov, l.month, l.event_no, l.case_no, l.cds_id",
            target,
        )


def _seen(number: int) -> str:
    return f"seen_from <= {number} AND seen_to >= {number}"


def _list(months: Sequence[int]) -> str:
    return ", ".join(str(month) for month in months)


def _quoted(name: str) -> str:
    return '"' + name + '"'


def _year_code(preset: Preset) -> str:
    return preset.financial_year.replace("/", "")


def _created(this: Round, provider: Provider) -> datetime:
    return this.created + timedelta(minutes=sum(map(ord, provider.code)) % 50)
