"""Money between the parties: agreements, block lines, balances, plan, ACM, invoices.

ACM is the sum of the three patient-level sets to the penny, version by version; plan is what the
contract signed; payments add up to the payable ACM of each month.
"""

from __future__ import annotations

import duckdb

from comptroller.demo.lines import EVER
from comptroller.demo.presets import HUB, Preset
from comptroller.demo.schedule import ROUNDS, month_end, month_start
from comptroller.demo.stage import register

NON_ACTIVITY = ("ADJUSTMENT", "BLOCK", "CQUIN", "DRUG", "DEVICE", "NAOTHER")
VARIABLE = ("DC", "EL", "OPFA", "OPFASPCL", "OPFAMPCL", "OPPROCFA", "OPPROCFUP", "UNBRAD")
BLENDED = ("AE", "NEL", "NELST", "NELXBD")
BLENDED_RATE = "0.2"


def agreements(preset: Preset) -> list[tuple[str, str, str, str, str, str]]:
    """Return who agreed what: provider, charged code, legal payer, contract, role, basis.

    Basis is tariff (every pound moves), api (fixed, variable and blended), lva (low-volume
    block) or activity.
    """
    parents = {c.code: c.parent or c.code for c in preset.commissioners}
    former = sorted({c.former for c in preset.commissioners if c.former})
    suffix, out = preset.contract_suffix, []
    for provider in preset.providers:
        for place, (code, share) in enumerate(provider.shares):
            payer = parents[code]
            role = "host" if place == 0 or payer == parents[provider.shares[0][0]] else "associate"
            contract, basis = f"CT-{provider.code}-{suffix}", "api"
            if preset.payment == "tariff":
                basis = "tariff"
            elif provider.kind == "independent":
                basis = "activity"
            elif code == HUB:
                contract = f"SP-{provider.code}-{suffix}"
                role = "host"
            elif share <= 5 or (provider.code in ("ZNC", "ZND") and payer == preset.host):
                contract, role, basis = f"LV-{provider.code}-{payer}-{suffix}", "LVA", "lva"
            out.append((provider.code, code, payer, contract, role, basis))
            if provider.legacy_until_month and payer == preset.host:
                out += [(provider.code, old, payer, contract, role, basis) for old in former]
    return out


def set_agreements(con: duckdb.DuckDBPyConnection, preset: Preset) -> None:
    """Create the table ``agreements`` and ``months``."""
    columns = ("prov", "comm", "payer", "contract_id", "role", "basis")
    register(con, "agreements", columns, agreements(preset))
    months = [(m, month_start(preset, m), month_end(preset, m)) for m in range(1, 14)]
    register(con, "months", ("month", "first_day", "last_day"), months)


def _money_line(columns: str, source: str) -> str:
    return f"""
        INSERT INTO lines BY NAME
        SELECT 'PLCM' AS ds, 0 AS case_no, {EVER} AS seen_to, prov, month, comm,
            comm AS gp_resp, 'V81998' AS practice, CASE WHEN comm = '{HUB}' THEN '21' ELSE '12' END
            AS csc, 'N' AS nti, 'N' AS unbundled, 0 AS act, 0 AS uprice, 0 AS mff_cost, {columns}
        FROM {source} ORDER BY prov, month, comm
    """


def add_block_lines(con: duckdb.DuckDBPyConnection, preset: Preset, scale: float) -> None:
    """Append the monthly block line of each NHS provider's host and year-end adjustments."""
    sizes = [
        (p.code, p.shares[0][0], p.size, p.kind, p.legacy_until_month) for p in preset.providers
    ]
    register(con, "block_hosts", ("prov", "comm", "size", "kind", "legacy_until"), sizes)
    former = next((c.former for c in preset.commissioners if c.former), "")
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE block_lines AS
        SELECT prov, CASE WHEN m.month <= legacy_until THEN '{former}' ELSE comm END AS comm,
            m.month, first_day, last_day,
            CAST(greatest(1, round(size * {max(scale, 0.01)})) * 2150
                * CASE WHEN kind = 'community' THEN 12 ELSE 3 END
                AS DECIMAL(18,2)) AS cost
        FROM block_hosts, months m WHERE kind <> 'independent' AND m.month <= 12"""
    )
    con.execute(
        _money_line(
            "month AS seen_from, 'K' || prov || 'BLK' || lpad(CAST(month AS VARCHAR), 2, '0')"
            " AS non_cds_id, first_day AS start_date, last_day AS end_date, 'BLOCK' AS pod,"
            " 'BLK' AS lpod, 'Services paid as a block' AS lpod_text, cost",
            "block_lines",
        )
    )
    con.execute(
        _money_line(
            "13 AS seen_from, 'K' || prov || 'YE13' AS non_cds_id, last_day AS start_date,"
            " last_day AS end_date, 'ADJUSTMENT' AS pod, 'YEADJ' AS lpod,"
            " 'Year-end settlement adjustment' AS lpod_text,"
            " CAST((hash_size - 6) * 1731.25 AS DECIMAL(18,2)) AS cost",
            "(SELECT prov, comm, 13 AS month, last_day, size AS hash_size"
            " FROM block_hosts, months m"
            " WHERE m.month = 13 AND kind IN ('acute', 'tertiary') AND size <> 6)",
        )
    )


def add_balances(con: duckdb.DuckDBPyConnection, preset: Preset) -> None:
    """Append what turns priced activity into what is paid: fixed, blended, low-volume balances."""
    if preset.payment == "tariff":
        return
    fixed = ", ".join(f"'{pod}'" for pod in (*VARIABLE, *BLENDED, *NON_ACTIVITY))
    blended = ", ".join(f"'{pod}'" for pod in BLENDED)
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE balances AS
        WITH frozen AS (
            SELECT l.prov, l.comm, l.month, a.basis,
                sum(cost) FILTER (a.basis = 'lva') AS low_volume,
                sum(cost) FILTER (a.basis = 'api' AND pod NOT IN ({fixed})) AS fixed,
                sum(cost) FILTER (a.basis = 'api' AND pod IN ({blended})) AS blended
            FROM lines l JOIN agreements a ON a.prov = l.prov AND a.comm = l.comm
            WHERE l.seen_from <= l.month + 1 AND l.seen_to >= l.month + 1 AND l.month <= 12
                AND a.basis IN ('lva', 'api')
            GROUP BY ALL
        ), long AS (
            UNPIVOT frozen ON low_volume, fixed, blended INTO NAME element VALUE actual
        ), agreed AS (
            -- Low-volume activity is paid by the schedule, a twelfth a month.
            SELECT long.*, coalesce(s.planned_cost, CAST(round(sum(actual) OVER w / count(*) OVER w
                * (970 + 10 * (ascii(substr(prov, 3, 1)) % 5) + 2 * month) / 1000, 2)
                AS DECIMAL(18,2))) AS payment
            FROM long LEFT JOIN (SELECT prov, comm, month, planned_cost, 'low_volume' AS element
                FROM plan WHERE lpod = 'LVA') AS s USING (prov, comm, month, element)
            WINDOW w AS (PARTITION BY prov, comm, element)
        )
        SELECT prov, comm, month, element,
            CASE WHEN element = 'blended'
                THEN CAST(round((payment - actual) * (1 - {BLENDED_RATE}), 2) AS DECIMAL(18,2))
                ELSE payment - actual END AS cost
        FROM agreed"""
    )
    con.execute(
        _money_line(
            "b.month AS seen_from, 'K' || prov || comm || upper(left(element, 3))"
            " || lpad(CAST(b.month AS VARCHAR), 2, '0') AS non_cds_id, first_day AS start_date,"
            " last_day AS end_date, 'ADJUSTMENT' AS pod, upper(left(element, 3)) || 'BAL' AS lpod,"
            " CASE element WHEN 'fixed' THEN 'Balance to the fixed payment'"
            " WHEN 'blended' THEN 'Balance to the blended payment'"
            " ELSE 'Balance to the low-volume payment' END AS lpod_text, cost",
            "balances b JOIN (SELECT month AS mm, first_day, last_day FROM months) d"
            " ON d.mm = b.month WHERE cost <> 0",
        ).replace("prov, month, comm\n", "prov, b.month, comm, element\n")
    )


_GROUP = "prov, comm, csc, svc, pod, tfc, tariff, nti, lpod"


def make_plan(con: duckdb.DuckDBPyConnection) -> None:
    """Create ``plan``: a signed monthly plan for whatever the base activity does every month."""
    listed = ", ".join(f"'{pod}'" for pod in NON_ACTIVITY)
    con.execute(
        f"""CREATE OR REPLACE TABLE plan AS
        WITH spans AS (
            SELECT prov, comm, min(month) AS first_month, max(month) AS last_month,
                count(DISTINCT month) AS n_months
            FROM lines WHERE case_no = 0 AND month <= 12 GROUP BY ALL
        ), yearly AS (
            SELECT l.prov, l.comm, a.contract_id, csc, svc, pod,
                CASE WHEN pod IN ({listed}) THEN NULL ELSE tfc END AS tfc, tariff, nti, lpod,
                coalesce(sum(act), 0) AS act, sum(cost) AS cost, sum(mff_cost) AS mff_cost,
                any_value(first_month) AS first_month, any_value(last_month) AS last_month,
                any_value(n_months) AS n_months
            FROM lines l JOIN agreements a USING (prov, comm) JOIN spans USING (prov, comm)
            WHERE case_no = 0 AND seen_to = {EVER} AND l.month <= 12 AND a.basis <> 'lva'
                AND pod <> 'ADJUSTMENT'
            GROUP BY ALL
        ), monthly AS (
            SELECT *,
                94 + (ascii(substr(prov, 3, 1)) + len(pod) + CAST(act AS INTEGER)) % 13 AS pc
            FROM (
                SELECT * FROM yearly WHERE pod IN ({listed}) OR act >= n_months
                UNION ALL BY NAME
                SELECT prov, comm, contract_id, csc, svc, pod, NULL AS tfc, NULL AS tariff, nti,
                    pod AS lpod, sum(act) AS act, sum(cost) AS cost, sum(mff_cost) AS mff_cost,
                    any_value(first_month) AS first_month, any_value(last_month) AS last_month,
                    any_value(n_months) AS n_months
                FROM yearly WHERE pod NOT IN ({listed}) AND act < n_months
                GROUP BY ALL HAVING sum(act) > 0)
        ), low_volume AS (
            SELECT l.prov, l.comm, a.contract_id, '12' AS csc, NULL AS svc, 'BLOCK' AS pod,
                NULL AS tfc, NULL AS tariff, 'N' AS nti, 'LVA' AS lpod, 0 AS act,
                sum(cost) AS cost, 0 AS mff_cost, 1 AS first_month, 12 AS last_month,
                12 AS n_months, 100 AS pc
            FROM lines l JOIN agreements a USING (prov, comm)
            WHERE a.basis = 'lva' AND case_no = 0 AND seen_to = {EVER} GROUP BY ALL
        )
        SELECT p.* EXCLUDE (act, cost, mff_cost, first_month, last_month, n_months, pc), m.month,
            CASE WHEN pod IN ({listed}) THEN 0
                ELSE CAST(round(act * pc / 100 / n_months, 3) AS DECIMAL(18,3)) END AS planned_act,
            CAST(round(cost * CASE WHEN pod = 'BLOCK' THEN 100 ELSE pc END / 100 / n_months, 2)
                AS DECIMAL(18,2)) AS planned_cost,
            CAST(round(mff_cost * pc / 100 / n_months, 2) AS DECIMAL(18,2)) AS planned_mff
        FROM (FROM monthly UNION ALL BY NAME FROM low_volume) p
        JOIN months m ON m.month BETWEEN p.first_month AND p.last_month AND m.month <= 12
        ORDER BY prov, comm, month, csc, svc, pod, tfc, tariff, nti, lpod"""
    )


def make_acm(con: duckdb.DuckDBPyConnection, cumulative: bool) -> None:
    """Create ``acm``: for every version of a month, the sum of its patient-level lines and plan.

    ``acm_deltas`` (rows that only ACM has) are added, each to a row of its own where it says so.
    """
    listed = ", ".join(f"'{pod}'" for pod in NON_ACTIVITY)
    last = ROUNDS - 1 if cumulative else 0
    con.execute(
        f"""CREATE OR REPLACE TABLE acm AS
        WITH parts AS (
            SELECT prov, comm, month, csc, svc, pod,
                CASE WHEN pod IN ({listed}) THEN NULL ELSE tfc END AS tfc, tariff, nti, lpod,
                CASE WHEN pod IN ({listed}) THEN 0 ELSE act END AS act, cost, mff_cost,
                lpod_text, seen_from, seen_to, 0 AS own_row
            FROM lines
            UNION ALL BY NAME
            SELECT prov, comm, month, csc, svc, pod, tfc, tariff, nti, lpod, act, cost, mff_cost,
                lpod_text, seen_from, seen_to, own_row
            FROM acm_deltas
        ), changes AS (
            SELECT DISTINCT prov, month, greatest(seen_from, month) AS since FROM parts
            UNION SELECT DISTINCT prov, month, seen_to + 1 FROM parts WHERE seen_to < {ROUNDS}
            UNION SELECT DISTINCT prov, month, month FROM parts
        ), versions AS (
            SELECT prov, month, since, coalesce(lead(since) OVER (PARTITION BY prov, month
                ORDER BY since)
                - 1, {EVER}) AS until
            FROM changes WHERE since >= month AND since <= greatest({last}, month + 1)
        ), actual AS (
            SELECT {_GROUP}, month, own_row, v.since AS seen_from, v.until AS seen_to,
                max(lpod_text) AS lpod_text, sum(act) AS act, sum(cost) AS cost,
                sum(mff_cost) AS mff_cost
            FROM parts p JOIN versions v USING (prov, month)
            WHERE p.seen_from <= v.since AND p.seen_to >= v.since
            GROUP BY ALL
        ), planned AS (
            SELECT {_GROUP}, month, v.since AS seen_from, v.until AS seen_to, planned_act,
                planned_cost, planned_mff
            FROM plan_in_acm p JOIN versions v USING (prov, month)
        )
        SELECT coalesce(a.prov, p.prov) AS prov, coalesce(a.comm, p.comm) AS comm,
            coalesce(a.month, p.month) AS month, coalesce(a.csc, p.csc) AS csc,
            coalesce(a.svc, p.svc) AS svc, coalesce(a.pod, p.pod) AS pod,
            coalesce(a.tfc, p.tfc) AS tfc, coalesce(a.tariff, p.tariff) AS tariff,
            coalesce(a.nti, p.nti) AS nti, coalesce(a.lpod, p.lpod) AS lpod, lpod_text, own_row,
            coalesce(a.seen_from, p.seen_from) AS seen_from,
            coalesce(a.seen_to, p.seen_to) AS seen_to,
            coalesce(planned_act, 0) AS planned_act, coalesce(planned_cost, 0) AS planned_cost,
            coalesce(planned_mff, 0) AS planned_mff, coalesce(act, 0) AS act,
            coalesce(cost, 0) AS cost, coalesce(mff_cost, 0) AS mff_cost
        FROM actual a FULL JOIN planned p ON a.prov = p.prov AND a.comm = p.comm
            AND a.month = p.month AND a.seen_from = p.seen_from AND a.pod = p.pod
            AND a.own_row = 0 AND a.csc IS NOT DISTINCT FROM p.csc
            AND a.svc IS NOT DISTINCT FROM p.svc AND a.tfc IS NOT DISTINCT FROM p.tfc
            AND a.tariff IS NOT DISTINCT FROM p.tariff AND a.nti IS NOT DISTINCT FROM p.nti
            AND a.lpod IS NOT DISTINCT FROM p.lpod
        ORDER BY prov, month, seen_from, comm, csc, svc, pod, tfc, tariff, nti, lpod, own_row"""
    )


def make_payments(con: duckdb.DuckDBPyConnection, preset: Preset) -> None:
    """Create ``payments``: on account, reconciliation, credits; they add up to payable ACM."""
    suffix = preset.contract_suffix
    con.execute(
        f"""CREATE OR REPLACE TABLE payments AS
        WITH payable AS (
            SELECT a.prov, a.comm, a.month, g.contract_id, coalesce(g.basis, 'nca') AS basis,
                sum(a.cost) AS amount
            FROM acm a LEFT JOIN agreements g USING (prov, comm)
            WHERE a.seen_from <= a.month + 1 AND a.seen_to >= a.month + 1
            GROUP BY ALL
        ), account AS (
            SELECT *, CASE WHEN month > 12 OR basis IN ('activity', 'nca') THEN 0
                WHEN basis = 'lva' THEN amount
                ELSE CAST(round(avg(amount) FILTER (month <= 12) OVER (PARTITION BY prov, comm)
                    * 0.97, -2) AS DECIMAL(18,2)) END AS on_account
            FROM payable
        ), documents AS (
            SELECT 'on_account' AS kind, *, on_account AS due FROM account WHERE on_account <> 0
            UNION ALL BY NAME
            SELECT CASE WHEN basis = 'nca' THEN 'nca'
                WHEN amount - on_account < 0 THEN 'credit_note'
                ELSE 'reconciliation' END AS kind, *, amount - on_account AS due
            FROM account WHERE amount <> on_account
        )
        SELECT CASE kind WHEN 'on_account' THEN 'POA' WHEN 'nca' THEN 'NCA'
                WHEN 'credit_note' THEN 'CRN' ELSE 'REC' END || '-' || prov || '-' || comm || '-'
                || '{suffix}' || '-' || lpad(CAST(d.month AS VARCHAR), 2, '0') AS document_number,
            kind, prov AS provider_code, comm AS commissioner_code, first_day AS period_from,
            last_day AS period_to, due AS amount, contract_id, NULL AS element,
            CASE kind WHEN 'on_account' THEN first_day + 14 ELSE frozen_on + 9 END AS due_date,
            CASE kind WHEN 'on_account' THEN first_day + 14 ELSE frozen_on + 9 END AS paid_date,
            CASE kind WHEN 'credit_note' THEN 'POA-' || prov || '-' || comm || '-' || '{suffix}'
                || '-' || lpad(CAST(least(d.month, 12) AS VARCHAR), 2, '0') END
                AS credits_document, CAST(NULL AS DECIMAL(18,2)) AS vat,
            CASE kind WHEN 'on_account' THEN first_day ELSE frozen_on + 2 END AS document_date
        FROM documents d JOIN months m USING (month) JOIN freezes f USING (month)
        ORDER BY provider_code, commissioner_code, period_from, period_to, kind"""
    )
