"""Findings: identity, status against earlier runs, and the rows as they are kept.

A finding is one check on one event (or group, or slice). Its id comes from the check, the event key
and an ordinal among equal keys in the order of year, month and row: never from prices, codes or
file names, so that it is the same finding in the next version. Its status is told against the
latest row of that id in earlier runs on the same basis: new, continuing, returned (it had been
fixed), and fixed (it stood before, lies in this run's scope, could be looked for, and is gone; its
pounds are nil).

Its cash is rounded to the penny, half a penny away from nil, over all its lines together; baseline
is net less cash.
"""

from __future__ import annotations

import duckdb

from comptroller.checks.compiler import MONEY, to_the_penny
from comptroller.checks.tables import FINDING_COLUMNS
from comptroller.warehouse import Warehouse, quote_identifier, quote_literal, quote_literals

_ZERO = f"CAST(0 AS {MONEY})"
_LINE_COLUMNS = (
    *("sheet", "row", "line_id", "local_patient_identifier", "hospital_provider_spell_identifier"),
    *("attendance_identifier", "cds_unique_identifier", "activity_start_date", "activity_end_date"),
    *("pod_code", "activity_treatment_function_code", "tariff_code"),
)


def create_findings(
    con: duckdb.DuckDBPyConnection, counterparties: dict[int, str], basis: str = "payable"
) -> None:
    """Create ``run_findings``: the findings of this run with all their columns but status.

    The stage of a finding is that of its slice today, even where the line's content came with an
    earlier version and has not changed since.

    Args:
        con: Connection with ``hits``, ``claim_cash``, ``run_checks``, ``checked``, ``slice_facts``,
            ``slice_state`` and the view ``submissions``.
        basis: ``payable`` or ``current``.
        counterparties: Number of a check to the column that names who answers.
    """
    _sum_claims(con)
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE stages AS
        SELECT data_set, provider_code, commissioner_code, financial_year, month,
            any_value(stage) AS stage
        FROM slice_state WHERE track = {quote_literal(basis)} GROUP BY ALL;
        CREATE OR REPLACE TEMP TABLE files AS
        SELECT submission_id, arg_max(file, loaded_at) AS file FROM submissions
        WHERE submission_id IS NOT NULL GROUP BY submission_id
        """
    )
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE run_findings AS "
        f"{_line_findings(counterparties)} UNION ALL {_slice_findings(counterparties)}"
    )


def _sum_claims(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE finding_values AS
        SELECT check_no, anchor_no, CAST(sum(net) AS {MONEY}) AS net,
            {to_the_penny("sum(cash)")} AS cash,
            bool_or(in_alternative) AND sum(net) = 0 AS in_alternative,
            min(contract_id) AS contract_id,
            CASE WHEN count(DISTINCT payment_element) > 1 THEN 'mixed'
                ELSE max(payment_element) END AS payment_element
        FROM claim_cash GROUP BY check_no, anchor_no
        """
    )


def _counterparty(counterparties: dict[int, str]) -> str:
    own = "".join(
        f" WHEN {number} THEN CAST(c.{column} AS VARCHAR)"
        for number, column in sorted(counterparties.items())
    )
    if not own:
        return "c.provider_code"
    return f"coalesce(CASE h.check_no{own} END, c.provider_code)"


def _line_findings(counterparties: dict[int, str]) -> str:
    columns = ", ".join(f"c.{quote_identifier(name)}" for name in _LINE_COLUMNS)
    return f"""
    SELECT left(md5(concat_ws('|', m.check_id, c.event_key, row_number() OVER (
            PARTITION BY h.check_no, c.event_key
            ORDER BY c.financial_year, c.month, c."row", c.line_id))), 20) AS finding_id,
        m.check_id, m.category, m.question, c.provider_code, c.commissioner_code,
        {_counterparty(counterparties)} AS counterparty_code, v.contract_id,
        c.data_set, c.financial_year, c.month, s.stage, c.submission_id, f.file, {columns},
        c.event_key, c.activity_cost,
        CASE WHEN m.value = 'V-DIFF' THEN {to_the_penny("c.activity_cost - h.gross")}
            END AS expected_price,
        h.gross AS gross_value, v.net AS net_value, v.in_alternative, v.payment_element,
        v.cash AS cash_value, CAST(v.net - v.cash AS {MONEY}) AS baseline_value, h.message,
        h.evidence, h.related AS related_line_ids, m.rule_fingerprint
    FROM hits AS h JOIN run_checks AS m USING (check_no)
    JOIN checked AS c ON c.rowid = h.line_no
    JOIN finding_values AS v ON v.check_no = h.check_no AND v.anchor_no = h.line_no
    LEFT JOIN stages AS s ON s.data_set = c.data_set AND s.provider_code = c.provider_code
        AND s.commissioner_code IS NOT DISTINCT FROM c.commissioner_code
        AND s.financial_year = c.financial_year AND s.month = c.month
    LEFT JOIN files AS f ON f.submission_id = c.submission_id
    WHERE m.type <> 'total'
    """


def _slice_findings(counterparties: dict[int, str]) -> str:
    absent = ", ".join(
        f"CAST(NULL AS {FINDING_COLUMNS[name]}) AS {quote_identifier(name)}"
        for name in _LINE_COLUMNS
    )
    key = (
        "md5(concat_ws('|', 'slice', c.data_set, c.provider_code, "
        "coalesce(c.commissioner_code, ''), c.financial_year, c.month))"
    )
    return f"""
    SELECT left(md5(concat_ws('|', m.check_id, {key}, row_number() OVER (
            PARTITION BY h.check_no, {key} ORDER BY h.message))), 20) AS finding_id,
        m.check_id, m.category, m.question, c.provider_code, c.commissioner_code,
        {_counterparty(counterparties)} AS counterparty_code, v.contract_id,
        c.data_set, c.financial_year, c.month, c.stage, c.submission_id, f.file, {absent},
        {key} AS event_key, c.activity_cost, CAST(NULL AS {MONEY}) AS expected_price,
        h.gross AS gross_value, v.net AS net_value, v.in_alternative, v.payment_element,
        v.cash AS cash_value, CAST(v.net - v.cash AS {MONEY}) AS baseline_value, h.message,
        h.evidence, h.related AS related_line_ids, m.rule_fingerprint
    FROM hits AS h JOIN run_checks AS m USING (check_no)
    JOIN slice_facts AS c ON c.rowid = h.line_no
    JOIN finding_values AS v ON v.check_no = h.check_no AND v.anchor_no = h.line_no
    LEFT JOIN files AS f ON f.submission_id = c.submission_id
    WHERE m.type = 'total'
    """


def create_latest_findings(con: duckdb.DuckDBPyConnection, wh: Warehouse, basis: str) -> None:
    """Create the view ``latest_findings``: the last known row of every finding, fixed ones too.

    Its columns are those of the table ``findings`` and ``sequence``, the run's number.
    """
    wh.view(con, "findings", "check_runs")
    con.execute(
        f"""
        CREATE OR REPLACE TEMP VIEW latest_findings AS
        SELECT f.*, r.sequence FROM findings AS f JOIN check_runs AS r USING (run_id)
        WHERE r.basis = {quote_literal(basis)}
        QUALIFY row_number() OVER (PARTITION BY f.finding_id ORDER BY r.sequence DESC) = 1
        """
    )


def create_open_findings(
    con: duckdb.DuckDBPyConnection, wh: Warehouse, basis: str = "payable"
) -> None:
    """Create the view ``open_findings``: the findings that stand, over all runs on a basis.

    A finding stands as the latest run that looked for it left it; fixed ones are not in the view.
    Columns are those of the table ``findings``; this is what other rooms read.
    """
    create_latest_findings(con, wh, basis)
    con.execute(
        "CREATE OR REPLACE TEMP VIEW open_findings AS SELECT * EXCLUDE (sequence) "
        "FROM latest_findings WHERE status <> 'fixed'"
    )


def create_statuses(con: duckdb.DuckDBPyConnection, in_scope: str, checks: list[str]) -> None:
    """Create ``findings_to_write`` from ``run_findings`` and ``latest_findings``.

    Args:
        con: Connection with both, and ``run_results``.
        in_scope: Predicate over an earlier finding ``p``: it lies in this run's scope.
        checks: Ids of the checks of this run.
    """
    columns = ", ".join(
        f"r.{quote_identifier(name)}" for name in FINDING_COLUMNS if name != "status"
    )
    zeroed = {"gross_value", "net_value", "cash_value", "baseline_value"}
    fixed = ", ".join(
        _ZERO + f" AS {name}" if name in zeroed else _fixed(name) for name in FINDING_COLUMNS
    )
    listed = quote_literals(checks) or "''"
    con.execute("CREATE OR REPLACE TEMP TABLE known_findings AS SELECT * FROM latest_findings")
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE findings_to_write AS
        SELECT {_with_status(columns)} FROM run_findings AS r
        LEFT JOIN known_findings AS k USING (finding_id)
        UNION ALL
        SELECT {fixed} FROM known_findings AS p
        WHERE p.status <> 'fixed' AND p.check_id IN ({listed}) AND ({in_scope})
            AND NOT EXISTS (SELECT 1 FROM run_findings AS r WHERE r.finding_id = p.finding_id)
            AND NOT EXISTS (
                SELECT 1 FROM run_results AS o WHERE o.outcome = 'could_not_run'
                AND o.check_id = p.check_id AND o.data_set = p.data_set
                AND o.provider_code = p.provider_code
                AND o.financial_year = p.financial_year AND o.month = p.month)
            AND NOT EXISTS (
                SELECT 1 FROM run_checks AS m WHERE m.check_id = p.check_id
                AND m.could_not_run <> '')
        """
    )


def _with_status(columns: str) -> str:
    status = (
        "CASE WHEN k.status IS NULL THEN 'new' WHEN k.status = 'fixed' THEN 'returned' "
        "ELSE 'continuing' END AS status"
    )
    before, after = columns.split('r."provider_code"', 1)
    return f'{before}{status}, r."provider_code"{after}'


def _fixed(name: str) -> str:
    if name == "status":
        return "'fixed' AS status"
    if name == "in_alternative":
        return "FALSE AS in_alternative"
    return f"p.{quote_identifier(name)}"


def ordered_findings(run_id: str) -> str:
    """Return the query that writes the run's findings; the table sorts them."""
    return f"SELECT {quote_literal(run_id)} AS run_id, * FROM findings_to_write"
