"""Lines: events as a provider charges them (PLCM, DrPLCM, DePLCM) and as SUS records them.

``lines`` and ``sus`` hold one row per line and version: ``seen_from`` and ``seen_to`` are the
numbers of the first and last delivery that carry it, a delivery being a month's round of files.
"""

from __future__ import annotations

import duckdb

from comptroller.demo.prices import CRITICAL_CARE, DEVICES, DRUGS, IMAGING
from comptroller.demo.stage import register

EVER = 99  # last delivery of a line that is never withdrawn

LINE_COLUMNS: dict[str, str] = {
    "ds": "VARCHAR", "case_no": "INTEGER", "event_no": "BIGINT", "seen_from": "INTEGER",
    "seen_to": "INTEGER", "prov": "VARCHAR", "month": "INTEGER", "site": "VARCHAR",
    "gp_resp": "VARCHAR", "res_resp": "VARCHAR", "comm": "VARCHAR", "practice": "VARCHAR",
    "withheld": "VARCHAR", "nhs": "VARCHAR", "lpid": "VARCHAR", "postcode": "VARCHAR",
    "dob": "DATE", "age": "INTEGER", "sex": "VARCHAR", "ethnic": "VARCHAR", "cds_id": "VARCHAR",
    "non_cds_id": "VARCHAR", "tfc": "VARCHAR", "spell_id": "VARCHAR", "att_id": "VARCHAR",
    "ec_id": "VARCHAR", "start_date": "DATE", "end_date": "DATE", "unbundled": "VARCHAR",
    "adj_los": "INTEGER", "csc": "VARCHAR", "svc": "VARCHAR", "pod": "VARCHAR",
    "lpod": "VARCHAR", "lpod_text": "VARCHAR", "detail": "VARCHAR", "tariff": "VARCHAR",
    "nti": "VARCHAR", "act": "INTEGER", "uprice": "DECIMAL(18,2)", "cost": "DECIMAL(18,2)",
    "mff_cost": "DECIMAL(18,2)", "drug_code": "VARCHAR", "drug_name": "VARCHAR",
    "indication": "VARCHAR", "drug_unit": "VARCHAR", "drug_route": "VARCHAR",
    "qty": "DECIMAL(18,4)", "supplier_price": "DECIMAL(18,2)", "home_charge": "DECIMAL(18,2)",
    "vat": "VARCHAR", "dev_code": "VARCHAR", "dev_level": "VARCHAR", "dev_name": "VARCHAR",
    "dev_maker": "VARCHAR", "dev_serial": "VARCHAR",
}  # fmt: skip

SUS_COLUMNS: dict[str, str] = {
    "ds": "VARCHAR", "case_no": "INTEGER", "event_no": "BIGINT", "seen_from": "INTEGER",
    "seen_to": "INTEGER", "prov": "VARCHAR", "month": "INTEGER", "site": "VARCHAR",
    "comm": "VARCHAR", "practice": "VARCHAR", "nhs": "VARCHAR", "nhs_status": "VARCHAR",
    "withheld": "VARCHAR", "lpid": "VARCHAR", "postcode": "VARCHAR", "dob": "DATE",
    "age": "INTEGER", "sex": "VARCHAR", "ethnic": "VARCHAR", "cds_id": "VARCHAR",
    "spell_id": "VARCHAR", "att_id": "VARCHAR", "ec_id": "VARCHAR", "tfc": "VARCHAR",
    "main_spec": "VARCHAR", "start_date": "DATE", "end_date": "DATE", "tariff": "VARCHAR",
    "cost": "DECIMAL(18,2)", "mff": "DECIMAL(9,6)", "admission_method": "VARCHAR",
    "discharge_method": "VARCHAR", "patient_class": "VARCHAR", "admission_source": "VARCHAR",
    "discharge_to": "VARCHAR", "intended": "VARCHAR", "admin_cat": "VARCHAR",
    "overseas": "VARCHAR", "attended": "VARCHAR", "first_att": "VARCHAR",
    "referral_source": "VARCHAR", "priority": "VARCHAR", "referred_on": "DATE",
    "diag": "VARCHAR", "diags": "VARCHAR", "proc": "VARCHAR", "procs": "VARCHAR",
    "department": "VARCHAR", "arrived": "TIMESTAMP",
    "departed": "TIMESTAMP", "died_on": "DATE", "pds_practice": "VARCHAR",
    "assigned_comm": "VARCHAR", "service_line": "VARCHAR", "los": "INTEGER", "xbd": "INTEGER",
    "trim_point": "INTEGER", "cc_days": "INTEGER", "proc_on": "DATE", "decided_on": "DATE",
    "ready_on": "DATE", "admitted_at": "TIMESTAMP",
    "left_at": "TIMESTAMP", "episodes": "INTEGER", "leave_days": "INTEGER", "cleaned": "BOOLEAN",
    "dq_error": "BOOLEAN", "multi": "VARCHAR", "pathway": "VARCHAR", "category": "VARCHAR",
    "ec_status": "VARCHAR", "mechanism": "VARCHAR", "seen_at": "TIMESTAMP",
    "complaint": "VARCHAR",
}  # fmt: skip

# What every line of one event has in common.
_SHARED = """
    0 AS case_no, eno AS event_no, seen_from, {ever} AS seen_to, prov, fin_month AS month,
    CASE WHEN length(prov) = 3 THEN prov || CASE WHEN pid % 5 = 0 THEN '02' ELSE '01' END
        ELSE prov || '01' END AS site,
    CASE WHEN fin_month <= legacy_until AND former <> '' AND NOT is_hub AND comm = responsible
        THEN former ELSE responsible END AS gp_resp,
    CASE WHEN fin_month <= legacy_until AND former <> '' AND NOT is_hub AND comm = responsible
        THEN former ELSE responsible END AS res_resp,
    charged AS comm, practice,
    CASE WHEN is_withheld THEN '03' END AS withheld,
    CASE WHEN is_withheld OR (btype = 'newborn' AND pid % 2 = 0) THEN NULL ELSE nhs END AS nhs,
    lpid,
    CASE WHEN is_withheld THEN NULL ELSE postcode END AS postcode,
    CASE WHEN is_withheld THEN NULL ELSE dob END AS dob,
    age, sex, ethnic
"""

_PLCM = """
SELECT 'PLCM' AS ds, {shared},
    CASE WHEN sus_set <> '' THEN 'B' || prov || lpad(CAST(eno AS VARCHAR), 14, '0') END AS cds_id,
    CASE WHEN sus_set = '' THEN 'N' || prov || lpad(CAST(eno AS VARCHAR), 14, '0') END
        AS non_cds_id,
    tfc,
    CASE WHEN sus_set = 'APC' THEN 'S' || lpad(CAST(eno AS VARCHAR), 11, '0') END AS spell_id,
    CASE WHEN sus_set IN ('OP', '') THEN 'A' || lpad(CAST(eno AS VARCHAR), 11, '0') END AS att_id,
    CASE WHEN sus_set = 'EC' THEN 'E' || lpad(CAST(eno AS VARCHAR), 11, '0') END AS ec_id,
    start_date, end_date, 'N' AS unbundled,
    CASE WHEN sus_set = 'APC' THEN los - cc_days END AS adj_los,
    csc, nullif(dish_svc, '') AS svc, pod,
    CASE WHEN label <> '' THEN 'SDEC' WHEN pod = 'NF2FFUP' THEN 'TEL' ELSE pod END AS lpod,
    nullif(label, '') AS lpod_text, NULL AS detail, code AS tariff,
    CASE WHEN is_local THEN 'N' ELSE 'Y' END AS nti,
    1 AS act, unit_price AS uprice, unit_price AS cost,
    unit_price - base_price AS mff_cost
FROM events
"""

_EXTRA = """
SELECT 'PLCM' AS ds, {shared}, NULL AS cds_id,
    'X' || prov || lpad(CAST(eno AS VARCHAR), 14, '0') AS non_cds_id, tfc,
    'S' || lpad(CAST(eno AS VARCHAR), 11, '0') AS spell_id, start_date, end_date, 'N' AS unbundled,
    csc, nullif(dish_svc, '') AS svc, menu_pod || 'XBD' AS pod, menu_pod || 'XBD' AS lpod,
    code AS tariff, 'Y' AS nti, xbd AS act,
    CAST(round(per_diem * factor, 2) AS DECIMAL(18,2)) AS uprice,
    xbd * CAST(round(per_diem * factor, 2) AS DECIMAL(18,2)) AS cost,
    xbd * (CAST(round(per_diem * factor, 2) AS DECIMAL(18,2)) - per_diem) AS mff_cost
FROM events WHERE xbd > 0
UNION ALL BY NAME
SELECT 'PLCM' AS ds, {shared}, NULL AS cds_id,
    'C' || prov || lpad(CAST(eno AS VARCHAR), 14, '0') AS non_cds_id, '192' AS tfc,
    'S' || lpad(CAST(eno AS VARCHAR), 11, '0') AS spell_id,
    end_date - cc_days AS start_date, end_date, 'Y' AS unbundled,
    csc, nullif(dish_svc, '') AS svc, '{cc_pod}' AS pod, 'ITU' AS lpod, '{cc_code}' AS tariff,
    'N' AS nti, cc_days AS act, {cc_price} AS uprice, cc_days * {cc_price} AS cost, 0 AS mff_cost
FROM events WHERE cc_days > 0
UNION ALL BY NAME
SELECT 'PLCM' AS ds, {shared}, NULL AS cds_id,
    'I' || prov || lpad(CAST(eno AS VARCHAR), 14, '0') AS non_cds_id, '812' AS tfc,
    'A' || lpad(CAST(eno AS VARCHAR), 11, '0') AS att_id, start_date, end_date, 'Y' AS unbundled,
    csc, nullif(dish_svc, '') AS svc, '{im_pod}' AS pod, '{im_pod}' AS lpod, '{im_code}' AS tariff,
    'Y' AS nti, 1 AS act, CAST(round({im_price} * mff, 2) AS DECIMAL(18,2)) AS uprice,
    CAST(round({im_price} * mff, 2) AS DECIMAL(18,2)) AS cost,
    CAST(round({im_price} * mff, 2) AS DECIMAL(18,2)) - {im_price} AS mff_cost
FROM events WHERE kind = 'OPF' AND rnd(eno, 31) < 0.06
"""

_DRUGS = """
SELECT 'DrPLCM' AS ds, {shared}, e.tfc,
    'A' || lpad(CAST(eno AS VARCHAR), 11, '0') AS att_id, end_date AS start_date, end_date,
    CASE WHEN is_hub THEN '21' ELSE '12' END AS csc,
    CASE WHEN is_hub THEN nullif(g.svc, '') END AS svc,
    'DRUG' AS pod, 'DRUG' AS lpod, 'N' AS nti,
    NULL AS tariff, g.drug_code, g.drug_name, g.indication, g.drug_unit,
    CASE WHEN rnd(eno, 33) < 0.25 THEN '4' ELSE '2' END AS drug_route,
    1 + CAST(floor(rnd(eno, 32) * 4) AS INTEGER) AS qty,
    round(g.price * 0.96, 2) AS supplier_price, g.price AS uprice,
    CASE WHEN rnd(eno, 33) < 0.25 THEN 45.00 ELSE 0.00 END AS home_charge,
    CASE WHEN rnd(eno, 33) < 0.25 THEN 'N' ELSE 'Y' END AS vat,
    (1 + CAST(floor(rnd(eno, 32) * 4) AS INTEGER)) * g.price
        + CASE WHEN rnd(eno, 33) < 0.25 THEN 45.00 ELSE 0.00 END AS cost,
    0 AS mff_cost
FROM events e JOIN drug_menu g ON g.for_hub = e.is_hub
    AND g.idx = CAST(floor(rnd(eno, 34) * g.n) AS INTEGER)
WHERE e.kind = 'DRUG'
"""

_DEVICES = """
SELECT 'DePLCM' AS ds, {shared},
    'S' || lpad(CAST(eno AS VARCHAR), 11, '0') AS spell_id, end_date AS start_date, end_date,
    '12' AS csc, 'DEVICE' AS pod, 'DEVICE' AS lpod, 'N' AS nti, NULL AS tariff,
    v.dev_code, v.dev_level, v.dev_name, v.dev_maker,
    'SN' || lpad(CAST(eno AS VARCHAR), 10, '0') AS dev_serial, 1 AS qty,
    round(v.price * 0.97, 2) AS supplier_price, v.price AS uprice, v.price AS cost,
    'N' AS vat, 0 AS mff_cost
FROM events e JOIN device_menu v ON v.idx = CAST(floor(rnd(eno, 35) * v.n) AS INTEGER)
WHERE e.kind = 'DEV'
"""

_SUS = """
SELECT 'SUS_' || sus_set AS ds, 0 AS case_no, eno AS event_no, seen_from, {ever} AS seen_to, prov,
    fin_month AS month,
    CASE WHEN length(prov) = 3 THEN prov || CASE WHEN pid % 5 = 0 THEN '02' ELSE '01' END
        ELSE prov || '01' END AS site,
    charged AS comm, practice,
    CASE WHEN is_withheld OR (btype = 'newborn' AND pid % 2 = 0) THEN NULL ELSE nhs END AS nhs,
    CASE WHEN is_withheld THEN '07' WHEN btype = 'newborn' AND pid % 2 = 0 THEN '08' ELSE '01' END
        AS nhs_status,
    CASE WHEN is_withheld THEN '03' END AS withheld,
    lpid, CASE WHEN is_withheld THEN NULL ELSE postcode END AS postcode,
    CASE WHEN is_withheld THEN NULL ELSE dob END AS dob, age, sex, ethnic,
    'B' || prov || lpad(CAST(eno AS VARCHAR), 14, '0') AS cds_id,
    CASE WHEN sus_set = 'APC' THEN 'S' || lpad(CAST(eno AS VARCHAR), 11, '0') END AS spell_id,
    CASE WHEN sus_set = 'OP' THEN 'A' || lpad(CAST(eno AS VARCHAR), 11, '0') END AS att_id,
    CASE WHEN sus_set = 'EC' THEN 'E' || lpad(CAST(eno AS VARCHAR), 11, '0') END AS ec_id,
    tfc, nullif(main_spec, '') AS main_spec, start_date, end_date, code AS tariff,
    unit_price + xbd * CAST(round(per_diem * factor, 2) AS DECIMAL(18,2)) AS cost, mff,
    CASE kind WHEN 'NEL' THEN CASE WHEN {front_door} THEN '21' ELSE '22' END
        WHEN 'NELNE' THEN '31' WHEN 'BABY' THEN '82'
        ELSE CASE WHEN sus_set = 'APC' THEN CASE WHEN pid % 4 = 0 THEN '12' ELSE '11' END END END
        AS admission_method,
    CASE WHEN sus_set = 'APC' THEN CASE WHEN {died} THEN '4' ELSE '1' END END AS discharge_method,
    CASE WHEN sus_set = 'APC' THEN CASE kind WHEN 'DC' THEN '2' WHEN 'RADAY' THEN '3' ELSE '1' END
        END AS patient_class,
    CASE WHEN sus_set = 'APC' THEN CASE WHEN kind = 'BABY' THEN '79' ELSE '19' END END
        AS admission_source,
    CASE WHEN sus_set = 'APC' THEN CASE WHEN {died} THEN '79' ELSE '19' END END AS discharge_to,
    CASE WHEN sus_set = 'APC' THEN CASE kind WHEN 'DC' THEN '2' WHEN 'RADAY' THEN '4' ELSE '1' END
        END AS intended,
    '01' AS admin_cat, '8' AS overseas,
    CASE WHEN sus_set = 'OP' THEN '5' END AS attended,
    CASE WHEN sus_set = 'OP' THEN CASE WHEN kind = 'OPN' THEN '4' WHEN kind = 'OPF' THEN '1'
        WHEN pod = 'OPPROCFA' THEN '1' ELSE '2' END END AS first_att,
    CASE WHEN sus_set = 'OP' THEN CASE WHEN pid % 6 = 0 AND before_on IS NULL THEN '05'
        ELSE '03' END END AS referral_source,
    CASE WHEN sus_set = 'OP' THEN '1' END AS priority,
    CASE WHEN sus_set = 'OP' THEN greatest(start_date - CAST(30 + pid % 90 AS INTEGER),
        CASE WHEN {is_first} THEN least(before_on + 1, start_date) END) END AS referred_on,
    CASE WHEN sus_set = 'APC' THEN nullif(diag, '') END AS diag,
    CASE WHEN sus_set = 'APC' THEN CASE WHEN diag LIKE 'S%' THEN 'W190'
        WHEN age >= 40 AND rnd(eno, 61) < 0.1 THEN 'I10X|E119'
        WHEN age >= 40 AND rnd(eno, 61) < 0.35 THEN 'I10X' END END AS diags,
    nullif(proc, '') AS proc, NULL AS procs,
    CASE kind WHEN 'AE' THEN '01' WHEN 'SDEC' THEN '05' END AS department,
    CASE WHEN sus_set = 'EC' THEN start_date
        + to_minutes(CAST(floor(rnd(eno, 36) * 1020) AS INTEGER)) END AS arrived,
    CASE WHEN sus_set = 'EC' THEN start_date
        + to_minutes(CAST(floor(rnd(eno, 36) * 1020) AS INTEGER)
        + 60 + CAST(floor(rnd(eno, 37) * CASE WHEN is_front_door THEN 145 ELSE 240 END)
        AS INTEGER)) END AS departed,
    CASE WHEN {died} THEN end_date END AS died_on,
    practice AS pds_practice, charged AS assigned_comm, nullif(dish_svc, '') AS service_line,
    CASE WHEN sus_set = 'APC' THEN los END AS los,
    CASE WHEN sus_set = 'APC' THEN xbd END AS xbd,
    CASE WHEN sus_set = 'APC' AND kind NOT IN ('DC', 'RADAY') THEN trim END AS trim_point,
    CASE WHEN sus_set = 'APC' THEN cc_days END AS cc_days,
    CASE WHEN sus_set = 'APC' AND proc <> '' THEN start_date END AS proc_on,
    CASE WHEN sus_set = 'APC' THEN CASE WHEN kind IN ('DC', 'EL', 'DEV')
        THEN start_date - CAST(20 + pid % 60 AS INTEGER) ELSE start_date END END AS decided_on,
    CASE WHEN kind = 'NEL' AND los >= 2 THEN end_date END AS ready_on,
    CASE WHEN sus_set = 'APC' THEN start_date
        + to_minutes(CAST(60 + floor(rnd(eno, 36) * 480) AS INTEGER)) END AS admitted_at,
    CASE WHEN sus_set = 'APC' THEN end_date
        + to_minutes(CAST(840 + floor(rnd(eno, 37) * 360) AS INTEGER)) END AS left_at,
    CASE WHEN sus_set = 'APC' THEN CASE WHEN los > 3 AND pid % 4 = 0 THEN 2 ELSE 1 END END
        AS episodes,
    CASE WHEN sus_set = 'APC' THEN 0 END AS leave_days,
    CASE WHEN sus_set = 'APC' THEN FALSE END AS cleaned, FALSE AS dq_error,
    CASE WHEN sus_set = 'OP' THEN CASE WHEN pod LIKE '%MPCL' THEN '2' ELSE '1' END END AS multi,
    CASE WHEN sus_set = 'OP' THEN 'P' || lpad(CAST(eno AS VARCHAR), 14, '0') END AS pathway,
    CASE WHEN sus_set = 'EC' THEN '1' END AS category,
    CASE WHEN sus_set = 'EC' THEN '{completed}' END AS ec_status,
    CASE WHEN sus_set = 'EC' THEN '01' END AS mechanism,
    CASE WHEN sus_set = 'EC' THEN start_date
        + to_minutes(CAST(floor(rnd(eno, 36) * 1020) AS INTEGER) + 30) END AS seen_at,
    CASE WHEN sus_set = 'EC' THEN '{complaint}' END AS complaint
FROM (SELECT *, max(end_date) OVER (PARTITION BY pid ORDER BY start_date
    RANGE BETWEEN UNBOUNDED PRECEDING AND INTERVAL 1 DAY PRECEDING) AS before_on FROM events)
WHERE sus_set <> ''
"""

_FIRST = "(kind = 'OPF' OR pod = 'OPPROCFA')"
# An emergency admission that came through the department has its attendance beside it.
_FRONT_DOOR = "(has_emergency AND NOT is_hub AND rnd(eno, 24) < 0.7)"
TREATMENT_COMPLETED = "182992009"
_CHEST_PAIN = "29857009"

_DIED = "(kind = 'NEL' AND n_events = 1 AND los >= 2 AND btype = 'adult' AND rnd(eno, 38) < 0.08)"

# At flex a late-coded spell is there without its group and price; at freeze it is coded.
_UNCODED = """
SELECT * REPLACE ('UZ01Z' AS tariff, 0 AS uprice, 0 AS cost, 0 AS mff_cost, month AS seen_to)
FROM {name} WHERE event_no IN (SELECT eno FROM events WHERE is_late_coded AND seen_from = fin_month)
    AND pod NOT LIKE '%XBD' AND unbundled = 'N' AND ds = 'PLCM'
"""


def create_tables(con: duckdb.DuckDBPyConnection) -> None:
    """Create empty ``lines`` and ``sus`` and the menus of drugs and devices."""
    for name, columns in (("lines", LINE_COLUMNS), ("sus", SUS_COLUMNS)):
        spec = ", ".join(f"{column} {kind}" for column, kind in columns.items())
        con.execute(f"CREATE OR REPLACE TABLE {name} ({spec})")
    groups = {False: [d for d in DRUGS if d.funded_by == "ICB"]}
    groups[True] = [d for d in DRUGS if d.funded_by != "ICB"]
    rows = [
        (hub, i, len(g), d.code, d.name, d.indication, d.unit, d.price, d.service_code)
        for hub, g in groups.items()
        for i, d in enumerate(g)
    ]
    headings = ("for_hub", "idx", "n", "drug_code", "drug_name", "indication", "drug_unit")
    register(con, "drug_menu", (*headings, "price", "svc"), rows)
    devices = [
        (i, len(DEVICES), d.code, d.category, d.name, d.maker, d.price)
        for i, d in enumerate(DEVICES)
    ]
    names = ("idx", "n", "dev_code", "dev_level", "dev_name", "dev_maker", "price")
    register(con, "device_menu", names, devices)


def add_lines(con: duckdb.DuckDBPyConnection) -> None:
    """Append the lines and SUS records of the provider whose ``events`` are there now."""
    shared = _SHARED.format(ever=EVER)
    numbers = {
        "shared": shared,
        "cc_pod": CRITICAL_CARE[0],
        "cc_code": CRITICAL_CARE[1],
        "cc_price": f"{CRITICAL_CARE[2]}::DECIMAL(18,2)",
        "im_pod": IMAGING[0],
        "im_code": IMAGING[1],
        "im_price": f"{IMAGING[2]}::DECIMAL(18,2)",
    }
    parts = [part.format(**numbers) for part in (_PLCM, _EXTRA, _DRUGS, _DEVICES)]
    con.execute("CREATE OR REPLACE TEMP TABLE fresh AS " + " UNION ALL BY NAME ".join(parts))
    con.execute(
        "INSERT INTO lines BY NAME SELECT * REPLACE (CASE WHEN event_no IN (SELECT eno FROM events"
        " WHERE is_late_coded AND seen_from = fin_month) AND ds = 'PLCM' THEN month + 1"
        " ELSE seen_from END AS seen_from) FROM fresh ORDER BY ds, month, event_no, pod"
    )
    con.execute(
        f"INSERT INTO lines BY NAME {_UNCODED.format(name='fresh')} ORDER BY month, event_no"
    )
    recorded = _SUS.format(
        ever=EVER, died=_DIED, front_door=_FRONT_DOOR, is_first=_FIRST,
        completed=TREATMENT_COMPLETED, complaint=_CHEST_PAIN,
    )  # fmt: skip
    con.execute(f"CREATE OR REPLACE TEMP TABLE fresh_sus AS {recorded}")
    con.execute("INSERT INTO sus BY NAME SELECT * FROM fresh_sus ORDER BY ds, month, event_no")
