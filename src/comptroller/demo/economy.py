"""Build a whole economy into a folder: people, care, faults, files, reference data, answer key."""

from __future__ import annotations

import csv
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from comptroller.demo import care, faults, finance, people, stage
from comptroller.demo import lines as charged
from comptroller.demo.deliver import Postman
from comptroller.demo.presets import Preset
from comptroller.demo.presets import preset as find_preset
from comptroller.demo.references import Librarian
from comptroller.demo.schedule import Round, due_date, rounds
from comptroller.warehouse import connect, side_by_side

DEFAULT_LINES = 200_000
DEFAULT_SEED = 2026
CUMULATIVE_UP_TO = 2_000_000
# An event is a charged line, most often a SUS record, and a share of ACM's rows, which grow less.
_LINES_PER_EVENT, _LINES_PER_EVENT_AT_LENGTH = 2.6, 2.25
# Where there are no more numbers for patients, each has more events, and fewer lines an event.
_LINES_PER_EVENT_OF_BUSY_PATIENTS = 2.0
_CHUNK_EVENTS = 1_500_000

Progress = Callable[[str, int, int], None]
Arrived = Callable[[Path], None]


@dataclass(frozen=True)
class Economy:
    """What was built: where, how many current lines, files and rows, and which days they arrive."""

    directory: Path
    preset: str
    financial_year: str
    seed: int
    lines: int
    files: int
    rows: int
    faults: int
    deliveries: tuple[Path, ...]


def build_economy(
    directory: Path,
    preset: str = "2026/27",
    lines: int = DEFAULT_LINES,
    seed: int = DEFAULT_SEED,
    progress: Progress | None = None,
    arrived: Arrived | None = None,
) -> Economy:
    """Build a fictional health economy into a folder and return what was built.

    Files go into ``deliveries/DATE/``, reference data into ``reference/``, the planted faults into
    ``answer_key.csv``. The same preset, size and seed give the same bytes.

    Args:
        directory: A folder that does not exist yet or is empty.
        preset: ``2026/27`` or ``2018/19``.
        lines: About how many current lines, of all data sets together.
        seed: Any whole number.
        progress: Called with what is being done, the step and the number of steps.
        arrived: Called with each folder of deliveries, in the order of their days, as soon as
            nothing more comes into it; the reference data is there by then.
    """
    world = find_preset(preset)
    directory.mkdir(parents=True, exist_ok=True)
    spill = Path(tempfile.mkdtemp(prefix="comptroller-demo-"))
    try:
        con = connect(memory_limit="4GB", temp_directory=spill)
        try:
            if lines > CUMULATIVE_UP_TO:
                con.execute(f"ATTACH '{spill / 'economy.duckdb'}' AS economy")
                con.execute("USE economy")
            return _build(
                con, directory, world, lines, seed, progress or _silent, arrived or _nobody
            )
        finally:
            con.close()
    finally:
        shutil.rmtree(spill, ignore_errors=True)


def _silent(what: str, step: int, steps: int) -> None:
    del what, step, steps


def _nobody(folder: Path) -> None:
    del folder


def _build(
    con: duckdb.DuckDBPyConnection,
    directory: Path,
    world: Preset,
    wanted: int,
    seed: int,
    progress: Progress,
    arrived: Arrived,
) -> Economy:
    cumulative = wanted <= CUMULATIVE_UP_TO
    plan = rounds(world, cumulative=cumulative)
    steps = len(plan) + 4
    progress("people", 0, steps)
    simulate(con, world, wanted, seed)
    progress("money", 1, steps)
    finance.make_plan(con)
    faults.plan_ahead(con, world)
    con.execute("CREATE OR REPLACE TABLE plan_in_acm AS FROM plan")
    book = faults.Book(con, world, instances(wanted), cumulative)
    faults.plant_rows(book)
    faults.plant_groups(book)
    faults.plant_care(book)
    faults.plant_several(book)
    faults.plant_policies(book)
    faults.plant_course(book)
    faults.plant_agreed(book)
    faults.plant_listed(book)
    faults.plant_components(book)
    faults.plant_statistics(book)
    faults.plant_versions(book)
    faults.plant_totals(book)
    faults.plant_plan_faults(book)
    faults.plant_contract_faults(book)
    faults.note_mergers(book)
    book.explain_prices()
    faults.explain_components(book)
    faults.explain_volumes(book)
    book.insert()
    faults.explain_agreements(book)
    _extras(con, book)
    finance.add_balances(con, world)
    finance.make_acm(con, cumulative)
    frozen = [(m, due_date(world, m + 1)) for m in range(1, 14)]
    stage.register(con, "freezes", ("month", "frozen_on"), frozen)
    finance.make_payments(con, world)
    faults.plant_invoice_faults(con, book)
    faults.plant_document_faults(con, book)
    progress("reference files", 2, steps)
    Librarian(con, world, directory / "reference").write_all()

    def deliver(cursor: duckdb.DuckDBPyConnection, this: Round) -> Postman:
        postman = Postman(cursor, world, directory / "deliveries", cumulative, book.late)
        postman.deliver(this)
        return postman

    written: list[Postman] = []
    complete: list[Path] = []
    for postman in side_by_side(con, deliver, plan):
        written.append(postman)
        this, later = plan[len(written) - 1], plan[len(written) :]
        progress(f"{this.arrives.isoformat()} delivered", 2 + len(written), steps)
        for folder in sorted((directory / "deliveries").iterdir()):
            # What a round brings late comes after its own day.
            open_still = later and folder.name >= later[0].arrives.isoformat()
            if folder not in complete and not open_still:
                complete.append(folder)
                arrived(folder)
    _write_key(directory / "answer_key.csv", book)
    progress("done", steps, steps)
    current = con.execute(
        f"SELECT (SELECT count(*) FROM lines WHERE seen_to = {charged.EVER})"
        f" + (SELECT count(*) FROM acm WHERE seen_to = {charged.EVER})"
        f" + (SELECT count(*) FROM sus WHERE seen_to = {charged.EVER})"
    ).fetchall()
    return Economy(
        directory=directory,
        preset=world.name,
        financial_year=world.financial_year,
        seed=seed,
        lines=int(current[0][0]),
        files=sum(postman.files for postman in written),
        rows=sum(postman.rows for postman in written),
        faults=len({row[0] for row in book.key if row[3] == "flagged"}),
        deliveries=tuple(complete),
    )


def simulate(con: duckdb.DuckDBPyConnection, world: Preset, wanted: int, seed: int) -> None:
    """Create ``patients``, ``lines`` and ``sus``: the economy without a fault in it."""
    stage.make_macros(con, seed)
    large = wanted > CUMULATIVE_UP_TO
    events = wanted / (_LINES_PER_EVENT_AT_LENGTH if large else _LINES_PER_EVENT)
    people_enough = stage.NHS_NUMBERS * 0.97
    if events / people_enough > 2.7:
        events = wanted / _LINES_PER_EVENT_OF_BUSY_PATIENTS
    per_patient = max(2.7, events / people_enough)
    max_events = 6 if per_patient <= 2.7 else stage.MAX_EVENTS
    population = stage.strata(world, int(events / per_patient))
    stage.set_stage(con, world, population)
    people.make_people(con, world, per_patient, max_events)
    charged.create_tables(con)
    finance.set_agreements(con, world)
    codes, chunk, size = [p.code for p in world.providers], list[str](), 0.0
    for provider in world.providers:
        share = provider.size / sum(p.size for p in world.providers)
        chunk.append(provider.code)
        size += events * share
        if size >= _CHUNK_EVENTS or provider.code == codes[-1]:
            care.make_events(con, world, chunk, max_events)
            charged.add_lines(con)
            chunk, size = [], 0.0
    finance.add_block_lines(con, world, events / 77_000)


def instances(lines: int) -> int:
    """Return how many plain cases each kind of fault gets in an economy of so many lines."""
    return max(1, min(5, lines // 40_000))


def _extras(con: duckdb.DuckDBPyConnection, book: faults.Book) -> None:
    """Create the tables of what the planted faults add to reference data and to ACM."""
    for name, columns, rows in (
        (
            "extra_organisations",
            "org_code VARCHAR, name VARCHAR, role VARCHAR, parent_code VARCHAR, open_date VARCHAR,"
            " close_date VARCHAR, successor_code VARCHAR",
            book.organisations,
        ),
        (
            "extra_practices",
            "practice_code VARCHAR, commissioner_code VARCHAR, locality VARCHAR,"
            " practice_group VARCHAR, pcn_code VARCHAR, from_date DATE, to_date DATE",
            book.practices,
        ),
        (
            "extra_registrations",
            "nhs VARCHAR, practice_code VARCHAR, from_date DATE, to_date DATE",
            book.registrations,
        ),
        (
            "extra_approvals",
            "approval_id VARCHAR, policy_id VARCHAR, nhs VARCHAR, provider_code VARCHAR,"
            " status VARCHAR, valid_from DATE, valid_to DATE, kind VARCHAR,"
            " procedure_code VARCHAR, decided_on DATE, drug_code VARCHAR, device_code VARCHAR,"
            " quantity INTEGER, indication VARCHAR",
            book.approvals,
        ),
        ("extra_unapproved", "nhs VARCHAR", book.unapproved),
        (
            "extra_contracts",
            "contract_id VARCHAR, payer VARCHAR, more DECIMAL(18,2)",
            book.contract_errors,
        ),
        (
            "acm_deltas",
            ", ".join(f"{name} {kind}" for name, kind in _DELTA_COLUMNS.items()),
            [tuple(row[name] for name in _DELTA_COLUMNS) for row in book.deltas],
        ),
    ):
        con.execute(f"CREATE OR REPLACE TABLE {name} ({columns})")
        if rows:
            marks = ", ".join("?" for _ in rows[0])
            con.executemany(f"INSERT INTO {name} VALUES ({marks})", rows)


_DELTA_COLUMNS = {
    "prov": "VARCHAR", "comm": "VARCHAR", "month": "INTEGER", "csc": "VARCHAR", "svc": "VARCHAR",
    "pod": "VARCHAR", "tfc": "VARCHAR", "tariff": "VARCHAR", "nti": "VARCHAR", "lpod": "VARCHAR",
    "lpod_text": "VARCHAR", "act": "INTEGER", "cost": "DECIMAL(18,2)", "mff_cost": "DECIMAL(18,2)",
    "seen_from": "INTEGER", "seen_to": "INTEGER", "own_row": "INTEGER",
}  # fmt: skip


def _write_key(target: Path, book: faults.Book) -> None:
    with target.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(faults.KEY_COLUMNS)
        writer.writerows(book.key)
