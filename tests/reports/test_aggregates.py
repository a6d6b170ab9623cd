import json
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from pypdf import PdfReader

from comptroller.errors import ComptrollerError
from comptroller.position import activity_series
from comptroller.rendering import Report, render_html, render_pdf
from comptroller.reports import aggregates_summary
from comptroller.workspace import Workspace

MONTHS = [date(2025, month, 1) for month in range(1, 13)] + [date(2026, 1, 1), date(2026, 2, 1)]


@pytest.fixture
def published(workspace: Workspace) -> Workspace:
    values = {
        (code, month): 1000 * number + 7 * at
        for number, code in enumerate(("X01", "X02", "X03"), 1)
        for at, month in enumerate(MONTHS)
        if not (code == "X02" and month == date(2026, 1, 1))
    }
    with workspace.warehouse.commit("load", "ae") as commit:
        commit.append_rows(
            "aggregates",
            [
                {
                    "submission_id": "ae",
                    "part": 1,
                    "sheet": "Provider Level Data",
                    "row": row,
                    "data_set": "AE_ATTENDANCES",
                    "organisation_code": code,
                    "organisation_name": f"HOSPITAL {code}",
                    "period_start": month,
                    "period_kind": "month",
                    "dimension": json.dumps({"department_type": "all"}),
                    "measure": "attendances",
                    "value": Decimal(value),
                }
                for row, ((code, month), value) in enumerate(values.items())
            ],
        )
        commit.append_rows(
            "submissions",
            [{"submission_id": "ae", "received_at": datetime(2026, 3, 1), "status": "promoted"}],
        )
    return workspace


@pytest.fixture
def report(published: Workspace) -> Report:
    return aggregates_summary(published)


def test_the_table_is_the_published_series(report: Report, published: Workspace) -> None:
    table = next(t for t in report.tables() if t.name == "By provider and month")
    assert [row[0] for row in table.rows] == ["X03", "X02", "X01"]
    points = {(p.organisation_code, p.period_start): p.value for p in activity_series(published)}
    shown = MONTHS[-12:]
    for row in table.rows:
        assert row[2:] == tuple(points.get((str(row[0]), month)) for month in shown)
    assert table.total_row is not None
    total = sum(v for (_, month), v in points.items() if month == MONTHS[-1])
    assert table.total_row[-1] == total
    assert "Jan 2026 2" in str(table.note)


def test_not_published_is_not_nil(report: Report) -> None:
    table = next(t for t in report.tables() if t.name == "By provider and month")
    row = next(row for row in table.rows if row[0] == "X02")
    assert row[-2] is None


def test_page_and_pdf_carry_the_trend(report: Report, tmp_path: Path) -> None:
    page = render_html(report)
    assert "All organisations: attendances by month" in page
    assert page.count("<svg") == 2
    render_pdf(report, tmp_path / "r.pdf")
    text = "\n".join(p.extract_text() for p in PdfReader(tmp_path / "r.pdf").pages)
    assert "6,273" in text


def test_nothing_published_is_said(workspace: Workspace) -> None:
    with pytest.raises(ComptrollerError, match="published"):
        aggregates_summary(workspace)
