"""Build a whole economy into a folder: people, care, faults, files, reference data, answer key."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from comptroller.demo import care, finance, people, stage
from comptroller.demo import lines as charged
from comptroller.demo.deliver import Postman
from comptroller.demo.presets import Preset
from comptroller.demo.presets import preset as find_preset
from comptroller.demo.references import Librarian
from comptroller.demo.schedule import due_date, rounds
from comptroller.warehouse import connect

DEFAULT_LINES = 200_000
DEFAULT_SEED = 2026
CUMULATIVE_UP_TO = 2_000_000
_LINES_PER_EVENT = 2.6
_CHUNK_EVENTS = 1_500_000

Progress = Callable[[str, int, int], None]


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
            return _build(con, directory, world, lines, seed, progress or _silent)
        finally:
            con.close()
    finally:
        shutil.rmtree(spill, ignore_errors=True)


def _silent(what: str, step: int, steps: int) -> None:
    del what, step, steps


def _build(
    con: duckdb.DuckDBPyConnection,
    directory: Path,
    world: Preset,
    wanted: int,
    seed: int,
    progress: Progress,
) -> Economy:
    cumulative = wanted <= CUMULATIVE_UP_TO
    plan = rounds(world, cumulative=cumulative)
    steps = len(plan) + 4
    progress("people", 0, steps)
    simulate(con, world, wanted, seed)
    progress("money", 1, steps)
    finance.make_plan(con)
    con.execute(
        "CREATE OR REPLACE TABLE acm_deltas AS SELECT *, 0 AS own_row FROM lines WHERE FALSE"
    )
    _empty_extras(con)
    finance.add_balances(con, world)
    con.execute("CREATE OR REPLACE TABLE plan_in_acm AS FROM plan")
    finance.make_acm(con, cumulative)
    frozen = [(m, due_date(world, m + 1)) for m in range(1, 14)]
    stage.register(con, "freezes", ("month", "frozen_on"), frozen)
    finance.make_payments(con, world)
    progress("reference files", 2, steps)
    Librarian(con, world, directory / "reference").write_all()
    postman = Postman(con, world, directory / "deliveries", cumulative)
    for step, this in enumerate(plan, start=3):
        postman.deliver(this, lambda what, step=step: progress(what, step, steps))  # type: ignore[misc]
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
        files=postman.files,
        rows=postman.rows,
        faults=0,
        deliveries=tuple(sorted((directory / "deliveries").iterdir())),
    )


def simulate(con: duckdb.DuckDBPyConnection, world: Preset, wanted: int, seed: int) -> None:
    """Create ``patients``, ``lines`` and ``sus``: the economy without a fault in it."""
    stage.make_macros(con, seed)
    events = wanted / _LINES_PER_EVENT
    per_patient = max(2.7, events / (stage.NHS_NUMBERS * 0.97))
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


def _empty_extras(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(
        """
        CREATE OR REPLACE TABLE extra_organisations (org_code VARCHAR, name VARCHAR, role VARCHAR,
            parent_code VARCHAR, open_date VARCHAR, close_date VARCHAR, successor_code VARCHAR);
        CREATE OR REPLACE TABLE extra_practices (practice_code VARCHAR, commissioner_code VARCHAR,
            locality VARCHAR, practice_group VARCHAR, pcn_code VARCHAR, from_date DATE,
            to_date DATE);
        CREATE OR REPLACE TABLE extra_registrations (nhs VARCHAR, practice_code VARCHAR,
            from_date DATE, to_date DATE);
        CREATE OR REPLACE TABLE extra_approvals (approval_id VARCHAR, policy_id VARCHAR,
            nhs_number VARCHAR, provider_code VARCHAR, status VARCHAR, valid_from DATE);
        CREATE OR REPLACE TABLE extra_policies (policy_id VARCHAR, title VARCHAR, kind VARCHAR,
            procedure_codes VARCHAR);
        """
    )
