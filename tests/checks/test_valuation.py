"""Net and cash: no pound is claimed twice, whatever the findings and their order."""

from __future__ import annotations

import datetime as dt
import random
from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from comptroller.checks.cash import value_cash
from comptroller.checks.evaluation import create_tables
from comptroller.checks.valuation import create_standing, value_hits
from tests.checks.bench_lines import Bench

CHECKS = [
    # number, id, precedence, type, finding, value, component
    (1, "ATT-1", 1, "row", "line", "V-SHIFT", "whole"),
    (2, "DUP-1", 2, "row", "line", "V-KEEP1", "whole"),
    (3, "OPC-1", 4, "row", "line", "V-EXC", "activity"),
    (4, "PRC-1", 5, "row", "line", "V-DIFF", "price"),
    (5, "PRC-2", 5, "row", "line", "V-DIFF", "price"),
    (6, "PRC-3", 5, "row", "line", "V-DIFF", "market_forces"),
    (7, "ANO-1", 6, "row", "line", "V-EST", "whole"),
    (8, "DQV-1", 6, "row", "line", "V-NIL", "whole"),
    (9, "REC-1", 5, "total", "line", "V-GAP", "movement"),
    (10, "REC-2", 5, "total", "line", "V-GAP", "movement"),
    (11, "TIM-1", 3, "total", "line", "V-PCT", "withheld"),
]


def net_of(
    bench: Bench, hits: Sequence[tuple[int, int, Decimal]]
) -> dict[tuple[int, int], dict[str, Any]]:
    """Return the claims of hits (check number, line number from 1, pounds)."""
    create_tables(bench.con)
    bench.con.execute(
        "CREATE OR REPLACE TEMP TABLE run_checks (check_no SMALLINT, check_id VARCHAR, "
        "precedence INTEGER, type VARCHAR, finding VARCHAR, value VARCHAR, component VARCHAR, "
        "paid VARCHAR DEFAULT 'terms')"
    )
    marks = ", ".join("(?, ?, ?, ?, ?, ?, ?)" for _ in CHECKS)
    bench.con.execute(
        "INSERT INTO run_checks (check_no, check_id, precedence, type, finding, value, component) "
        f"VALUES {marks}",
        [value for row in CHECKS for value in row],
    )
    if hits:
        marks = ", ".join("(?, ? - 1, ?)" for _ in hits)
        bench.con.execute(
            f"INSERT INTO hits (check_no, line_no, gross) VALUES {marks}",
            [value for hit in hits for value in hit],
        )
    create_standing(bench.con)
    value_hits(bench.con)
    return {(row["check_no"], row["line_no"] + 1): row for row in bench.rows("claims")}


def nets(bench: Bench, hits: Sequence[tuple[int, int, Decimal]]) -> dict[tuple[int, int], Decimal]:
    return {key: row["net"] for key, row in net_of(bench, hits).items()}


def pounds(*values: int | str) -> list[dict[str, Any]]:
    return [{"activity_cost": Decimal(value)} for value in values]


def test_the_first_ground_takes_the_line_and_the_rest_are_in_the_alternative() -> None:
    claims = net_of(
        Bench(pounds(100)),
        [(4, 1, Decimal(30)), (2, 1, Decimal(100)), (1, 1, Decimal(100))],
    )
    assert {key[0]: (row["net"], row["in_alternative"]) for key, row in claims.items()} == {
        1: (Decimal(100), False),
        2: (Decimal(0), True),
        4: (Decimal(0), True),
    }


def test_components_add_up_and_the_same_component_does_not() -> None:
    found = nets(
        Bench(pounds(100)),
        [(4, 1, Decimal(30)), (5, 1, Decimal(40)), (6, 1, Decimal(10)), (3, 1, Decimal(25))],
    )
    assert found == {
        (3, 1): Decimal(25),
        (4, 1): Decimal(0),
        (5, 1): Decimal(40),
        (6, 1): Decimal(10),
    }


def test_claims_never_exceed_the_line() -> None:
    found = nets(Bench(pounds(50)), [(3, 1, Decimal(30)), (4, 1, Decimal(40))])
    assert found == {(3, 1): Decimal(30), (4, 1): Decimal(20)}


def test_estimates_and_nil_values_stay_out() -> None:
    claims = net_of(Bench(pounds(50)), [(7, 1, Decimal(30)), (8, 1, Decimal(0))])
    assert [row["net"] for row in claims.values()] == [Decimal(0), Decimal(0)]
    assert not any(row["in_alternative"] for row in claims.values())


def test_undercharges_are_a_pot_of_their_own() -> None:
    bench = Bench(pounds(100, 100))
    found = nets(
        bench,
        [(4, 1, Decimal(-300)), (5, 1, Decimal(-20)), (6, 1, Decimal(10)),
         (1, 2, Decimal(100)), (4, 2, Decimal(-5))],
    )  # fmt: skip
    assert found == {
        (4, 1): Decimal(-300),
        (5, 1): Decimal(0),
        (6, 1): Decimal(10),
        (1, 2): Decimal(100),
        (4, 2): Decimal(0),
    }


def test_lines_of_sus_and_covered_aggregate_lines_carry_no_money() -> None:
    bench = Bench(
        [
            {"data_set": "SUS_APC", "activity_cost": Decimal(10)},
            {"data_set": "ACM", "activity_cost": Decimal(20), "pod_code": "EL"},
            {"data_set": "ACM", "activity_cost": Decimal(30), "pod_code": "BLOCK"},
            {"data_set": "PLCM", "activity_cost": Decimal(20), "pod_code": "EL"},
        ]
    )
    claims = net_of(bench, [(2, n, Decimal(n * 10 if n < 4 else 20)) for n in range(1, 5)])
    assert {key[1]: (row["net"], row["in_alternative"]) for key, row in claims.items()} == {
        1: (Decimal(0), False),
        2: (Decimal(0), True),
        3: (Decimal(30), False),
        4: (Decimal(20), False),
    }


def test_gaps_between_totals_count_once_and_penalties_stay_within_the_slice() -> None:
    bench = Bench(pounds(100), [{"data_set": "ACM"}, {"data_set": "PLCM"}])
    create_tables(bench.con)
    found = nets(
        bench,
        [(1, 1, Decimal(90)), (9, 1, Decimal(500)), (10, 2, Decimal(400)), (11, 2, Decimal(30))],
    )
    assert found == {
        (1, 1): Decimal(90),
        (9, 1): Decimal(500),
        (10, 2): Decimal(0),
        (11, 2): Decimal(10),
    }


line_costs = st.lists(st.decimals(min_value=-100, max_value=1000, places=2), min_size=1, max_size=4)
grosses = st.decimals(min_value=-500, max_value=1500, places=2)


@settings(max_examples=40, deadline=None)
@given(line_costs, st.data())
def test_net_never_exceeds_cost_and_order_plays_no_part(
    costs: list[Decimal], data: st.DataObject
) -> None:
    keys = [(check, line) for check in range(1, 9) for line in range(1, len(costs) + 1)]
    chosen = data.draw(st.lists(st.sampled_from(keys), unique=True, max_size=16))
    hits = [
        (check, line, costs[line - 1] if check <= 2 else data.draw(grosses))
        for check, line in chosen
    ]
    bench = Bench([{"activity_cost": cost} for cost in costs])
    found = nets(bench, hits)
    shuffled = list(hits)
    random.Random(7).shuffle(shuffled)
    assert nets(bench, shuffled) == found
    gross = {(check, line): value for check, line, value in hits}
    per_line: dict[int, Decimal] = defaultdict(Decimal)
    for (check, line), net in found.items():
        assert abs(net) <= abs(gross[check, line])
        if net > 0:
            per_line[line] += net
    for line, total in per_line.items():
        assert total <= max(costs[line - 1], Decimal(0))
    assert sum(per_line.values()) <= sum(max(cost, Decimal(0)) for cost in costs)


# -- cash --------------------------------------------------------------------------------------

CONTRACT = {
    "contract_id": "C1",
    "provider_code": "RZZ",
    "commissioner_code": "QZ1",
    "financial_year": "2025/26",
}


def cash_of(bench: Bench, hits: Sequence[tuple[int, int, Decimal]]) -> dict[int, tuple[str, Any]]:
    net_of(bench, hits)
    value_cash(bench.con)
    return {
        row["line_no"] + 1: (row["payment_element"], row["cash"])
        for row in bench.rows("claim_cash ORDER BY line_no")
    }


def test_the_most_specific_term_decides_and_without_one_nothing_is_cash() -> None:
    lines = [
        {"activity_cost": Decimal(100), "pod_code": "EL"},
        {"activity_cost": Decimal(100), "pod_code": "NEL"},
        {"activity_cost": Decimal(100), "pod_code": "NEL", "tariff_code": "AA01Z"},
        {"activity_cost": Decimal(100), "pod_code": "EL", "provider_code": "RYY"},
    ]
    terms = [
        {"contract_id": "C1", "element": "fixed"},
        {"contract_id": "C1", "element": "variable", "pod_code": "EL"},
        {"contract_id": "C1", "element": "blended", "pod_code": "NEL", "tariff_code": "AA01Z",
         "marginal_rate": Decimal("0.2")},
        {"contract_id": "C1", "element": "block", "pod_code": "EL",
         "to_date": dt.date(2025, 4, 30)},
    ]  # fmt: skip
    bench = Bench(lines, contracts=[CONTRACT], payment_terms=terms)
    assert cash_of(bench, [(2, n, Decimal(100)) for n in range(1, 5)]) == {
        1: ("variable", Decimal(100)),
        2: ("fixed", Decimal(0)),
        3: ("blended", Decimal(20)),
        4: ("unknown", Decimal(0)),
    }


def test_cash_scope_is_the_short_form_and_the_long_form_wins() -> None:
    lines = [{"activity_cost": Decimal(10), "pod_code": pod} for pod in ("EL", "NEL")]
    bench = Bench(
        lines,
        contracts=[CONTRACT],
        payment_terms=[{"contract_id": "C1", "element": "fixed", "pod_code": "NEL"}],
        cash_scope=[
            {"contract_id": "C1", "pod_code": "EL", "scope": "cash"},
            {"contract_id": "C1", "pod_code": "NEL", "scope": "cash"},
        ],
    )
    assert cash_of(bench, [(2, 1, Decimal(10)), (2, 2, Decimal(10))]) == {
        1: ("cash", Decimal(10)),
        2: ("fixed", Decimal(0)),
    }


def test_what_is_charged_beside_the_terms_is_cash_in_full() -> None:
    bench = Bench(
        pounds(100, 100),
        contracts=[CONTRACT],
        payment_terms=[{"contract_id": "C1", "element": "block"}],
    )
    net_of(bench, [(2, 1, Decimal(100)), (1, 2, Decimal(100))])
    bench.con.execute("UPDATE run_checks SET paid = 'in_full' WHERE check_no = 2")
    value_cash(bench.con)
    found = [(row["payment_element"], row["cash"]) for row in bench.rows("claim_cash ORDER BY 3")]
    assert found == [("block", Decimal(100)), ("block", Decimal(0))]


def test_a_board_holds_the_contract_of_its_sub_locations() -> None:
    members = [
        {"org_code": code, "legal_payer": "QZ1", "from_date": dt.date(2022, 7, 1),
         "to_date": dt.date(9999, 12, 31)}
        for code in ("QZ1", "01A")
    ]  # fmt: skip
    bench = Bench(
        [{"activity_cost": Decimal(100), "commissioner_code": code} for code in ("01A", "02B")],
        contracts=[CONTRACT],
        payment_terms=[{"contract_id": "C1", "element": "variable"}],
        legal_payers=members,
    )
    assert cash_of(bench, [(2, n, Decimal(100)) for n in (1, 2)]) == {
        1: ("variable", Decimal(100)),
        2: ("unknown", Decimal(0)),
    }


def test_what_lies_above_a_limit_is_no_cash() -> None:
    bench = Bench(
        pounds(100, 100, 100),
        contracts=[CONTRACT],
        payment_terms=[{"contract_id": "C1", "element": "variable", "limit_value": Decimal(250)}],
    )
    found = cash_of(bench, [(1, 1, Decimal(100)), (2, 2, Decimal(100))])
    # £300 charged, £250 paid: of the £200 net, the weaker ground's first £50 were never paid.
    assert found == {1: ("variable", Decimal(100)), 2: ("variable", Decimal(50))}
