"""The expression language: what it accepts, refuses, and that its SQL means what it says."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comptroller.checks.definition import Place
from comptroller.checks.expressions import ExpressionError, Parameter, Scope
from comptroller.checks.language import atoms, compile_expression, parse, place_in
from comptroller.checks.macros import Type, months_between_whole, round_money
from comptroller.warehouse import connect

COLUMNS: dict[str, Type] = {
    "code": "text",
    "other_code": "text",
    "line_id": "text",
    "start": "date",
    "end": "date",
    "arrived": "timestamp",
    "units": "integer",
    "cost": "decimal",
    "price": "decimal",
    "flag": "boolean",
}
SCOPE = Scope(
    columns=COLUMNS,
    never_null=frozenset({"line_id"}),
    parameters={"p_days": Parameter(3), "p_codes": Parameter(("A", "B"))},
    code_lists=lambda name: ("100", "101") if name == "treatment_function" else None,
)
TYPES = {"text": "VARCHAR", "integer": "INTEGER", "decimal": "DECIMAL(26,8)", "date": "DATE",
         "timestamp": "TIMESTAMP", "boolean": "BOOLEAN"}  # fmt: skip
CONNECTION = connect(memory_limit="200MB", threads=1)
ANY: tuple[Type, ...] = ("boolean", "integer", "decimal", "date", "text")


def value_of(text: str, **row: object) -> object:
    compiled = compile_expression(text, SCOPE, ANY)
    columns = ", ".join(
        f'CAST(${name} AS {TYPES[kind]}) AS "{name}"' for name, kind in COLUMNS.items()
    )
    values = {name: row.get(name) for name in COLUMNS}
    query = f"SELECT {compiled.duckdb} FROM (SELECT {columns})"
    found = CONNECTION.execute(query, values).fetchone()
    assert found is not None
    return found[0]


MEANINGS: list[tuple[str, dict[str, object], object]] = [
    ("code = 'A' AND units > 2", {"code": "A", "units": 3}, True),
    ("code = 'A' OR units > 2", {"code": "A"}, True),
    ("code = 'A' AND units > 2", {"code": "A"}, None),
    ("NOT (code = 'A')", {}, None),
    ("code IS NULL", {}, True),
    ("code IS DISTINCT FROM other_code", {"code": "A"}, True),
    ("code IS NOT DISTINCT FROM other_code", {}, True),
    ("flag IS NOT TRUE", {}, True),
    ("code NOT IN ('A', 'B')", {"code": "C"}, True),
    ("in_list(code, :p_codes)", {"code": "B"}, True),
    ("in_code_list(code, 'treatment_function')", {"code": "102"}, False),
    (
        "start BETWEEN DATE '2025-04-01' AND DATE '2025-04-30'",
        {"start": dt.date(2025, 4, 30)},
        True,
    ),
    ("days_between(start, end)", {"start": dt.date(2024, 2, 28), "end": dt.date(2024, 3, 1)}, 2),
    (
        "add_days(start, :p_days) = end",
        {"start": dt.date(2024, 2, 27), "end": dt.date(2024, 3, 1)},
        True,
    ),
    (
        "add_days(start, 999999999) = end",
        {"start": dt.date(2024, 2, 27), "end": dt.date(2024, 3, 1)},
        None,
    ),
    ("iso_weekday(start)", {"start": dt.date(2024, 2, 25)}, 7),
    (
        "as_date(arrived) = start",
        {"arrived": dt.datetime(2024, 2, 25, 23, 59), "start": dt.date(2024, 2, 25)},
        True,
    ),
    ("safe_ratio(cost, price)", {"cost": Decimal(1), "price": Decimal(3)}, Decimal("0.333333")),
    ("safe_ratio(cost, price)", {"cost": Decimal(1), "price": Decimal(0)}, None),
    ("round_money(cost, 2, 2)", {"cost": Decimal("0.01")}, Decimal("0.01")),
    ("round_money(cost, 2, 2)", {"cost": Decimal("-0.01")}, Decimal("-0.01")),
    (
        "abs(cost - units * price) > 0.05",
        {"cost": Decimal("10.06"), "units": 2, "price": Decimal(5)},
        True,
    ),
    (
        "cost * price > 0",
        {"cost": Decimal(999999999999999999), "price": Decimal(999999999999999999)},
        None,
    ),
    ("units + 1 > 0", {"units": 2147483647}, True),
    ("CASE WHEN units > 1 THEN 'many' ELSE 'one' END = 'one'", {"units": 1}, True),
    ("coalesce(units, 0) = 0", {}, True),
    ("greatest(units, 5) > 1", {}, None),
    ("concat(code, '-', other_code) = 'A-B'", {"code": "A", "other_code": "B"}, True),
    ("regexp_matches(code, '^[A-Z][0-9]{5}$')", {"code": "A81001"}, True),
    ("upper(trim(code)) LIKE 'É%'", {"code": " école "}, True),
    ("left(code, 2) = 'ab' AND substring(code, 2, 1) = 'b'", {"code": "abc"}, True),
    ("starts_with(code, 'a') AND contains(code, 'c') AND length(code) = 3", {"code": "abc"}, True),
]


@pytest.mark.parametrize(("text", "row", "expected"), MEANINGS)
def test_means_what_it_says(text: str, row: dict[str, object], expected: object) -> None:
    assert value_of(text, **row) == expected


@pytest.mark.parametrize(
    ("text", "reason", "offset"),
    [
        ("code = 'A' AND kode = 'B'", "there is no column 'kode'; did you mean 'code'?", 15),
        ("cost / price > 1", "'/' is not allowed", 0),
        ("units = '3'", "a whole number cannot be compared with a text", 0),
        ("start > '2025-04-01'", "write a date as DATE", 0),
        ("start + 3 > end", "use add_days", 0),
        ("code = NULL", "nothing equals NULL", 0),
        ("units::text = '3'", "a cast is not allowed", 0),
        ("cost > :p_pounds", "there is no parameter ':p_pounds'", 0),
        ("read_text('/etc/passwd') = 'x'", "there is no function 'read_text'", 0),
        ("code IN (SELECT code FROM lines)", "IN takes a list of constants", 0),
        ("(SELECT 1) = 1", "is not part of the language", 0),
        ("units", "this is a whole number; a condition is wanted", 0),
        ("code AND flag", "AND, OR and NOT join conditions, not a text", 0),
        ("count(*) > 1", "count belongs into 'aggregates'", 0),
        ("regexp_matches(code, '(?=A)')", "means different things to different engines", 0),
        ("code = 'A' AND", "this is not an expression", 0),
        ("code = 'A", "a quote or bracket stays open", 0),
        ("lines.code = 'A'", "there is no column", 0),
        ("in_code_list(code, 'nothing')", "there is no code list 'nothing'", 0),
        ("flag; DROP TABLE lines", "one expression is wanted", 0),
        ("round_money(cost, 1, units) = 1", "argument 3 must be a constant", 0),
        ("start > DATE '2025-02-30'", "'2025-02-30' is not a date", 0),
        ("row_number() OVER () = 1", "is not part of the language", 0),
        ("code GLOB 'A*'", "is not part of the language", 0),
        ("units % 2 = 0", "'/' is not allowed", 0),
        ("cost > 1e9", "is too long", 0),
        ("getenv('HOME') = code", "there is no function 'getenv'", 0),
    ],
)
def test_refuses_the_rest(text: str, reason: str, offset: int) -> None:
    with pytest.raises(ExpressionError) as refusal:
        compile_expression(text, SCOPE)
    assert reason in str(refusal.value)
    if offset:
        assert refusal.value.offset == offset


@pytest.mark.parametrize(
    ("text", "proven"),
    [
        ("code IS NULL", True),
        ("line_id = 'x'", True),
        ("code = 'x'", False),
        ("coalesce(code, '') = ''", True),
        ("code IS NULL OR units > 1", False),
        ("code IS NULL AND flag IS TRUE", True),
        ("safe_ratio(1, 2) > 0", False),
        ("coalesce(safe_ratio(cost, price), 0) > 1", True),
    ],
)
def test_proves_that_a_predicate_is_never_null(text: str, proven: bool) -> None:
    assert compile_expression(text, SCOPE).never_null is proven


def test_a_place_inside_a_long_expression() -> None:
    place = Place(Path("x.toml"), 10, 5)
    assert (place_in(place, "a\nbcd", 3).line, place_in(place, "a\nbcd", 3).column) == (11, 2)
    assert place_in(place, "abc", 2).column == 7


def test_an_override_by_condition() -> None:
    scope = Scope(
        columns=COLUMNS,
        parameters={"p_days": Parameter(3, (("\"code\" = 'A'", 9),))},
    )
    compiled = compile_expression("units > :p_days", scope)
    assert "WHEN \"code\" = 'A' THEN 9 ELSE 3" in compiled.duckdb


def test_atoms_and_their_negation() -> None:
    text = "code = 'A' AND NOT (units > 1 OR flag)"
    assert len(atoms(parse(text))) == 3
    assert '(NOT (("units" > 1)))' in compile_expression(text, SCOPE, negate=1).duckdb


money = st.decimals(
    min_value=Decimal("-999999999999999999"), max_value=Decimal("999999999999999999"), places=8
)
ties = st.integers(-(10**9), 10**9).map(lambda n: Decimal(n).scaleb(-3))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(money | ties, money | ties), min_size=20, max_size=20),
       st.integers(0, 8))  # fmt: skip
def test_round_money_in_sql_equals_python(
    pairs: list[tuple[Decimal, Decimal]], places: int
) -> None:
    compiled = compile_expression(f"round_money(cost, price, {places})", SCOPE, ("decimal",))
    con = CONNECTION
    con.execute("CREATE OR REPLACE TABLE t (n INTEGER, cost DECIMAL(26,8), price DECIMAL(26,8))")
    marks = ", ".join("(?, ?, ?)" for _ in pairs)
    values = [value for i, (a, b) in enumerate(pairs) for value in (i, a, b)]
    con.execute(f"INSERT INTO t VALUES {marks}", values)
    found = con.execute(f"SELECT {compiled.duckdb} FROM t ORDER BY n").fetchall()
    for (numerator, denominator), (result,) in zip(pairs, found, strict=True):
        expected = round_money(numerator, denominator, places)
        if result is None and expected is not None:
            assert abs(expected) >= 10 ** (30 - 1 - places)  # beyond what a DECIMAL holds
            continue
        assert result == expected


@settings(max_examples=100, deadline=None)
@given(st.dates(dt.date(1900, 1, 1), dt.date(2100, 1, 1)),
       st.dates(dt.date(1900, 1, 1), dt.date(2100, 1, 1)))  # fmt: skip
def test_months_between_in_sql_equals_python(start: dt.date, end: dt.date) -> None:
    found = value_of("months_between_whole(start, end)", start=start, end=end)
    assert found == months_between_whole(start, end)
