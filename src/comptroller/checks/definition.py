"""What a check is: the grammar of the rulebook as data classes.

A rulebook file holds one table per check, named by the check's id::

    [DUP-003]
    title = "Spell charged more than once"
    question = "paid_already"         # our_patient | care_given | paid_already | someone_else_pays
                                      # | as_agreed
    precedence = 2                    # 1 not ours, 2 not provided or duplicate, 3 not permitted,
                                      # 4 wrong setting or count, 5 wrong price, 6 statistical
    type = "group"                    # row | group (over `checked`) | total (over `slice_facts`)
    data_sets = ["PLCM"]
    scope = "is_base_spell"           # optional; a predicate; default: every line of the data sets
    exclusions = ["private"]          # optional; named predicates of rulebook/exclusions.toml
    group_by = ["provider_code", "hospital_provider_spell_identifier"]     # group only
    aggregates = { charges = "count(*)" }                                  # group only
    wrong_when = "charges > 1"        # says what is WRONG; for a group over its keys, aggregates
                                      # and parameters
    keep = "dearest"                  # group only: which line of a wrong group is right, see KEEP
    on_missing = "not_applicable"     # flag | pass | not_applicable, when wrong_when is unknown
                                      # (NULL); or never, if the loader can prove it never is
    value = "V-KEEP1"                 # see VALUES
    confidence = 0.8                  # 0..1, a prior
    message = "Spell {hospital_provider_spell_identifier} is charged {charges} times"
    action = "Ask the provider to credit the second charge"
    evidence = ["hospital_provider_spell_identifier", "charges"]
    next_review = "2027-04-01"

Optional keys: ``value_expression`` (pounds of one finding, a decimal expression; required by the
values that VALUES marks so), ``component`` (which part of a line's price the value claims, see
COMPONENTS), ``paid`` (``terms``, the default: the payment terms of the line say what is cash;
``in_full``: what is wrong is that it was charged beside the terms, all of it is cash),
``finding`` (group only: ``line``, the default, gives one finding for each line that is
not kept; ``group`` gives one finding for the whole group, on the kept line, its pounds shared over
the group's other lines), ``keep_by`` (the column of ``keep = "majority"``), ``shift_to`` (V-SHIFT:
the column with the payer that should pay, default ``responsible_payer``; equal to ``charged_payer``
the value is nil), ``related_lines`` (columns that hold the line_id of the other line of the
matter), ``counterparty`` (a column; default: the provider), ``needs`` (names of reference tables or
data sets, alternatives joined by ``|``: ``["practices", "SUS_APC|SUS_OP"]``; a data set is looked
for per provider and month), ``parameters`` (``{ p_days = 3 }``, used as ``:p_days`` in expressions
and ``{p_days}`` in the message), ``tolerance`` (pounds: a value up to it is no finding),
``minimum_value`` (pounds: a smaller value is no finding), ``review`` (automated, the default, or
complex), ``checked_by``, ``example_defaults``.

A named type stands for all that checks of one shape have in common: with ``type = "restricted"``
(a procedure under a policy for which no approval was asked) or ``type = "intervention"`` (the same
of the evidence-based interventions, where no approval covers it) a check needs its ``title`` only,
and what it says itself goes before what the type says. Which procedures it looks at is data: the
rows of the reference table ``policies`` that name it under ``check_id``. In a need,
``policies.PLC-010`` stands for a row of that table that names the check.

Basis, one per edition: ``[[DUP-003.basis]]`` with ``document`` and optionally ``edition``,
``paragraph`` (only if confirmed from a source we hold), ``status`` (confirmed | to confirm |
judgement), ``from``, ``to``, ``url``.

Examples: ``[[DUP-003.examples]]`` each with exactly one of ``wrong``, ``right`` or ``missing``,
holding one row (a table) or several (an array of tables) of column = value; columns left out are
NULL, but ``data_set`` is the check's first data set, ``provider_code`` RZZ, the month 1 of
2025/26, and ``line_id``, ``event_key`` and ``row`` are numbered. ``example_defaults`` (on the
check) and ``defaults`` (on the example) fill columns in every row. Optional: ``flags = [2]``
(which rows are flagged, from 1), ``value = "120.00"`` (pounds of all findings of the example),
``parameters`` and ``note``. A ``wrong`` example must flag at least one row, a ``right`` one none,
a ``missing`` one must make the predicate unknown (a scope or ``wrong_when`` that is NULL, or a
group key that is NULL) and takes ``on_missing``. Every check has at least one wrong, one right
and, unless ``on_missing = "never"``, one missing example. Dates are TOML dates or ISO text; money
is text or a number.

Unknown, for certain: a line whose scope or wrong_when is NULL is counted and takes ``on_missing``;
but where wrong_when is FALSE the line passes whatever its scope. An exclusion excludes only when it
is TRUE. A line with a NULL group key is unknown.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

CATEGORIES: Mapping[str, str] = MappingProxyType(
    {
        "ATT": "Attribution and responsible commissioner",
        "DUP": "Duplicates",
        "SPL": "Spell construction and admitted-care counting",
        "OPC": "Outpatient counting and setting",
        "AED": "Urgent and emergency care attendances",
        "PRC": "Pricing",
        "COD": "Clinical coding and HRG",
        "DQV": "Data quality: validity and plausibility",
        "TIM": "Timeliness, flex and freeze",
        "REC": "Reconciliation between data sets",
        "EBI": "Evidence-based interventions",
        "PLC": "Prior approval and restricted procedures",
        "HCD": "High-cost drugs",
        "DEV": "High-cost devices",
        "CRC": "Critical care",
        "MAT": "Maternity",
        "UNB": "Unbundled and direct access",
        "NCA": "Non-contract and low-volume activity",
        "PQL": "Pathway and quality-linked payment",
        "CON": "Contract level",
        "ANO": "Benchmarking and anomaly",
    }
)

QUESTIONS: Mapping[str, str] = MappingProxyType(
    {
        "our_patient": "Is this our patient?",
        "care_given": "Was this care given?",
        "paid_already": "Have we paid already?",
        "someone_else_pays": "Does someone else pay?",
        "as_agreed": "Was it charged as agreed?",
    }
)

PRECEDENCE: Mapping[int, str] = MappingProxyType(
    {
        1: "not our patient",
        2: "not provided, or a duplicate",
        3: "not permitted",
        4: "wrong setting or count",
        5: "wrong price",
        6: "statistical",
    }
)


@dataclass(frozen=True)
class Value:
    """How a finding is worth what it is worth."""

    code: str
    meaning: str
    expression: Literal["required", "optional", "none"]
    component: str


VALUES: Mapping[str, Value] = MappingProxyType(
    {
        value.code: value
        for value in (
            Value("V-FULL", "whole cost of the line", "none", "whole"),
            Value("V-DIFF", "charged minus correct price; may be negative", "required", "price"),
            Value("V-SHIFT", "whole cost, moved to another payer", "none", "whole"),
            Value("V-KEEP1", "cost of every record of the group but the one kept", "none", "whole"),
            Value(
                "V-MRG",
                "sum of the parts minus the price of the combined record",
                "required",
                "price",
            ),
            Value("V-EXC", "excess units at the unit price", "required", "activity"),
            Value("V-XBD", "excess bed days at the daily rate", "required", "excess_bed_days"),
            Value("V-CAP", "actual above the cap, at the average price", "required", "activity"),
            Value("V-PCT", "agreed percentage of the value at risk", "required", "withheld"),
            Value("V-EST", "statistical excess: a lead, not a claim", "required", "whole"),
            Value("V-GAP", "unexplained difference between two totals", "required", "price"),
            Value("V-NIL", "no direct money", "none", "whole"),
        )
    }
)

COMPONENTS: Mapping[str, str] = MappingProxyType(
    {
        "whole": "the whole cost of the line",
        "activity": "the number of units charged",
        "price": "the unit price",
        "market_forces": "the market forces payment",
        "excess_bed_days": "days beyond the trim point",
        "top_up": "a specialised top-up",
        "withheld": "a sum withheld under the contract",
        "movement": "a movement between two versions of a slice",
    }
)

KEEP: Mapping[str, str] = MappingProxyType(
    {
        "dearest": "the line with the highest cost",
        "cheapest": "the line with the lowest cost",
        "earliest": "the line of the earliest month, then activity date",
        "latest": "the line of the latest month, then activity date",
        "first": "the first line of the file",
        "majority": "every line that has the commonest value of keep_by (ties: the dearer)",
        "none": "no line",
    }
)

ON_MISSING = ("flag", "pass", "not_applicable", "never")
PAID = ("terms", "in_full")
TYPES = ("row", "group", "total")
REVIEWS = ("automated", "complex")
BASIS_STATUS = ("confirmed", "to confirm", "judgement")

Scalar = str | int | Decimal | bool | dt.date | dt.datetime
ParameterValue = str | int | Decimal | bool | dt.date | tuple[str, ...] | tuple[Decimal, ...]


@dataclass(frozen=True)
class Place:
    """A place in a rulebook file: path, line and column, both from 1."""

    path: Path
    line: int
    column: int = 1

    def __str__(self) -> str:
        return f"{self.path.name}, line {self.line}"


@dataclass(frozen=True)
class Basis:
    """Where a check's rule comes from, one per edition."""

    document: str
    edition: str = ""
    paragraph: str = ""
    status: str = "to confirm"
    from_date: dt.date | None = None
    to_date: dt.date | None = None
    url: str = ""


@dataclass(frozen=True)
class Example:
    """Rows that a check must flag, leave alone, or find unknown."""

    kind: Literal["wrong", "right", "missing"]
    rows: tuple[Mapping[str, Scalar], ...]
    place: Place
    flags: tuple[int, ...] | None = None
    value: Decimal | None = None
    parameters: Mapping[str, ParameterValue] = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True)
class Exclusion:
    """A named predicate that takes lines out of a check's scope where it is true."""

    name: str
    title: str
    predicate: str
    place: Place
    needs: tuple[str, ...] = ()
    basis: tuple[Basis, ...] = ()


@dataclass(frozen=True)
class Check:
    """One rule of the rulebook, as read; its expressions are not compiled yet."""

    id: str
    title: str
    question: str
    precedence: int
    type: Literal["row", "group", "total"]
    data_sets: tuple[str, ...]
    wrong_when: str
    on_missing: Literal["flag", "pass", "not_applicable", "never"]
    value: str
    confidence: Decimal
    message: str
    action: str
    evidence: tuple[str, ...]
    next_review: dt.date
    place: Place
    places: Mapping[str, Place]
    scope: str = ""
    exclusions: tuple[str, ...] = ()
    group_by: tuple[str, ...] = ()
    aggregates: Mapping[str, str] = field(default_factory=dict)
    keep: str = "dearest"
    keep_by: str = ""
    finding: Literal["line", "group"] = "line"
    value_expression: str = ""
    component: str = "whole"
    paid: str = "terms"
    shift_to: str = ""
    related_lines: tuple[str, ...] = ()
    counterparty: str = ""
    needs: tuple[str, ...] = ()
    parameters: Mapping[str, ParameterValue] = field(default_factory=dict)
    tolerance: Decimal = Decimal(0)
    minimum_value: Decimal = Decimal(0)
    review: str = "automated"
    checked_by: str = ""
    basis: tuple[Basis, ...] = ()
    examples: tuple[Example, ...] = ()
    own: bool = False

    @property
    def category(self) -> str:
        """The category's code, the part of the id before the dash."""
        return self.id.split("-", 1)[0]

    def place_of(self, key: str) -> Place:
        """Return where ``key`` is written, or the check's own place."""
        return self.places.get(key, self.place)


_SEMANTIC: tuple[str, ...] = (
    *(
        "id",
        "type",
        "data_sets",
        "scope",
        "group_by",
        "aggregates",
        "wrong_when",
        "keep",
        "keep_by",
    ),
    *("finding", "on_missing", "value", "value_expression", "component", "shift_to"),
    *("related_lines", "counterparty", "needs", "tolerance", "minimum_value", "precedence"),
    *("question", "message", "evidence"),
)


def fingerprint(
    check: Check,
    exclusions: Mapping[str, Exclusion],
    parameters: Any = None,
) -> str:
    """Return 16 hex digits over everything of a rule that can change its findings.

    Args:
        check: The check.
        exclusions: The shared sets, by name; those the check names are part of its meaning.
        parameters: The parameters in force where they differ from the check's defaults.
    """
    content: dict[str, Any] = {name: _plain(getattr(check, name)) for name in _SEMANTIC}
    if check.paid != "terms":
        content["paid"] = check.paid
    content["exclusions"] = {
        name: exclusions[name].predicate for name in check.exclusions if name in exclusions
    }
    content["parameters"] = _plain(check.parameters if parameters is None else parameters)
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _plain(value: object) -> object:
    """Return ``value`` made of JSON types, numbers as text so that 1.0 and 1.00 stay apart."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if isinstance(value, Decimal | dt.date):
        return str(value)
    return value
