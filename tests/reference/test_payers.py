"""The legal body behind a code on a date, on fictional organisations of every kind of change."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comptroller import reference
from comptroller.reference.payers import ALWAYS, EVER, Lineage, Succession
from comptroller.workspace import Workspace

ORGANISATIONS = """\
org_code,name,role,parent_code,open_date,close_date,successor_code
ZA1,Mereshire CCG,commissioner,,2013-04-01,2020-03-31,
ZA2,Fenmoor CCG,commissioner,,2013-04-01,2020-03-31,
ZB1,Mere and Fen CCG,commissioner,QZ1,2020-04-01,,
ZC1,Oldbury CCG,commissioner,QZ2,2013-04-01,,
QZ1,Mere and Fen ICB,commissioner,,2022-07-01,2026-03-31,
QZ2,Oldbury ICB,commissioner,,2022-07-01,,
ZQZNW,Great Fen ICB,commissioner,,2026-04-01,,
ZHUB1,Fen Commissioning Hub,commissioner,ZX24,2015-04-01,,
ZHUB2,Mere Commissioning Hub,commissioner,ZX24,2015-04-01,,
ZX24,NHS Anywhere,commissioner,,2013-04-01,,
YP0001,High Street Surgery,practice,ZB1,,,
YP0002,Low Road Surgery,practice,ZB1,,,
ZR1,Mere Hospital,provider,,,2021-03-31,ZR3
ZR2,Fen Hospital,provider,,,,
ZR3,Mere and Moor Hospital,provider,,,,
ZR2AA,Fen Cottage Hospital,site,ZR2,,,
"""
SUCCESSIONS = """\
from_code,to_code,date,kind,rule
ZA1,ZB1,2020-04-01,merge,
ZA2,ZB1,2020-04-01,merge,
ZB1,QZ1,2022-07-01,rename,
QZ1,QZ2,2026-04-01,split,practice
QZ1,ZQZNW,2026-04-01,split,practice
ZR2,ZR3,2024-04-01,merge,
"""
PRACTICES = """\
practice_code,commissioner_code,from_date
YP0001,ZB1,2013-04-01
YP0001,ZQZNW,2026-04-01
YP0002,ZB1,2013-04-01
YP0002,QZ2,2026-04-01
"""


@pytest.fixture
def con(ws: Workspace, tmp_path: Path) -> duckdb.DuckDBPyConnection:
    folder = tmp_path / "in"
    folder.mkdir()
    for name, text in (
        ("organisations", ORGANISATIONS),
        ("successions", SUCCESSIONS),
        ("practices", PRACTICES),
    ):
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    reports = reference.load(ws, [folder])
    assert [report.faults for report in reports] == [(), (), ()]
    found = ws.connect()
    reference.create_reference_views(found, ws.warehouse)
    return found


@pytest.mark.parametrize(
    ("code", "on", "payer"),
    [
        ("ZA1", date(2019, 5, 1), "ZA1"),  # a CCG in its own time
        ("ZA1", date(2020, 3, 31), "ZA1"),  # its last day
        ("ZA1", date(2020, 4, 1), "ZB1"),  # merged
        ("ZA2", date(2021, 5, 1), "ZB1"),
        ("ZA1", date(2022, 7, 1), "QZ1"),  # then part of a board
        ("ZB1", date(2025, 5, 1), "QZ1"),
        ("QZ1", date(2025, 5, 1), "QZ1"),
        ("QZ1", date(2021, 5, 1), "ZB1"),  # restated under the new code: the only predecessor
        ("ZB1", date(2019, 5, 1), "ZB1"),  # two predecessors: the code does not tell
        ("ZC1", date(2021, 5, 1), "ZC1"),  # a member only once the board exists
        ("ZC1", date(2023, 5, 1), "QZ2"),
        ("QZ1", date(2026, 4, 1), None),  # split: the practice decides
        ("ZB1", date(2026, 4, 1), None),
        ("ZHUB1", date(2024, 1, 1), "ZX24"),
        ("ZHUB2", date(2024, 1, 1), "ZX24"),
        ("NEVER", date(2024, 1, 1), "NEVER"),  # nobody has heard of it
    ],
)
def test_legal_payer(
    con: duckdb.DuckDBPyConnection, code: str, on: date, payer: str | None
) -> None:
    assert reference.legal_payer(con, code, on) == payer


def test_a_split_is_decided_by_the_practice(con: duckdb.DuckDBPyConnection) -> None:
    on = date(2026, 5, 1)
    assert reference.legal_payer(con, "QZ1", on, practice_code="YP0001") == "ZQZNW"
    assert reference.legal_payer(con, "ZA1", on, practice_code="YP0002") == "QZ2"
    assert reference.legal_payer(con, "QZ1", on, practice_code="YP9999") is None


def test_practice_payers_follow_practice_and_commissioner(con: duckdb.DuckDBPyConnection) -> None:
    rows = con.execute(
        "SELECT CAST(from_date AS VARCHAR), CAST(to_date AS VARCHAR), commissioner_code, "
        "legal_payer FROM practice_payers WHERE practice_code = 'YP0001' ORDER BY from_date"
    ).fetchall()
    assert rows == [
        ("2013-04-01", "2022-06-30", "ZB1", "ZB1"),
        ("2022-07-01", "2026-03-31", "ZB1", "QZ1"),
        ("2026-04-01", "9999-12-31", "ZQZNW", "ZQZNW"),
    ]


@pytest.mark.parametrize(
    ("code", "on", "provider"),
    [
        ("ZR2", date(2024, 3, 31), "ZR2"),
        ("ZR2", date(2024, 4, 1), "ZR3"),
        ("ZR2AA", date(2024, 3, 31), "ZR2"),
        ("ZR2AA", date(2025, 1, 1), "ZR3"),
        ("ZR2ZZ", date(2025, 1, 1), "ZR3"),  # a site nobody declared
        ("ZR1", date(2021, 4, 1), "ZR3"),  # by the successor in the organisations file
        ("ZR9", date(2021, 4, 1), "ZR9"),
    ],
)
def test_current_provider(
    con: duckdb.DuckDBPyConnection, code: str, on: date, provider: str
) -> None:
    assert reference.current_provider(con, code, on) == provider


def test_organisation_on(con: duckdb.DuckDBPyConnection) -> None:
    before = reference.organisation_on(con, "ZA1", date(2013, 3, 31))
    assert before is not None
    assert before.state == "not yet open"
    member = reference.organisation_on(con, "ZB1", date(2023, 1, 1))
    assert member is not None
    assert (member.state, member.parent_code, member.body_code) == ("open", "QZ1", "QZ1")
    after = reference.organisation_on(con, "QZ1", date(2026, 6, 1))
    assert after is not None
    assert (after.state, after.body_code, after.basis) == ("closed", None, "split")
    assert after.candidates == ("QZ2", "ZQZNW")
    practice = reference.organisation_on(con, "YP0002", date(2026, 6, 1))
    assert practice is not None
    assert (practice.parent_code, practice.body_code) == ("QZ2", "QZ2")
    assert reference.organisation_on(con, "NEVER", date(2026, 6, 1)) is None


def test_every_code_has_one_body_a_day(con: duckdb.DuckDBPyConnection) -> None:
    for view in ("legal_payers", "current_providers"):
        gaps = con.execute(
            f"""
            SELECT * FROM (
              SELECT org_code, from_date, to_date,
                     lag(to_date) OVER (PARTITION BY org_code ORDER BY from_date) AS before,
                     lead(from_date) OVER (PARTITION BY org_code ORDER BY from_date) AS after
              FROM {view})
            WHERE from_date <> coalesce(before + 1, DATE '{ALWAYS}')
               OR (after IS NULL AND to_date <> DATE '{EVER}')
            """
        ).fetchall()
        assert gaps == []
    doubled = con.execute(
        "SELECT a.practice_code FROM practice_payers a JOIN practice_payers b "
        "ON a.practice_code = b.practice_code AND a.from_date < b.from_date "
        "AND a.to_date >= b.from_date"
    ).fetchall()
    assert doubled == []


CODES = st.sampled_from("ABCDEF")
DAYS = st.dates(date(2010, 1, 1), date(2030, 1, 1))


@settings(deadline=None)
@given(
    steps=st.lists(st.tuples(CODES, CODES, DAYS), max_size=8),
    parents=st.dictionaries(CODES, CODES, max_size=3),
    day=DAYS,
)
def test_any_tangle_of_successions_ends_and_its_spans_agree_with_the_day(
    steps: list[tuple[str, str, date]], parents: dict[str, str], day: date
) -> None:
    lineage = Lineage(parents={c: p for c, p in parents.items() if c != p})
    for from_code, to_code, when in steps:
        lineage.add(from_code, Succession(when, to_code, "merge"))
    for code in "ABCDEF":
        spans = lineage.spans(code)
        assert spans[0].from_date == ALWAYS
        assert spans[-1].to_date == EVER
        (span,) = [s for s in spans if s.from_date <= day <= s.to_date]
        assert set(span.candidates) == lineage.bodies(code, day)[0]
