"""Net pounds: each line's cost is given to one ground at a time, in the order of precedence.

Values never add up across checks. The claims on one line are taken in the order of precedence (then
the larger first, then by check id). Within one component of the price (the whole, the price, the
market forces payment, excess bed days ...) the largest claim counts and not their sum, because two
checks that call the same price wrong mean the same money; claims on different components add up;
together they never exceed the line's cost. A claim that gets nothing is issued *in the
alternative*: it takes the net over when the ground before it falls.

Apart from that pot stand:

- undercharges (negative pounds): the same per component, downwards, but nil on a line that
  overcharges claim wholly;
- estimates (V-EST) and checks without money (V-NIL): net nil;
- lines of SUS: nobody is charged by them, net nil;
- lines of ACM whose point of delivery is also there patient by patient for the same provider,
  commissioner and month: those patient lines carry the money, the aggregate line is in the
  alternative;
- findings on a slice (total checks): one pot per provider, commissioner, year and month; an
  unexplained gap between totals (V-GAP) is money beyond the lines, anything else is limited to what
  the lines of the slice were charged less what their own findings claim.

A finding's gross is rounded to the penny where it is found, half a penny away from nil, and so is
the cost of a line and of a slice here, as the most that can be claimed on it: every net is whole
pence, and the figures of findings add up as they are printed.

Everything is DECIMAL in SQL; sums are exact and the order of the input plays no part.
"""

from __future__ import annotations

from collections.abc import Iterable

import duckdb

from comptroller.checks.compiler import MONEY, to_the_penny
from comptroller.checks.definition import Check
from comptroller.checks.evaluation import Ran

_ORDER = "ORDER BY precedence, abs(gross) DESC, check_id, anchor_no"
_ZERO = f"CAST(0 AS {MONEY})"
_CAPACITY = to_the_penny(f"greatest(coalesce(c.activity_cost, 0), {_ZERO})")
_SLICE = "provider_code, commissioner_code, financial_year, month"


def create_run_checks(con: duckdb.DuckDBPyConnection, ran: list[Ran]) -> None:
    """Create ``run_checks``: what the later steps need to know of each check, by its number."""
    con.execute(
        """
        CREATE OR REPLACE TEMP TABLE run_checks (check_no SMALLINT, check_id VARCHAR,
            category VARCHAR, question VARCHAR, precedence INTEGER, type VARCHAR,
            finding VARCHAR, value VARCHAR, component VARCHAR, rule_fingerprint VARCHAR,
            on_missing VARCHAR, data_sets VARCHAR[], could_not_run VARCHAR, seconds DOUBLE,
            paid VARCHAR)
        """
    )
    rows = [
        (
            item.number,
            item.rule.check.id,
            item.rule.check.category,
            item.rule.check.question,
            item.rule.check.precedence,
            item.rule.check.type,
            item.rule.check.finding,
            item.rule.check.value,
            item.rule.check.component,
            item.rule.fingerprint,
            item.rule.check.on_missing,
            list(item.rule.check.data_sets),
            item.could_not_run,
            round(item.seconds, 6),
            item.rule.check.paid,
        )
        for item in ran
    ]
    if rows:
        marks = ", ".join(f"({', '.join('?' * len(row))})" for row in rows)
        con.execute(
            f"INSERT INTO run_checks VALUES {marks}", [value for row in rows for value in row]
        )


def create_standing(
    con: duckdb.DuckDBPyConnection, others: Iterable[Check] = (), in_scope: str = "TRUE"
) -> None:
    """Create ``standing``: what checks outside this run claimed on these lines before.

    A run of a few checks must not claim pounds that another check's finding holds. Standing
    findings take their place in the order of grounds; they are not written again.

    Args:
        con: Connection with ``checked`` and ``latest_findings``.
        others: The checks that are not in this run.
        in_scope: Predicate over a finding ``p`` that lies in the run's scope.
    """
    con.execute(
        "CREATE OR REPLACE TEMP TABLE standing (line_no BIGINT, gross DECIMAL(26,8), "
        "precedence INTEGER, check_id VARCHAR, component VARCHAR, value VARCHAR)"
    )
    rows = [(check.id, check.precedence, check.component, check.value) for check in others]
    if not rows:
        return
    con.execute(
        "CREATE OR REPLACE TEMP TABLE other_checks (check_id VARCHAR, precedence INTEGER, "
        "component VARCHAR, value VARCHAR)"
    )
    con.executemany("INSERT INTO other_checks VALUES (?, ?, ?, ?)", rows)
    con.execute(
        f"INSERT INTO standing SELECT c.rowid, p.gross_value, o.precedence, o.check_id, "
        f"o.component, o.value FROM latest_findings AS p JOIN other_checks AS o USING (check_id) "
        f"JOIN checked AS c USING (line_id) WHERE p.status <> 'fixed' AND ({in_scope})"
    )


def value_hits(con: duckdb.DuckDBPyConnection) -> None:
    """Create ``claims``: each finding's pounds on each line or slice, gross and net.

    Columns: check_no, anchor_no (row of the finding in its relation), line_no (row that carries the
    pounds), on_slice, gross, net, in_alternative.
    """
    con.execute(_LINE_CLAIMS)
    con.execute(_COVERED)
    con.execute(_line_nets())
    con.execute(_slice_nets())
    con.execute(
        """
        CREATE OR REPLACE TEMP TABLE claims AS
        SELECT check_no, anchor_no, line_no, FALSE AS on_slice, gross, net, in_alternative
        FROM line_nets
        UNION ALL
        SELECT check_no, anchor_no, anchor_no, TRUE, gross, net, in_alternative FROM slice_nets
        """
    )


_LINE_CLAIMS = f"""
    CREATE OR REPLACE TEMP TABLE line_claims AS
    SELECT h.check_no, h.anchor_no, h.line_no, h.gross, m.precedence, m.check_id, m.component,
        m.value, c.data_set, c.provider_code, c.commissioner_code, c.financial_year, c.month,
        c.pod_code, {_CAPACITY} AS capacity
    FROM (
        SELECT check_no, line_no AS anchor_no, line_no, gross FROM hits
        JOIN run_checks USING (check_no)
        WHERE type = 'row' OR (type = 'group' AND finding = 'line')
        UNION ALL
        SELECT check_no, anchor_no, line_no, gross FROM shares
    ) AS h
    JOIN run_checks AS m USING (check_no)
    JOIN checked AS c ON c.rowid = h.line_no
    UNION ALL
    SELECT NULL, h.line_no, h.line_no, h.gross, h.precedence, h.check_id, h.component, h.value,
        c.data_set, c.provider_code, c.commissioner_code, c.financial_year, c.month, c.pod_code,
        {_CAPACITY}
    FROM standing AS h JOIN checked AS c ON c.rowid = h.line_no
"""

# Only slices that have a finding on an aggregate line need to be looked at.
_COVERED = f"""
    CREATE OR REPLACE TEMP TABLE covered_pods AS
    SELECT DISTINCT {_SLICE}, pod_code FROM checked
    WHERE data_set IN ('PLCM', 'DrPLCM', 'DePLCM')
        AND EXISTS (SELECT 1 FROM line_claims WHERE data_set = 'ACM')
"""


def _line_nets() -> str:
    return f"""
    CREATE OR REPLACE TEMP TABLE line_nets AS
    WITH sorted AS (
        SELECT l.*, CASE
            WHEN l.value IN ('V-EST', 'V-NIL') OR gross = 0 THEN 'none'
            WHEN l.data_set IN ('SUS_APC', 'SUS_OP', 'SUS_EC') THEN 'not charged'
            WHEN l.data_set = 'ACM' AND v.provider_code IS NOT NULL THEN 'covered'
            WHEN gross > 0 THEN 'over' ELSE 'under' END AS pot
        FROM line_claims AS l
        LEFT JOIN covered_pods AS v ON l.data_set = 'ACM'
            AND v.provider_code = l.provider_code
            AND v.commissioner_code IS NOT DISTINCT FROM l.commissioner_code
            AND v.financial_year = l.financial_year AND v.month = l.month
            AND v.pod_code IS NOT DISTINCT FROM l.pod_code
    ), largest AS (
        SELECT *, max(abs(gross)) OVER (PARTITION BY line_no, pot, component {_ORDER}
            ROWS UNBOUNDED PRECEDING) AS top
        FROM sorted WHERE pot IN ('over', 'under')
    ), steps AS (
        SELECT *, top - coalesce(lag(top) OVER (PARTITION BY line_no, pot, component {_ORDER}),
            {_ZERO}) AS step
        FROM largest
    ), summed AS (
        SELECT *, CAST(sum(step) OVER (PARTITION BY line_no, pot {_ORDER}
            ROWS UNBOUNDED PRECEDING) AS {MONEY}) AS up_to
        FROM steps
    ), claimed AS (
        SELECT *, CAST(CASE pot
            WHEN 'over' THEN least(up_to, capacity) - least(up_to - step, capacity)
            ELSE -step END AS {MONEY}) AS net,
            CAST(max(CASE WHEN pot = 'over' THEN least(up_to, capacity) END)
                OVER (PARTITION BY line_no) AS {MONEY}) AS claimed
        FROM summed
    )
    SELECT check_no, anchor_no, line_no, {_SLICE}, gross,
        CASE WHEN pot = 'under' AND capacity > 0 AND claimed >= capacity THEN {_ZERO}
            ELSE net END AS net,
        (pot = 'over' AND net = 0)
            OR (pot = 'under' AND (net = 0
                OR coalesce(capacity > 0 AND claimed >= capacity, FALSE))) AS in_alternative
    FROM claimed WHERE check_no IS NOT NULL
    UNION ALL
    SELECT check_no, anchor_no, line_no, {_SLICE}, gross, {_ZERO}, pot = 'covered'
    FROM sorted WHERE pot IN ('none', 'not charged', 'covered') AND check_no IS NOT NULL
    """


def _slice_nets() -> str:
    same = (
        "{a}.provider_code IS NOT DISTINCT FROM s.provider_code"
        " AND {a}.commissioner_code IS NOT DISTINCT FROM s.commissioner_code"
        " AND {a}.financial_year = s.financial_year AND {a}.month = s.month"
    )
    return f"""
    CREATE OR REPLACE TEMP TABLE slice_nets AS
    WITH found AS (
        SELECT h.check_no, h.line_no AS anchor_no, h.gross, m.precedence, m.check_id, m.component,
            m.value, s.provider_code, s.commissioner_code, s.financial_year, s.month
        FROM hits AS h JOIN run_checks AS m USING (check_no)
        JOIN slice_facts AS s ON s.rowid = h.line_no
        WHERE m.type = 'total'
    ), slices AS (
        SELECT DISTINCT {_SLICE} FROM found WHERE value NOT IN ('V-GAP', 'V-NIL', 'V-EST')
    ), charged AS (
        SELECT s.provider_code, s.commissioner_code, s.financial_year, s.month,
            greatest(
                coalesce(sum(greatest(c.activity_cost, 0)) FILTER (c.data_set = 'ACM'), 0),
                coalesce(sum(greatest(c.activity_cost, 0)) FILTER (c.data_set <> 'ACM'), 0)
            ) AS cost
        FROM slices AS s JOIN checked AS c ON {same.format(a="c")}
        WHERE c.data_set IN ('ACM', 'PLCM', 'DrPLCM', 'DePLCM') GROUP BY ALL
    ), taken AS (
        SELECT s.provider_code, s.commissioner_code, s.financial_year, s.month,
            sum(n.net) AS net
        FROM slices AS s JOIN line_nets AS n ON {same.format(a="n")} WHERE n.net > 0 GROUP BY ALL
    ), limited AS (
        SELECT s.*, CASE WHEN s.value IN ('V-EST', 'V-NIL') OR gross = 0 THEN 'none'
                WHEN gross < 0 THEN 'under' WHEN s.value = 'V-GAP' THEN 'gap' ELSE 'over'
                END AS pot,
            CASE WHEN s.value = 'V-GAP' THEN CAST(999999999999999999 AS {MONEY})
                ELSE {to_the_penny("greatest(coalesce(c.cost, 0) - coalesce(t.net, 0), 0)")}
                END AS capacity
        FROM found AS s
        LEFT JOIN charged AS c ON {same.format(a="c")}
        LEFT JOIN taken AS t ON {same.format(a="t")}
    ), largest AS (
        SELECT *, max(abs(gross)) OVER (PARTITION BY {_SLICE}, pot, component {_ORDER}
            ROWS UNBOUNDED PRECEDING) AS top
        FROM limited
    ), steps AS (
        SELECT *, top - coalesce(lag(top) OVER (PARTITION BY {_SLICE}, pot, component {_ORDER}),
            {_ZERO}) AS step
        FROM largest
    ), summed AS (
        SELECT *, CAST(sum(step) OVER (PARTITION BY {_SLICE}, pot {_ORDER}
            ROWS UNBOUNDED PRECEDING) AS {MONEY}) AS up_to
        FROM steps
    )
    SELECT check_no, anchor_no, gross, net, pot <> 'none' AND net = 0 AS in_alternative
    FROM (SELECT *, CAST(CASE pot WHEN 'none' THEN 0 WHEN 'under' THEN -step
            ELSE least(up_to, capacity) - least(up_to - step, capacity) END AS {MONEY}) AS net
        FROM summed)
    """
