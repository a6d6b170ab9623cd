"""The last tier: what no exact tier linked is weighed by splink on the same engine.

The weights are fixed, so that the same lines always give the same links: for each comparison and
level the share of true pairs (m) and of other pairs (u) that show it. The shares of other pairs
are those among candidates, most of whom are the same patient's other care: agreement of treatment
function or HRG proves little there. `bench.linking` prints what the weights are worth.
"""

from __future__ import annotations

from typing import Any

import duckdb

from comptroller.errors import UsageError
from comptroller.reconciliation.linking.tiers import something_open

THRESHOLD = 0.9
"""Least match probability of a link, unless another is asked for."""

# Candidate pairs of one block beyond which its lines cannot be told apart and are not compared.
_CROWD = 10_000
# Of a line's possible partners at one provider one in so many is its own.
_PRIOR = 1 / 5_000

_COMPARABLE = """((person_l IS NOT NULL AND person_r IS NOT NULL
    AND person_domain_l = person_domain_r)
    OR (local_person_l IS NOT NULL AND local_person_r IS NOT NULL))"""
_APART = "abs(date_diff('day', day_l, day_r))"

# Name, when it cannot be compared, then (name of level, condition, m, u); the last is all else.
_Levels = tuple[tuple[str, str, float, float], ...]
_COMPARISONS: tuple[tuple[str, str, _Levels], ...] = (
    (
        "identifier",
        "(cds_core_l IS NULL OR cds_core_r IS NULL)"
        " AND (reference_core_l IS NULL OR reference_core_r IS NULL)",
        (
            (
                "the same digits",
                "cds_core_l = cds_core_r OR reference_core_l = reference_core_r",
                *(0.80, 0.000001),
            ),
            ("others", "ELSE", 0.20, 0.999999),
        ),
    ),
    (
        "patient",
        f"NOT {_COMPARABLE}",
        (
            ("the same", "person_l = person_r OR local_person_l = local_person_r", 0.98, 0.0002),
            ("another", "ELSE", 0.02, 0.9998),
        ),
    ),
    (
        "likeness",  # of patients who cannot be compared themselves
        f"{_COMPARABLE} OR born_or_age_l IS NULL OR born_or_age_r IS NULL",
        (
            (
                "birth month or age, sex and practice",
                "born_or_age_l = born_or_age_r AND sex_l = sex_r AND practice_l = practice_r",
                *(0.85, 0.0002),
            ),
            (
                "birth month or age, and sex",
                "born_or_age_l = born_or_age_r AND sex_l = sex_r",
                *(0.10, 0.01),
            ),
            ("none", "ELSE", 0.05, 0.9898),
        ),
    ),
    (
        "date",
        "day_l IS NULL OR day_r IS NULL",
        (
            ("the same", "day_l = day_r", 0.90, 0.003),
            ("a day apart", f"{_APART} = 1", 0.05, 0.01),
            ("within a week", f"{_APART} <= 7", 0.02, 0.08),
            ("further", "ELSE", 0.03, 0.907),
        ),
    ),
    (
        "care",
        "kind_l IS NULL OR kind_r IS NULL",
        (("the same", "kind_l = kind_r", 0.97, 0.5), ("another", "ELSE", 0.03, 0.5)),
    ),
    (
        "treatment_function",
        "tfc_l = '' OR tfc_r = ''",
        (("the same", "tfc_l = tfc_r", 0.95, 0.3), ("another", "ELSE", 0.05, 0.7)),
    ),
    (
        "hrg",
        "hrg_l = '' OR hrg_r = ''",
        (
            ("the same", "hrg_l = hrg_r", 0.90, 0.25),
            ("the same root", "left(hrg_l, 4) = left(hrg_r, 4)", 0.04, 0.05),
            ("the same chapter", "left(hrg_l, 2) = left(hrg_r, 2)", 0.03, 0.10),
            ("another", "ELSE", 0.03, 0.60),
        ),
    ),
)
# Between versions of the same charge; SUS prices by rules of its own.
_COST: tuple[str, str, _Levels] = (
    "cost",
    "cost_l = 0 OR cost_r = 0",
    (
        ("the same", "cost_l = cost_r", 0.85, 0.15),
        (
            "within 5 per cent",
            "abs(cost_l - cost_r) * 20 <= greatest(abs(cost_l), abs(cost_r))",
            *(0.08, 0.10),
        ),
        ("another", "ELSE", 0.07, 0.75),
    ),
)

_BLOCKS = ("block_person", "block_local", "block_cds", "block_reference", "block_day")


def check_threshold(threshold: float) -> None:
    """Refuse a threshold at which a line could be linked twice, or never.

    Raises:
        UsageError: It is not above 0.5 and below 1.
    """
    if not 0.5 < threshold < 1:
        raise UsageError(
            f"{threshold} is no threshold for a match probability",
            where="--threshold",
            remedy=f"Between 0.5 and 1, neither included, such as {THRESHOLD}",
        )


def link_probably(con: duckdb.DuckDBPyConnection, threshold: float, *, with_cost: bool) -> int:
    """Add to ``links`` what splink finds in the remainder; return how many lines were not compared.

    A pair's probability is shared with its rivals: two equally likely records leave neither above
    a half, so that with a threshold above a half no line and no record is linked twice.

    Args:
        con: Connection on which the exact tiers have run.
        threshold: Least match probability of a link, above 0.5.
        with_cost: Compare cost too.
    """
    if not something_open(con):
        return 0
    _create_remainders(con)
    if not _has_pairs(con):
        return _count_crowded(con)
    predicted = _predict(con, with_cost=with_cost)
    con.execute(
        f"""
        INSERT INTO links
        WITH odds AS (
            SELECT unique_id_l AS left_n, unique_id_r AS right_n,
                pow(2, least(match_weight, 100)) AS odds FROM {predicted}
        ), shared AS (
            SELECT left_n, right_n, round(odds / (1 + greatest(
                sum(odds) OVER (PARTITION BY left_n), sum(odds) OVER (PARTITION BY right_n))), 4)
                AS probability
            FROM odds
        )
        SELECT left_n, right_n, 5, probability FROM shared WHERE probability >= ? ORDER BY left_n
        """,
        [threshold],
    )
    return _count_crowded(con)


def _create_remainders(con: duckdb.DuckDBPyConnection) -> None:
    """Create ``remainder_left`` and ``remainder_right``, with the blocks their lines are in."""

    def core(column: str) -> str:
        # Of an identifier that was written another way the digits remain.
        digits = f"ltrim(regexp_replace({column}, '[^0-9]', '', 'g'), '0')"
        return f"CASE WHEN length({digits}) >= 4 THEN {digits} END"

    def block(*columns: str) -> str:
        present = " AND ".join(f"{column} IS NOT NULL" for column in columns)
        joined = ", ".join(("provider_code", *columns))
        return f"CASE WHEN {present} THEN concat_ws('|', {joined}) END"

    for side in ("left", "right"):
        con.execute(
            f"""
            CREATE OR REPLACE TEMP TABLE candidates_{side} AS
            WITH open AS (
                SELECT *, {core("cds")} AS cds_core, {core("reference")} AS reference_core
                FROM open_{side})
            SELECT *, {block("person")} AS block_person,
                {block("local_person")} AS block_local, {block("cds_core")} AS block_cds,
                {block("reference_core")} AS block_reference,
                {block("day", "kind", "tfc")} AS block_day
            FROM open
            """
        )
    for name in _BLOCKS:
        con.execute(
            f"""
            CREATE OR REPLACE TEMP TABLE crowded_{name} AS
            SELECT {name} FROM
                (SELECT {name}, count(*) AS lines FROM candidates_left GROUP BY 1)
                JOIN (SELECT {name}, count(*) AS records FROM candidates_right GROUP BY 1)
                USING ({name})
            WHERE lines * records > {_CROWD}
            """
        )
    for side in ("left", "right"):
        quiet = ", ".join(
            f"CASE WHEN {name} IN (FROM crowded_{name}) THEN NULL ELSE {name} END AS {name}"
            for name in _BLOCKS
        )
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE remainder_{side} AS "
            f"SELECT * REPLACE ({quiet}), n AS unique_id FROM candidates_{side} ORDER BY n"
        )


def _has_pairs(con: duckdb.DuckDBPyConnection) -> bool:
    return any(
        con.execute(
            f"SELECT 1 FROM remainder_left JOIN remainder_right USING ({block}) LIMIT 1"
        ).fetchall()
        for block in _BLOCKS
    )


def _count_crowded(con: duckdb.DuckDBPyConnection) -> int:
    """Return how many charged lines stand in crowded blocks alone."""
    crowded = " OR ".join(f"c.{block} IS DISTINCT FROM r.{block}" for block in _BLOCKS)
    none = " AND ".join(f"r.{block} IS NULL" for block in _BLOCKS)
    rows = con.execute(
        "SELECT count(*) FROM candidates_left c JOIN remainder_left r USING (n) "
        f"WHERE ({crowded}) AND {none}"
    ).fetchall()
    return int(rows[0][0])


def _predict(con: duckdb.DuckDBPyConnection, *, with_cost: bool) -> str:
    """Return the table of weighed pairs that splink made."""
    from splink import Linker, SettingsCreator, block_on
    from splink.backends.duckdb import DuckDBAPI

    comparisons = (*_COMPARISONS, _COST) if with_cost else _COMPARISONS
    settings = SettingsCreator(
        link_type="link_only",
        comparisons=[_comparison(*one) for one in comparisons],
        blocking_rules_to_generate_predictions=[block_on(block) for block in _BLOCKS],
        probability_two_random_records_match=_PRIOR,
        retain_matching_columns=False,
    )
    api = DuckDBAPI(connection=con)
    sides = [
        # Splink takes the name that sorts first as the left side.
        api.register("remainder_left", dataset_display_name="a_left"),
        api.register("remainder_right", dataset_display_name="b_right"),
    ]
    linker = Linker(sides, settings, log_level=None)
    # Weights that are all given need no training, of the lack of which it would warn.
    predicted = linker.inference.predict(warning_mode="never")
    return str(predicted.physical_name)


def _comparison(name: str, unknown: str, levels: _Levels) -> dict[str, Any]:
    return {
        "output_column_name": name,
        "comparison_levels": [
            {"sql_condition": unknown, "label_for_charts": "unknown", "is_null_level": True},
            *(
                {
                    "sql_condition": condition,
                    "label_for_charts": label,
                    "m_probability": m,
                    "u_probability": u,
                }
                for label, condition, m, u in levels
            ),
        ],
    }
