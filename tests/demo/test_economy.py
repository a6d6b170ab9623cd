"""What is built: the same bytes from the same seed, sums that tie, people who may exist."""

from __future__ import annotations

import csv
import hashlib
from decimal import Decimal
from pathlib import Path

import duckdb
import nhs_number
import pytest

from comptroller.demo import Economy, build_economy
from comptroller.errors import ComptrollerError
from tests.demo.conftest import IN_OWN_WORDS, LINES, SEED

PROVIDER = '"ORGANISATION IDENTIFIER (CODE OF PROVIDER)"'
COMMISSIONER = '"ORGANISATION IDENTIFIER (CODE OF COMMISSIONER)"'
NATIONAL_ACM = ("ZN1", "ZN3")
SHARED = Path("../shared/data/reference")


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.mark.slow
def test_the_same_seed_gives_the_same_bytes(economy: Economy, tmp_path: Path) -> None:
    as_told: list[tuple[Path, dict[str, str]]] = []
    again = build_economy(
        tmp_path, lines=LINES, seed=SEED, arrived=lambda day: as_told.append((day, digests(day)))
    )
    assert digests(again.directory) == digests(economy.directory)
    # Nothing comes into a folder any more once it was told of.
    assert [folder for folder, _ in as_told] == list(again.deliveries)
    assert all(digests(folder) == then for folder, then in as_told)


@pytest.mark.slow
def test_the_older_preset_builds_and_pays_everything_by_tariff(tmp_path: Path) -> None:
    built = build_economy(tmp_path, preset="2018/19", lines=LINES, seed=SEED)
    assert built.financial_year == "2018/19"
    with (tmp_path / "reference" / "payment_terms.csv").open(encoding="utf-8") as handle:
        elements = {row["element"] for row in csv.DictReader(handle)}
    assert elements == {"variable", "block", "pass_through"}


def test_a_large_economy_keeps_its_tables_on_disk_and_sends_open_months_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("comptroller.demo.economy.CUMULATIVE_UP_TO", 1000)
    built = build_economy(tmp_path / "large", lines=3000, seed=SEED)
    assert built.files == sum(1 for path in built.directory.glob("deliveries/*/*"))
    assert built.rows < 3 * built.lines


def test_an_unknown_preset_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ComptrollerError, match="no demonstration economy is called 1999"):
        build_economy(tmp_path, preset="1999/00")


def test_files_arrive_in_dated_folders_in_a_sensible_number(economy: Economy) -> None:
    assert 300 <= economy.files <= 750
    names = [folder.name for folder in economy.deliveries]
    assert names == sorted(names)
    assert all(len(name) == 10 and name[4] == name[7] == "-" for name in names)
    assert {p.suffix for p in economy.directory.rglob("deliveries/*/*")} == {
        ".csv", ".ods", ".pdf", ".txt", ".xls", ".xlsx", ".zip",
    }  # fmt: skip


def test_acm_is_the_sum_of_the_patient_level_sets_in_every_file(
    files: duckdb.DuckDBPyConnection,
) -> None:
    planted = {
        (provider, int(month))
        for provider, month in files.execute(
            "SELECT provider_code, month FROM key WHERE check_id IN ('REC-002', 'REC-003',"
            " 'REC-004', 'REC-005') AND month IS NOT NULL"
        ).fetchall()
    }
    local = (*IN_OWN_WORDS, "ZN2", "ZN8")  # the last two send their ACM in own words
    rows = files.execute(
        f"""WITH total AS (
            SELECT {PROVIDER} AS provider, {COMMISSIONER} AS commissioner, round,
                CAST("FINANCIAL MONTH" AS INTEGER) AS month,
                sum(CAST("CONTRACT MONITORING ACTUAL PRICE" AS DECIMAL(18,2))) AS pounds
            FROM acm GROUP BY ALL
        ), patients AS (
            SELECT {PROVIDER} AS provider, {COMMISSIONER} AS commissioner, round,
                CAST("FINANCIAL MONTH" AS INTEGER) AS month,
                sum(CAST("TOTAL COST" AS DECIMAL(18,2))) AS pounds
            FROM (FROM plcm UNION ALL BY NAME FROM drugs UNION ALL BY NAME FROM devices)
            GROUP BY ALL
        )
        SELECT provider, month, t.pounds, p.pounds
        FROM total t FULL JOIN patients p USING (provider, commissioner, round, month)
        WHERE provider NOT IN {local}"""
    ).fetchall()
    assert len(rows) > 500
    differing = {
        (provider, month) for provider, month, one, two in rows if (one or 0) != (two or 0)
    }
    assert differing <= planted


def test_sus_has_a_record_for_each_charged_spell_attendance_and_arrival(
    files: duckdb.DuckDBPyConnection,
) -> None:
    rows = files.execute(
        """WITH last AS (SELECT * FROM plcm WHERE round = 12)
        SELECT count(*), count(*) FILTER ("CDS UNIQUE IDENTIFIER" IN (
            SELECT "CDS UNIQUE IDENTIFIER" FROM sus))
        FROM last WHERE "CDS UNIQUE IDENTIFIER" <> ''"""
    ).fetchall()
    charged, matched = rows[0]
    unmatched = files.execute(
        "SELECT count(*) FROM key WHERE check_id = 'REC-007' AND expected = 'flagged'"
    ).fetchall()[0][0]
    assert charged - matched <= unmatched + 10
    assert matched > 1_000


def test_payments_add_up_to_payable_acm(files: duckdb.DuckDBPyConnection, economy: Economy) -> None:
    paid = files.execute(
        f"SELECT sum(CAST(amount AS DECIMAL(18,2))) FROM"
        f" read_csv('{economy.directory}/reference/payments.csv', all_varchar = true)"
        f" WHERE provider_code IN {NATIONAL_ACM}"
    ).fetchall()[0][0]
    payable = files.execute(
        """SELECT sum(CAST("CONTRACT MONITORING ACTUAL PRICE" AS DECIMAL(18,2))) FROM acm
        WHERE round = CAST("FINANCIAL MONTH" AS INTEGER) + 1"""
    ).fetchall()[0][0]
    notes = files.execute(
        "SELECT note FROM key WHERE check_id = 'REC-001'"
        " AND regexp_matches(note, '^(invoiced|paid)')"
        f" AND provider_code IN {NATIONAL_ACM}"
    ).fetchall()
    too_much = sum((Decimal(note.split()[1]) for (note,) in notes), Decimal(0))
    assert paid - payable == too_much


def test_nhs_numbers_are_valid_and_in_the_test_range(files: duckdb.DuckDBPyConnection) -> None:
    planted = files.execute(
        "SELECT local_patient_identifier FROM key WHERE check_id = 'DQV-002'"
    ).fetchall()
    rows = files.execute(
        """SELECT DISTINCT "NHS NUMBER", "LOCAL PATIENT IDENTIFIER (EXTENDED)" FROM plcm
        WHERE "NHS NUMBER" <> '' AND round = 12"""
    ).fetchall()
    assert len(rows) > 400
    wrong = {(lpid,) for nhs, lpid in rows if not nhs_number.is_valid(nhs)}
    assert wrong <= set(planted)
    assert all(nhs.startswith("999") for nhs, _ in rows)


def test_nobody_is_in_two_places_and_nothing_is_charged_twice_unless_planted(
    files: duckdb.DuckDBPyConnection,
) -> None:
    rows = files.execute(
        """WITH stays AS (
            SELECT "NHS NUMBER" AS nhs, "LOCAL PATIENT IDENTIFIER (EXTENDED)" AS lpid,
                "HOSPITAL PROVIDER SPELL NUMBER" AS spell,
                CAST("ACTIVITY START DATE (CONTRACT MONITORING)" AS DATE) AS one,
                CAST("ACTIVITY END DATE (CONTRACT MONITORING)" AS DATE) AS two
            FROM plcm WHERE round = 12 AND "POINT OF DELIVERY CODE" IN ('NEL', 'NELST', 'EL', 'DC')
                AND "NHS NUMBER" <> ''
        )
        SELECT a.lpid FROM stays a JOIN stays b ON a.nhs = b.nhs AND a.spell < b.spell
            AND a.one < b.two AND b.one < a.two
        WHERE a.lpid NOT IN (SELECT local_patient_identifier FROM key
            WHERE local_patient_identifier IS NOT NULL)"""
    ).fetchall()
    assert rows == []
    repeated = files.execute(
        """SELECT "CDS UNIQUE IDENTIFIER" FROM plcm WHERE round = 12
            AND "CDS UNIQUE IDENTIFIER" <> ''
            AND "LOCAL PATIENT IDENTIFIER (EXTENDED)" NOT IN (SELECT local_patient_identifier
                FROM key WHERE local_patient_identifier IS NOT NULL)
        GROUP BY ALL HAVING count(*) > 1"""
    ).fetchall()
    assert repeated == []


def test_dates_lie_in_the_month_that_is_charged_unless_planted(
    files: duckdb.DuckDBPyConnection,
) -> None:
    rows = files.execute(
        """SELECT "LOCAL PATIENT IDENTIFIER (EXTENDED)" FROM plcm
        WHERE (month(CAST("ACTIVITY END DATE (CONTRACT MONITORING)" AS DATE)) + 8) % 12 + 1
                <> CAST("FINANCIAL MONTH" AS INTEGER)
            AND CAST("FINANCIAL MONTH" AS INTEGER) < 13
            AND "LOCAL PATIENT IDENTIFIER (EXTENDED)" NOT IN (SELECT local_patient_identifier
                FROM key WHERE local_patient_identifier IS NOT NULL)"""
    ).fetchall()
    assert rows == []


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared reference data are not here")
def test_codes_are_of_no_real_organisation(economy: Economy) -> None:
    con = duckdb.connect()
    real: set[str] = set()
    for name, column in (
        ("ods_etr_trusts.csv", 0),
        ("ods_eccg_commissioners.csv", 0),
        ("ods_epraccur.csv.gz", 0),
        ("iap_ICB_and_SubICB_Apr2026.csv", 0),
        ("iap_ICB_and_SubICB_Apr2026.csv", 2),
    ):
        rows = con.execute(
            f"SELECT * FROM read_csv('{SHARED / name}', header = false, all_varchar = true)"
        ).fetchall()
        real |= {row[column] for row in rows}
    assert len(real) > 10_000
    with (economy.directory / "reference" / "organisations.csv").open(encoding="utf-8") as handle:
        ours = {row["org_code"] for row in csv.DictReader(handle)}
    assert not ours & real
