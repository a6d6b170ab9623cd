import json

import pytest

from comptroller.challenges.coverage import months_words
from comptroller.challenges.identifiers import evidence_words, local_identifier, without_identifiers
from comptroller.challenges.log import related_words


def test_months_in_few_words() -> None:
    months = [("2026/27", 3), ("2026/27", 1), ("2026/27", 2), ("2026/27", 5), ("2025/26", 13)]
    assert months_words(months) == "2025/26 M13; 2026/27 M1–M3, M5"
    assert months_words([None]) == ""


@pytest.mark.parametrize(
    "evidence",
    [
        [["practice", "A1"], ["patient_key", "k"], ["n", 2]],
        {"practice": "A1", "patient_key": "k", "n": 2},
        [{"name": "practice", "value": "A1"}, {"name": "event_key", "value": "k"}, {"n": 2}],
    ],
)
def test_evidence_is_read_in_every_form_without_keys(evidence: object) -> None:
    assert evidence_words(json.dumps(evidence)) == "practice: A1; n: 2"


def test_evidence_that_is_no_json_is_still_shown_and_cleaned() -> None:
    assert evidence_words("seen 9434765919") == "evidence: seen (withheld)"
    assert evidence_words(None) == ""


def test_only_valid_nhs_numbers_are_withheld() -> None:
    assert without_identifiers("call 020 7946 0000, id 9434765918") == (
        "call 020 7946 0000, id 9434765918"
    )
    assert local_identifier("9434765919") == "(withheld)"
    assert local_identifier("H123") == "H123"
    assert local_identifier(None) is None


def test_related_rows_come_as_list_or_text() -> None:
    assert related_words(["a", "b"]) == "a, b"
    assert related_words('["a", "b"]') == "a, b"
    assert related_words("a") == "a"
    assert related_words("[]") is None
