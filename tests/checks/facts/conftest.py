"""A small workspace of committed lines for tests of facts."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from comptroller import reference
from comptroller.checks.facts import build
from comptroller.warehouse import connect
from comptroller.workspace import Workspace

Row = dict[str, Any]

# Codes of nobody: the starter pack has none of them.
REFERENCE = {
    "organisations.csv": """org_code,name,role,parent_code,open_date,close_date,successor_code
QZA,Ashvale ICB,commissioner,,2020-04-01,,
QZB,Brookmoor ICB,commissioner,,2020-04-01,,
QZC,Coldfen ICB,commissioner,,2020-04-01,2026-03-31,QZA
ZH1,NHS England Northern Commissioning Hub,commissioner,,2013-04-01,,
RZ1,Ashvale Hospitals,provider,,2000-04-01,,
RZ2,Brookmoor Infirmary,provider,,2000-04-01,,
RZ1A1,Ashvale General,site,RZ1,2000-04-01,,
A90001,High Street Surgery,practice,QZA,2000-04-01,,
A90002,Mill Lane Surgery,practice,QZA,2000-04-01,2026-04-30,B90001
B90001,Brook House,practice,QZB,2000-04-01,,
""",
    "practices.csv": """practice_code,commissioner_code,from_date,to_date
A90001,QZA,2013-04-01,
A90002,QZA,2013-04-01,
B90001,QZB,2013-04-01,
""",
    "successions.csv": """from_code,to_code,date,kind
QZC,QZA,2026-04-01,merge
""",
    "registrations.csv": """patient_key,practice_code,from_date,to_date
moved,A90001,2015-01-01,2026-04-09
moved,B90001,2026-04-10,
stays,A90001,2015-01-01,
""",
    "calendar.csv": """financial_year,month,flex_date,freeze_date,submission_due
2026/27,1,2026-05-25,2026-06-25,2026-05-20
2026/27,2,2026-06-25,2026-07-25,2026-06-20
2026/27,3,2026-07-25,2026-08-25,2026-07-20
""",
}


@dataclass
class Everyone:
    """A scope that takes all."""

    provider_code: str | None = None
    commissioner_code: str | None = None
    financial_year: str | None = None
    month: int | None = None


@dataclass
class Economy:
    """Lines committed one by one, slice by slice, then facts over them."""

    ws: Workspace
    lines: list[Row] = field(default_factory=list)
    versions: dict[tuple[Any, ...], Row] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)

    def line(self, **given: Any) -> str:
        """Add one line; what is not given is an innocent outpatient attendance."""
        received = given.pop("received", "2026-06-20")
        stage = given.pop("stage", "freeze")
        data_set = given.get("data_set", "PLCM")
        row: Row = {
            "data_set": data_set,
            "provider_code": "RZ1",
            "commissioner_code": "QZA",
            "financial_year": "2026/27",
            "month": 1,
            "activity_cost": "100.00",
        }
        if data_set != "ACM":
            row |= {
                "patient_key": "p1",
                "patient_key_domain": "local",
                "nhs_number_status": "valid",
                "activity_start_date": "2026-04-15",
                "activity_end_date": given.get("activity_start_date", "2026-04-15"),
            }
        if data_set == "PLCM":
            row |= {
                "pod_code": "OPFUPSPCL",
                "activity_treatment_function_code": "110",
                "commissioned_service_category_code": "12",
            }
        row |= given
        for name, value in row.items():
            if name.endswith("_date") and isinstance(value, str):
                row[name] = dt.date.fromisoformat(value)
            if isinstance(value, str) and name.endswith(("_cost", "_count", "_price", "_quantity")):
                row[name] = Decimal(value)
        key = tuple(
            row[name]
            for name in (
                "data_set",
                "provider_code",
                "commissioner_code",
                "financial_year",
                "month",
            )
        )
        version = f"{'-'.join(str(part) for part in key)}@{received}"
        number = self.numbers[version] = self.numbers.get(version, 0) + 1
        submission = f"s{received}-{key[0]}-{key[1]}"
        row.setdefault("line_id", f"{version}#{number:03d}")
        row.setdefault("event_key", row["line_id"])
        row |= {"slice_version_id": version, "submission_id": submission, "row": number}
        slot = self.versions.setdefault(
            (*key, received),
            {
                "slice_version_id": version,
                "content_version_id": version,
                "submission_id": submission,
                "stage": stage,
                "received_at": dt.datetime.fromisoformat(received),
                "sequence": 1,
                "action": "new",
                "rows": 0,
                "cost": Decimal(0),
            },
        )
        slot["rows"] += 1
        slot["cost"] += row.get("activity_cost") or Decimal(0)
        self.lines.append(row)
        return str(row["line_id"])

    def reference(self, files: Mapping[str, str]) -> None:
        """Load reference files given as text."""
        folder = self.ws.path / "given"
        folder.mkdir(exist_ok=True)
        for name, text in files.items():
            (folder / name).write_text(text, encoding="utf-8")
        for report in reference.load(self.ws, [folder / name for name in files]):
            assert report.status in ("loaded", "unchanged"), report

    def commit(self) -> None:
        """Write what was added so far; the same lines twice are written once."""
        keys = ("data_set", "provider_code", "commissioner_code", "financial_year", "month")
        versions = [
            dict(zip(keys, slot, strict=False)) | version for slot, version in self.versions.items()
        ]
        submissions = {v["submission_id"]: v for v in versions}
        with self.ws.warehouse.commit("load", f"test{len(self.lines)}") as commit:
            commit.append_rows("lines", self.lines)
            commit.append_rows("slice_versions", versions)
            commit.append_rows(
                "submissions",
                [
                    {"submission_id": s, "received_at": v["received_at"], "status": "promoted"}
                    for s, v in submissions.items()
                ],
            )

    def build(self, scope: Any = None, basis: str = "payable", **more: Any) -> Facts:
        """Commit the lines and build the facts over them."""
        self.commit()
        con = connect(memory_limit="1GB", threads=2)
        build(con, self.ws.warehouse, self.ws, scope or Everyone(), basis, **more)
        return Facts(con)


@dataclass
class Facts:
    """The two tables, asked by line or slice."""

    con: duckdb.DuckDBPyConnection

    def of(self, line_id: str, *names: str) -> Any:
        """Return one fact of a line, or several as a tuple."""
        row = self.con.execute(
            f"SELECT {', '.join(names)} FROM checked WHERE line_id = ?", [line_id]
        ).fetchall()
        assert len(row) == 1, row
        return row[0][0] if len(names) == 1 else row[0]

    def flagged(self, predicate: str) -> list[str]:
        """Return the lines for which a predicate is true."""
        return [
            row[0]
            for row in self.con.execute(
                f"SELECT line_id FROM checked WHERE {predicate} ORDER BY line_id"
            ).fetchall()
        ]

    def slice(self, columns: str, where: str = "level = 'slice'") -> list[tuple[Any, ...]]:
        """Return columns of slices in order."""
        return self.con.execute(
            f"SELECT {columns} FROM slice_facts WHERE {where} "
            "ORDER BY data_set, provider_code, commissioner_code, financial_year, month"
        ).fetchall()


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with the organisations loaded, to be copied."""
    found = Economy(Workspace.create(tmp_path_factory.mktemp("facts") / "template", name="Facts"))
    found.reference(REFERENCE)
    return found.ws.path


@pytest.fixture
def economy(template: Path, tmp_path: Path) -> Economy:
    """An economy without lines yet, with its organisations."""
    shutil.copytree(template, tmp_path / "economy")
    return Economy(Workspace.open(tmp_path / "economy"))


@pytest.fixture
def bare(tmp_path: Path) -> Economy:
    """An economy without reference data of its own."""
    return Economy(Workspace.create(tmp_path / "bare", name="Bare"))
