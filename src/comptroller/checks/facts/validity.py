"""Which codes are known on a line's date, which mandatory elements are blank, who pays what."""

from __future__ import annotations

import duckdb

from comptroller.checks.facts.base import EVER, FOREVER
from comptroller.vocabulary import code_list, data_set, line_columns
from comptroller.warehouse import (
    create_small_table,
    quote_identifier,
    quote_literal,
    quote_literals,
)

_PAYER_KINDS = {
    "nhs_england": "nhs_england",
    "armed_forces": "armed_forces",
    "private_or_overseas": "private_or_overseas",
    "overseas": "private_or_overseas",
    "retired": "retired",
}
# Codes that stand for nobody and are never a commissioner.
NEVER_COMMISSIONERS = ("Q99", "X98")
_FEEDS = ("ACM", "PLCM", "DrPLCM", "DePLCM")
# Columns whose absence is an error of the file, met before any check.
_ALWAYS_FILLED = ("month", "financial_year", "provider_code", "commissioner_code")
_NOT_FOR_MONEY_LINES = (
    *("organisation_identifier_gp_practice_responsibility", "general_medical_practice_code"),
    *("activity_unit_price", "activity_count", "planned_activity", "unbundled_episode_indicator"),
    *("market_forces_cost", "planned_market_forces_cost", "national_tariff_indicator"),
)


def create_validity(con: duckdb.DuckDBPyConnection) -> None:
    """Create the small tables that say which codes are known, and ``facts_blank``.

    Reads ``facts_base``, ``facts_payers`` and the reference views ``organisations``,
    ``successions``, ``practices``, ``treatment_functions``, ``hrgs``, ``prices`` and
    ``local_prices``.
    """
    _create_organisations(con)
    _create_code_sets(con)
    _create_delegation(con)
    _create_blank(con)


def _literals(values: list[tuple[str, str]]) -> str:
    return ", ".join(f"({quote_literal(a)}, {quote_literal(b)})" for a, b in values)


def _create_organisations(con: duckdb.DuckDBPyConnection) -> None:
    kinds = [
        (row.code, _PAYER_KINDS[row.attributes["kind"]])
        for row in code_list("commissioner_default").rows.values()
        if row.attributes["kind"] in _PAYER_KINDS
    ]
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE facts_organisations AS
        SELECT org_code, min(coalesce(open_date, {EVER})) AS open_date,
            max(coalesce(close_date, {FOREVER})) AS close_date,
            bool_or(role = 'commissioner') AS is_commissioner,
            bool_or(role IN ('provider', 'site')) AS is_provider,
            bool_or(role = 'practice') AS is_practice,
            bool_or(successor_code IS NOT NULL
                OR org_code IN (SELECT from_code FROM successions)) AS has_successor,
            bool_or(name ILIKE '%NHS ENGLAND%' OR name ILIKE '%COMMISSIONING HUB%')
                AS is_nhs_england
        FROM organisations GROUP BY org_code;
        CREATE OR REPLACE TEMP TABLE facts_commissioner_kinds AS
        WITH named(code, kind) AS (VALUES {_literals(kinds)}),
        used AS (
            -- A commissioner whose lines are nearly all of national categories is a national one,
            -- whatever its name.
            SELECT b.commissioner_code, count(*) FILTER (WHERE g.payer = 'nhs_england') * 10
                > count(*) * 8 AS is_national
            FROM facts_base AS b LEFT JOIN facts_service_categories AS g
                ON g.code = b.commissioned_service_category_code
            WHERE b.is_contract_monitoring AND b.commissioned_service_category_code IS NOT NULL
            GROUP BY b.commissioner_code)
        SELECT c.commissioner_code,
            coalesce(n.kind, CASE WHEN o.is_nhs_england OR o.is_commissioner AND u.is_national
                    THEN 'nhs_england'
                WHEN o.is_commissioner THEN 'icb' END) AS commissioner_kind
        FROM (SELECT DISTINCT commissioner_code FROM facts_base) AS c
        LEFT JOIN named AS n ON n.code = c.commissioner_code
        LEFT JOIN facts_organisations AS o ON o.org_code = c.commissioner_code
        LEFT JOIN used AS u ON u.commissioner_code = c.commissioner_code;
        CREATE OR REPLACE TEMP TABLE facts_providers_with_sites AS
        SELECT DISTINCT parent_code AS provider_code FROM organisations
        WHERE role = 'site' AND parent_code IS NOT NULL;
        CREATE OR REPLACE TEMP TABLE facts_practices AS
        SELECT practice_code, min(coalesce(from_date, {EVER})) AS open_date,
            max(coalesce(to_date, {FOREVER})) AS close_date
        FROM practices GROUP BY practice_code
        """
    )


def _create_code_sets(con: duckdb.DuckDBPyConnection) -> None:
    # The starter pack lists retired codes for their names; it knows no dates for them.
    retired = ", ".join(
        quote_literal(row.code)
        for row in code_list("treatment_function").rows.values()
        if row.attributes["status"] == "retired"
    )
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE facts_treatment_functions AS
        SELECT code, min(coalesce(from_date, {EVER})) AS from_date,
            max(coalesce(to_date, {FOREVER})) AS to_date
        FROM treatment_functions
        WHERE NOT (code IN ({retired}) AND from_date IS NULL AND to_date IS NULL)
        GROUP BY code;
        CREATE OR REPLACE TEMP TABLE facts_tariff_codes AS
        SELECT DISTINCT upper(trim(code)) AS code FROM (
            SELECT code FROM hrgs UNION ALL SELECT price_code FROM prices
            UNION ALL SELECT local_code FROM local_prices
            UNION ALL SELECT tariff_code FROM local_prices) WHERE code IS NOT NULL
        """
    )


def _create_delegation(con: duckdb.DuckDBPyConnection) -> None:
    """Make ``facts_service_lines``: who commissions a specialised service line, by year.

    ``nhs_england`` where the published list says it is retained (red or amber), ``icb`` where
    delegated (green); a line that follows its parent or is not commissioned alone is NULL. Before
    2024/25 nothing was delegated; in 2024/25 only in three regions, so green is left open (NULL).
    """
    rows: list[tuple[str, str, str | None]] = []
    for row in code_list("service_code").rows.values():
        for year in ("2024_25", "2025_26", "2026_27"):
            status = row.attributes[f"delegation_{year}"]
            payer = {"red": "nhs_england", "amber": "nhs_england", "green": "icb"}.get(status)
            if payer == "icb" and year == "2024_25":
                payer = None
            rows.append((row.code, year.replace("_", "/"), payer))
        earlier = row.attributes["delegation_2024_25"] in ("red", "amber", "green")
        rows.append((row.code, "earlier", "nhs_england" if earlier else None))
    create_small_table(
        con,
        "facts_service_lines",
        {"service_code": "VARCHAR", "financial_year": "VARCHAR", "service_payer": "VARCHAR"},
        rows,
    )


def _create_blank(con: duckdb.DuckDBPyConnection) -> None:
    """Make ``facts_blank``: lines with a mandatory element blank that their file does carry.

    An element that a layout lacks altogether is the layout's matter, told once at loading, and not
    the fault of each line. The same holds for the linkage identifiers.
    """
    columns = set(line_columns())
    mandatory = {
        feed: [
            element.name
            for element in data_set(feed).mandatory()
            if element.name in columns and element.name not in _ALWAYS_FILLED
        ]
        for feed in _FEEDS
    }
    names = sorted({name for listed in mandatory.values() for name in listed})
    stored = {row[0] for row in con.execute("DESCRIBE facts_base").fetchall()}
    names = [name for name in names if name in stored]
    carried = ", ".join(f"count({quote_identifier(n)}) > 0 AS {quote_identifier(n)}" for n in names)
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE facts_carried AS
        SELECT submission_id, data_set, {carried},
            count(hospital_provider_spell_identifier) > 0 AS spells,
            count(attendance_identifier) > 0 AS attendances
        FROM facts_base WHERE is_contract_monitoring GROUP BY submission_id, data_set
        """
    )
    for_money = {feed: [n for n in mandatory[feed] if n in names] for feed in _FEEDS}
    tests = []
    for name in names:
        feeds = quote_literals(f for f in _FEEDS if name in for_money[f])
        money_too = (
            ""
            if name not in _NOT_FOR_MONEY_LINES
            else " AND coalesce(b.pod_role, '') NOT IN "
            "('financial') AND NOT (b.data_set = 'ACM' AND b.is_non_activity)"
        )
        column = quote_identifier(name)
        tests.append(
            f"CASE WHEN b.data_set IN ({feeds}) AND c.{column} AND b.{column} IS NULL{money_too} "
            f"THEN {quote_literal(name)} END"
        )
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE facts_blank AS
        SELECT * FROM (
            SELECT b.n, nullif(concat_ws(', ', {", ".join(tests)}), '') AS blank_elements,
                {_LINKAGE} AS is_linkage_missing
            FROM facts_base AS b JOIN facts_carried AS c
                ON c.submission_id = b.submission_id AND c.data_set = b.data_set
            WHERE b.is_contract_monitoring)
        WHERE blank_elements IS NOT NULL OR is_linkage_missing IS NOT NULL
        """
    )


_LINKAGE = """CASE
    WHEN b.data_set = 'PLCM' AND b.pod_role IN ('spell', 'regular', 'excess_bed_days', 'bed_days')
        AND c.spells THEN b.hospital_provider_spell_identifier IS NULL
    WHEN b.data_set = 'PLCM' AND b.pod_role = 'outpatient' AND c.attendances
        THEN b.attendance_identifier IS NULL
    WHEN b.data_set IN ('DrPLCM', 'DePLCM') AND (c.spells OR c.attendances)
        THEN b.hospital_provider_spell_identifier IS NULL AND b.attendance_identifier IS NULL
    END"""
