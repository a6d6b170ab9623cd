"""A few slices and reference rows put straight into a workspace, for tests of the upper rooms."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from comptroller import reference
from comptroller.workspace import Workspace

YEAR = "2025/26"


def digest(*parts: object) -> str:
    return hashlib.sha256("|".join(map(str, parts)).encode()).hexdigest()


class SmallEconomy:
    """Appends slices as intake would, each as a load of its own."""

    def __init__(self, ws: Workspace) -> None:
        self.ws = ws
        self.count = 0

    def slice(
        self,
        data_set: str,
        lines: Sequence[Mapping[str, Any]],
        *,
        provider: str = "RX1",
        commissioner: str = "QZ1",
        year: str = YEAR,
        month: int = 1,
        stage: str = "flex",
        received: datetime = datetime(2025, 5, 20, 9, tzinfo=UTC),
        action: str | None = None,
    ) -> str:
        """Add one version of one slice; return its submission."""
        self.count += 1
        number = self.count
        submission = "s" + digest("file", number)[:16]
        version = digest(submission, data_set, provider, commissioner, year, month)[:16]
        place = {
            "data_set": data_set,
            "provider_code": provider,
            "commissioner_code": commissioner,
            "financial_year": year,
            "month": month,
            "submission_id": submission,
            "slice_version_id": version,
        }
        rows = [
            {
                "event_key": digest(data_set, provider, commissioner, year, month, index)[:32],
                **place,
                "line_id": f"{submission[1:13]}-1-{index}",
                "part": 1,
                "row": index,
                **line,
            }
            for index, line in enumerate(lines, 2)
        ]
        cost = sum((Decimal(str(line.get("activity_cost") or 0)) for line in lines), Decimal())
        at = received.replace(tzinfo=None)
        with self.ws.warehouse.commit("load", digest("load", number), at=received) as commit:
            commit.append_rows("lines", [_typed(row) for row in rows])
            commit.append_rows(
                "slice_versions",
                [
                    {
                        **place,
                        "content_version_id": version,
                        "stage": stage,
                        "received_at": at,
                        "sequence": number,
                        "action": action or ("new" if lines else "nil"),
                        "content_hash": digest(json.dumps(list(map(dict, lines)), default=str)),
                        "rows": len(lines),
                        "cost": cost,
                    }
                ],
            )
            commit.append_rows(
                "submissions",
                [
                    {
                        "submission_id": submission,
                        "file": f"file{number}.csv",
                        "received_at": at,
                        "loaded_at": at,
                        "status": "promoted",
                    }
                ],
            )
        return submission

    def repeat(self, *, received: datetime, stage: str = "freeze") -> None:
        """Add a version that points to the content of the last one, as an unchanged file does."""
        con = self.ws.connect()
        self.ws.warehouse.relation(con, "slice_versions")
        found = con.execute("SELECT * FROM slice_versions ORDER BY sequence DESC LIMIT 1")
        names = [column[0] for column in found.description or ()]
        last = dict(zip(names, found.fetchone() or (), strict=True))
        self.count += 1
        last.pop("commit_id")
        last |= {
            "slice_version_id": digest("repeat", self.count)[:16],
            "submission_id": "s" + digest("file", self.count)[:16],
            "received_at": received.replace(tzinfo=None),
            "sequence": self.count,
            "action": "unchanged",
            "stage": stage,
        }
        with self.ws.warehouse.commit("load", digest("load", self.count)) as commit:
            commit.append_rows("slice_versions", [last])

    def withdraw(self, submission: str) -> None:
        """Withdraw a submission, as `comptroller submissions withdraw` does."""
        with self.ws.warehouse.commit("decide", digest("withdraw", submission)) as commit:
            commit.append_rows(
                "slice_decisions",
                [
                    {
                        "decision_id": digest(submission)[:16],
                        "kind": "withdraw",
                        "submission_id": submission,
                        "decided_at": datetime(2025, 12, 1),
                        "decided_by": "tester",
                        "reason": "test",
                    }
                ],
            )

    def reference(self, folder: Path, name: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Load reference rows of one table."""
        self.count += 1
        path = folder / str(self.count) / f"{name}.csv"
        path.parent.mkdir(parents=True)
        columns = list(dict.fromkeys(key for row in rows for key in row))
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, columns)
            writer.writeheader()
            writer.writerows(rows)
        reference.load(self.ws, [path])


def line(pod: str, cost: object, activity: object = 1, **more: Any) -> dict[str, Any]:
    """A line of one point of delivery."""
    return {
        "pod_code": pod,
        "activity_count": None if activity is None else Decimal(str(activity)),
        "activity_cost": None if cost is None else Decimal(str(cost)),
        **more,
    }


def _typed(row: Mapping[str, Any]) -> dict[str, Any]:
    return {key: Decimal(str(v)) if isinstance(v, float) else v for key, v in row.items()}
