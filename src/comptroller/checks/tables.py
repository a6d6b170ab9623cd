"""The tables that the checks own: runs, results, coverage, findings."""

from __future__ import annotations

from comptroller.warehouse import MONEY, Table

CHECK_RUNS = Table(
    "check_runs",
    {
        "run_id": "VARCHAR",
        "sequence": "BIGINT",
        "started_at": "TIMESTAMP",
        "basis": "VARCHAR",
        "scope": "VARCHAR",
        "engine": "VARCHAR",
        "rulebook_fingerprint": "VARCHAR",
        "checks": "BIGINT",
        "lines": "BIGINT",
        "findings": "BIGINT",
        "seconds": "DOUBLE",
    },
)

RESULTS = Table(
    "results",
    {
        "run_id": "VARCHAR",
        "check_id": "VARCHAR",
        "data_set": "VARCHAR",
        "provider_code": "VARCHAR",
        "financial_year": "VARCHAR",
        "month": "INTEGER",
        "outcome": "VARCHAR",
        "reason": "VARCHAR",
        "denominator_rows": "BIGINT",
        "denominator_cost": MONEY,
        "unknown_rows": "BIGINT",
        "unknown_cost": MONEY,
        "failed_rows": "BIGINT",
        "gross_value": MONEY,
        "net_value": MONEY,
        "cash_value": MONEY,
        "baseline_value": MONEY,
        "undercharge_value": MONEY,
        "rule_fingerprint": "VARCHAR",
        "seconds": "DOUBLE",
    },
    sort_by=("check_id", "provider_code", "data_set", "financial_year", "month"),
)

COVERAGE = Table(
    "coverage",
    {
        "run_id": "VARCHAR",
        "provider_code": "VARCHAR",
        "financial_year": "VARCHAR",
        "month": "INTEGER",
        "data_set": "VARCHAR",
        "question": "VARCHAR",
        "state": "VARCHAR",
        "reason": "VARCHAR",
        "rows": "BIGINT",
        "cost": MONEY,
    },
)

FINDING_COLUMNS: dict[str, str] = {
    "finding_id": "VARCHAR",
    "check_id": "VARCHAR",
    "category": "VARCHAR",
    "question": "VARCHAR",
    "status": "VARCHAR",
    "provider_code": "VARCHAR",
    "commissioner_code": "VARCHAR",
    "counterparty_code": "VARCHAR",
    "contract_id": "VARCHAR",
    "data_set": "VARCHAR",
    "financial_year": "VARCHAR",
    "month": "INTEGER",
    "stage": "VARCHAR",
    "submission_id": "VARCHAR",
    "file": "VARCHAR",
    "sheet": "VARCHAR",
    "row": "BIGINT",
    "line_id": "VARCHAR",
    "event_key": "VARCHAR",
    "local_patient_identifier": "VARCHAR",
    "hospital_provider_spell_identifier": "VARCHAR",
    "attendance_identifier": "VARCHAR",
    "cds_unique_identifier": "VARCHAR",
    "activity_start_date": "DATE",
    "activity_end_date": "DATE",
    "pod_code": "VARCHAR",
    "activity_treatment_function_code": "VARCHAR",
    "tariff_code": "VARCHAR",
    "activity_cost": MONEY,
    "expected_price": MONEY,
    "gross_value": MONEY,
    "net_value": MONEY,
    "in_alternative": "BOOLEAN",
    "payment_element": "VARCHAR",
    "cash_value": MONEY,
    "baseline_value": MONEY,
    "message": "VARCHAR",
    "evidence": "VARCHAR",
    "related_line_ids": "VARCHAR",
    "rule_fingerprint": "VARCHAR",
}

SHORT_FINDING = (
    *("check_id", "status", "provider_code", "commissioner_code", "financial_year", "month"),
    *("net_value", "cash_value", "gross_value", "message"),
)
"""What a list on a screen shows of a finding."""

FINDINGS = Table(
    "findings",
    {"run_id": "VARCHAR", **FINDING_COLUMNS},
    sort_by=("check_id", "provider_code", "financial_year", "month", "finding_id"),
)

TABLES: tuple[Table, ...] = (CHECK_RUNS, RESULTS, COVERAGE, FINDINGS)
