"""Published activity as series."""

import json
from datetime import date, datetime
from decimal import Decimal

from comptroller.position import activity_series
from comptroller.workspace import Workspace


def publish(ws: Workspace, name: str, day: int, values: dict[tuple[str, date, str], int]) -> None:
    with ws.warehouse.commit("load", name) as commit:
        commit.append_rows(
            "aggregates",
            [
                {
                    "submission_id": name,
                    "part": 1,
                    "sheet": "Provider Level Data",
                    "row": row,
                    "data_set": "AE_ATTENDANCES",
                    "organisation_code": code,
                    "organisation_name": f"Hospital {code}",
                    "period_start": month,
                    "period_kind": "month",
                    "dimension": json.dumps({"department_type": kind}),
                    "measure": "attendances",
                    "value": Decimal(value),
                }
                for row, ((code, month, kind), value) in enumerate(values.items())
            ],
        )
        commit.append_rows(
            "submissions",
            [{"submission_id": name, "received_at": datetime(2025, 7, day), "status": "promoted"}],
        )


JUNE, JULY = date(2025, 6, 1), date(2025, 7, 1)


def test_a_published_total_is_taken_and_parts_are_added_only_without_one(
    workspace: Workspace,
) -> None:
    publish(
        workspace,
        "a",
        1,
        {
            ("RX1", JUNE, "1"): 10,
            ("RX1", JUNE, "3"): 5,
            ("RX1", JUNE, "all"): 15,
            ("RX2", JUNE, "1"): 7,
            ("RX2", JUNE, "3"): 1,
        },
    )
    found = [(p.organisation_code, p.value) for p in activity_series(workspace)]
    assert found == [("RX1", Decimal(15)), ("RX2", Decimal(8))]
    one = activity_series(workspace, dimension={"department_type": "1"}, organisation="RX1")
    assert [p.value for p in one] == [Decimal(10)]


def test_the_last_publication_of_a_month_wins(workspace: Workspace) -> None:
    publish(workspace, "first", 1, {("RX1", JUNE, "all"): 15, ("RX1", JULY, "all"): 20})
    publish(workspace, "revised", 9, {("RX1", JUNE, "all"): 16})
    found = [(p.period_start, p.value) for p in activity_series(workspace)]
    assert found == [(JUNE, Decimal(16)), (JULY, Decimal(20))]


def test_nothing_published_is_no_series(workspace: Workspace) -> None:
    assert activity_series(workspace) == []
