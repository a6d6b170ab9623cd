"""The answer key: complete, and every row of it is to be found in the files."""

from __future__ import annotations

import duckdb
import pytest

from tests.demo.conftest import IN_OWN_WORDS

CORE = {
    "ATT": (1, 3, 5, 7, 8, 11, 17, 23, 33, 38),
    "DUP": (1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 13, 15, 19, 24, 30),
    "DQV": (1, 2, 4, 5, 6, 7, 8, 10, 11, 12, 13, 14, 15, 20, 21, 23, 25, 29),
    "PRC": (17, 35, 36, 37, 38),
    "TIM": (1, 2, 3, 4, 5, 12),
    "REC": (1, 2, 3, 4, 5, 6, 7, 8, 11, 17, 24),
}
IDS = [f"{category}-{number:03d}" for category, numbers in CORE.items() for number in numbers]


@pytest.mark.parametrize("check", IDS)
def test_each_kind_of_fault_is_planted(files: duckdb.DuckDBPyConnection, check: str) -> None:
    planted = files.execute(
        "SELECT count(*) FROM key WHERE check_id = ? AND variant = 'plain'"
        " AND expected = 'flagged'",
        [check],
    ).fetchall()
    assert planted[0][0] >= 1


def test_variants_and_expectations_are_known(files: duckdb.DuckDBPyConnection) -> None:
    rows = files.execute("SELECT DISTINCT variant, expected FROM key").fetchall()
    assert {variant for variant, _ in rows} == {
        "plain", "threshold", "inside", "missing", "combined", "look_alike", "consequence",
    }  # fmt: skip
    assert {("inside", "clear"), ("look_alike", "clear")} <= set(rows)
    assert ("inside", "flagged") not in rows
    assert ("consequence", "clear") not in rows


def test_every_patient_of_the_key_is_in_the_files(files: duckdb.DuckDBPyConnection) -> None:
    lost = files.execute(
        f"""SELECT fault_id, local_patient_identifier FROM key
        WHERE local_patient_identifier IS NOT NULL
            AND provider_code NOT IN {IN_OWN_WORDS}
            AND local_patient_identifier NOT IN (
                SELECT "LOCAL PATIENT IDENTIFIER (EXTENDED)" FROM plcm
                UNION SELECT "LOCAL PATIENT IDENTIFIER (EXTENDED)" FROM drugs
                UNION SELECT "LOCAL PATIENT IDENTIFIER (EXTENDED)" FROM devices
                UNION SELECT "LOCAL PATIENT IDENTIFIER (EXTENDED)" FROM sus)"""
    ).fetchall()
    assert lost == []


def test_every_record_of_the_key_is_in_the_files(files: duckdb.DuckDBPyConnection) -> None:
    lost = files.execute(
        f"""SELECT fault_id, cds_unique_identifier FROM key
        WHERE cds_unique_identifier IS NOT NULL
            AND provider_code NOT IN {IN_OWN_WORDS}
            AND cds_unique_identifier NOT IN (SELECT "CDS UNIQUE IDENTIFIER" FROM plcm
                WHERE "CDS UNIQUE IDENTIFIER" IS NOT NULL
                UNION SELECT "CDS UNIQUE IDENTIFIER" FROM sus
                WHERE "CDS UNIQUE IDENTIFIER" IS NOT NULL)"""
    ).fetchall()
    assert lost == []


def test_a_fault_is_named_once_and_belongs_to_one_check(files: duckdb.DuckDBPyConnection) -> None:
    rows = files.execute(
        """SELECT fault_id FROM key WHERE variant <> 'consequence'
        GROUP BY fault_id HAVING count(DISTINCT check_id) > 1 OR count(DISTINCT expected) > 1"""
    ).fetchall()
    assert rows == []
