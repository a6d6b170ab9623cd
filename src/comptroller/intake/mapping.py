"""Which column is which element: by header words and by values, solved as one assignment.

Every pair of column and element gets a score from 0 to 1: an exact name or alias, similar words,
and whether the values fit. The pairs are then chosen together so that no element is taken twice
and the sum is greatest. A column below the threshold is left unused, with its best guess shown as
the runner-up: it is never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
from rapidfuzz import fuzz, process

from comptroller.intake.evidence import ColumnEvidence, fit, product_of
from comptroller.intake.source import MappedColumn
from comptroller.intake.synonyms import LOCAL_NAMES, MAY_BE, written_out
from comptroller.vocabulary import DataSet, Element, data_set, elements, normalise_header

ACCEPT = 0.70
"""Least confidence with which a column is used."""

SURE = 0.75
"""Least confidence of a column without which there is no honest line."""

_CONTRADICTED = 0.3
_OF_ONE = re.compile(r"\b(price|rate|tariff|unit)\b")
_TOLD_BY_VALUES = ("nhs_number", "pod_code", "tariff_code")
_SIMILAR_FROM = 72.0


@dataclass(frozen=True)
class ColumnMapping:
    """The columns of a table with what they are."""

    columns: tuple[MappedColumn, ...]

    def element(self, name: str) -> MappedColumn | None:
        """Return the column mapped to an element, or None."""
        return next((c for c in self.columns if c.element == name), None)

    @property
    def used(self) -> tuple[MappedColumn, ...]:
        """The columns that have an element."""
        return tuple(c for c in self.columns if c.element)


@cache
def _names_of(data_set_id: str) -> tuple[tuple[str, str], ...]:
    """Every name of every element of a data set, written out, with its element."""
    known: dict[str, str] = {}
    chosen = data_set(data_set_id)
    for header, element in chosen.headers().items():
        known.setdefault(written_out(header), element.name)
    for name, local in LOCAL_NAMES.items():
        if chosen.has(name):
            for header in local:
                known.setdefault(written_out(header), name)
    return tuple(sorted(known.items()))


@cache
def name_scores(data_set_id: str, header: str) -> Mapping[str, tuple[float, str]]:
    """Return for a header the elements its words suggest, with score and basis."""
    if not header.strip():
        return {}
    chosen = data_set(data_set_id)
    plain = written_out(header)
    open_to = [name for name in MAY_BE.get(plain, ()) if chosen.has(name)]
    if len(open_to) > 1:
        return dict.fromkeys(open_to, (0.8, "may be several things"))
    exact = chosen.match_header(header)
    if exact is not None and ("£" not in header or exact.kind == "money"):
        national = normalise_header(header) in (
            normalise_header(exact.dictionary_name),
            normalise_header(exact.name),
        )
        return {exact.name: (1.0 if national else 0.96, "national name" if national else "alias")}
    return _similar(data_set_id, plain)


def _similar(data_set_id: str, plain: str) -> dict[str, tuple[float, str]]:
    names = _names_of(data_set_id)
    scores: dict[str, tuple[float, str]] = {}
    near = process.extract(
        plain,
        [name for name, _ in names],
        scorer=fuzz.token_set_ratio,
        score_cutoff=_SIMILAR_FROM - 4,
        limit=None,
    )
    for name, whole, index in near:
        element = names[index][1]
        if name == plain:
            score, basis = 0.94, "local name"
        else:
            ratio = max(
                fuzz.ratio(plain, name),
                fuzz.token_sort_ratio(plain, name),
                whole * _overlap(plain, name),
            )
            if ratio < _SIMILAR_FROM:
                continue
            score = 0.35 + 0.5 * (ratio - _SIMILAR_FROM) / (100 - _SIMILAR_FROM)
            basis = "similar words"
        if score > scores.get(element, (0.0, ""))[0]:
            scores[element] = (round(score, 3), basis)
    return scores


def _overlap(left: str, right: str) -> float:
    """Return how much of the longer text the shorter covers, so that a part is no whole."""
    short, long = sorted((len(left.split()), len(right.split())))
    return 0.75 + 0.25 * short / long if long else 0.0


def map_columns(
    data_set_id: str, headers: Sequence[str], evidence: Sequence[ColumnEvidence] | None
) -> ColumnMapping:
    """Map the columns of a table to the elements of a data set.

    Args:
        data_set_id: The data set.
        headers: Header of each column, '' for none.
        evidence: What the values look like; None where exact names alone are to decide.
    """
    chosen = data_set(data_set_id)
    candidates = list(chosen.elements)
    scores = np.zeros((len(headers), len(candidates)))
    bases: dict[tuple[int, int], str] = {}
    for column, header in enumerate(headers):
        named = name_scores(data_set_id, header)
        for position, element in enumerate(candidates):
            words, basis = named.get(element.name, (0.0, ""))
            if not words and element.name not in _TOLD_BY_VALUES:
                continue
            score, why = _combine(element, words, basis, evidence[column] if evidence else None)
            if score:
                scores[column, position] = score
                bases[column, position] = why
    if evidence:
        _money_that_multiplies_out(candidates, scores, bases, evidence)
    _prefer_the_whole(headers, candidates, scores)
    # What is too weak to count must not push a column to its second best: it only says what a
    # column that nothing was found for may be.
    sure = np.where(scores >= ACCEPT, scores, 0.0)
    picked = {column: place for column, place in _assign(sure).items() if sure[column, place]}
    taken = set(picked)
    free = sorted(set(range(len(candidates))) - set(picked.values()))
    for column in range(len(headers)):
        if column not in taken and free:
            likeliest = max(free, key=lambda place: scores[column, place])
            if scores[column, likeliest]:
                picked[column] = likeliest
    return ColumnMapping(
        tuple(
            _decided(column, header, picked.get(column), taken, scores, bases, candidates)
            for column, header in enumerate(headers)
        )
    )


def _assign(scores: npt.NDArray[np.float64]) -> dict[int, int]:
    """Return column to element so that none is taken twice and the sum is greatest."""
    best = scores.argmax(axis=1)
    named = [column for column in range(len(scores)) if scores[column, best[column]] > 0]
    alone = (scores > 0).sum(axis=1)
    if len({int(best[c]) for c in named}) == len(named) and all(alone[c] == 1 for c in named):
        # Every column speaks for one element of its own: nothing is to be solved.
        return {column: int(best[column]) for column in named}
    from scipy.optimize import linear_sum_assignment

    rows, elements_ = linear_sum_assignment(scores, maximize=True)
    return dict(zip(rows.tolist(), elements_.tolist(), strict=True))


def _combine(
    element: Element, words: float, basis: str, evidence: ColumnEvidence | None
) -> tuple[float, str]:
    """Put the words of the header and the values together."""
    if evidence is None:
        return (words, basis) if words >= 0.9 else (0.0, "")
    fits = fit(element, evidence)
    if words:
        if fits < _CONTRADICTED and evidence.filled >= 5:
            return round(words * 0.4, 3), f"{basis}, but the values do not fit"
        if basis == "similar words":
            return round(min(words + 0.3 * (fits - 0.4), 0.93), 3), f"{basis} and values"
        return round(words - 0.1 * max(0.5 - fits, 0.0), 3), basis
    if evidence.filled < 10:
        return 0.0, ""
    # Values alone prove few things: check digits and national code lists.
    if element.kind == "nhs_number" and evidence.share("nhs") > 0.9:
        return 0.8, "check digits"
    if element.name == "pod_code" and evidence.share("pod") > 0.95 and evidence.distinct > 1:
        return 0.78, "national codes"
    if element.name == "tariff_code" and evidence.share("hrg") > 0.95:
        return 0.72, "HRG codes"
    return 0.0, ""


def _money_that_multiplies_out(
    candidates: Sequence[Element],
    scores: npt.NDArray[np.float64],
    bases: dict[tuple[int, int], str],
    evidence: Sequence[ColumnEvidence],
) -> None:
    """Raise count, unit price and cost where count times price is the cost in the sample."""
    place = {e.name: i for i, e in enumerate(candidates)}
    names = ("activity_count", "activity_unit_price", "activity_cost")
    if any(name not in place for name in names):
        return
    likely = [
        [c for c in range(len(evidence)) if scores[c, place[name]] >= 0.3][:6] for name in names
    ]
    best: tuple[float, tuple[int, int, int]] | None = None
    one_each: list[int] = []
    for count in likely[0]:
        for price in likely[1]:
            for cost in likely[2]:
                if len({count, price, cost}) < 3:
                    continue
                share = product_of(evidence, count, price, cost)
                sure = scores[cost, place[names[2]]] >= scores[price, place[names[2]]] + 0.05
                if share is None and sure:
                    same = product_of(evidence, count, price, cost, of_one=True)
                    one_each += [price] if same is not None and same >= 0.9 else []
                if share is not None and share >= 0.8 and (best is None or share > best[0]):
                    best = share, (count, price, cost)
    if best is None:
        if len(set(one_each)) == 1:
            # Of one each, the price is the cost; another column is called the cost.
            key = (one_each[0], place["activity_unit_price"])
            scores[key] = min(scores[key] + 0.1, 0.99)
            bases[key] = f"{bases.get(key, 'values')}; the cost where the count is one"
        return
    for name, column in zip(names, best[1], strict=True):
        key = (column, place[name])
        scores[key] = min(scores[key] + 0.2, 0.99)
        bases[key] = f"{bases.get(key, 'values')}; count times price is the cost"


def _prefer_the_whole(
    headers: Sequence[str], candidates: Sequence[Element], scores: npt.NDArray[np.float64]
) -> None:
    """Take money that may as well be the price of one for the cost, where it is one or the other.

    As a price it would be let in unasked, and the line would have no pounds. The only column of
    its kind is the cost, unless its heading speaks of a price; else a person is asked.
    """
    place = {e.name: i for i, e in enumerate(candidates)}
    if not {"activity_unit_price", "activity_cost"} <= place.keys():
        return
    cost, price = scores[:, place["activity_cost"]], scores[:, place["activity_unit_price"]]
    either = np.flatnonzero((cost > 0) & (cost == price))
    cost[either] += 0.001
    if len(either) == 1 and np.count_nonzero((cost > 0.5) | (price > 0.5)) == 1:
        only = int(either[0])
        if not _OF_ONE.search(normalise_header(headers[only])):
            price[only] = 0.0


def _decided(
    column: int,
    header: str,
    position: int | None,
    taken: Collection[int],
    scores: npt.NDArray[np.float64],
    bases: Mapping[tuple[int, int], str],
    candidates: Sequence[Element],
) -> MappedColumn:
    best = float(scores[column, position]) if position is not None else 0.0
    order = np.argsort(-scores[column], kind="stable")
    others = [int(i) for i in order if int(i) != position and scores[column, int(i)] > 0.3]
    runner = f"{candidates[others[0]].name} {scores[column, others[0]]:.2f}" if others else ""
    if position is None or best < ACCEPT:
        guess = (
            f"{candidates[position].name} {best:.2f}" if position is not None and best else runner
        )
        return MappedColumn(
            column, header, "", round(best, 2), "not sure enough" if guess else "", guess
        )
    if others:
        # A close second on the same column takes from the certainty.
        gap = best - float(scores[column, others[0]])
        best -= max(0.0, 0.1 - gap)
    rivals = [c for c in range(len(scores)) if c != column and scores[c, position] > best - 0.06]
    if any(c not in taken for c in rivals):
        # So does another column that may be the same thing and is nothing else.
        best -= 0.25
    if best < ACCEPT:
        guess = f"{candidates[position].name} {best:.2f}"
        return MappedColumn(column, header, "", round(best, 2), "another column may be it", guess)
    basis = bases.get((column, position), "")
    return MappedColumn(column, header, candidates[position].name, round(best, 2), basis, runner)


def confirmed(
    headers: Sequence[str],
    chosen: Mapping[str, str],
    basis: str = "saved layout",
    confidence: float = 1.0,
) -> ColumnMapping:
    """Return the mapping that a saved layout states: normalised header to element."""
    columns = []
    for index, header in enumerate(headers):
        element = chosen.get(normalise_header(header), "")
        if element in elements():
            columns.append(MappedColumn(index, header, element, confidence, basis))
        else:
            columns.append(MappedColumn(index, header, "", 0.0, ""))
    return ColumnMapping(tuple(columns))


def helped(
    mapping: ColumnMapping, known: Collection[str], chosen: Mapping[str, str], basis: str
) -> ColumnMapping:
    """Return a mapping in which the columns of a saved layout are what that layout says.

    Args:
        mapping: What the words and values say.
        known: Normalised headers that the layout has, also those that it does not use.
        chosen: Normalised header to element.
        basis: How to name the layout.
    """
    said = {chosen.get(normalise_header(column.header), "") for column in mapping.columns} - {""}
    columns = []
    for column in mapping.columns:
        header = normalise_header(column.header)
        if column.header and header in known:
            element = chosen.get(header, "")
            sure = 0.95 if element else 0.0
            columns.append(MappedColumn(column.index, column.header, element, sure, basis))
        elif column.element in said:
            columns.append(MappedColumn(column.index, column.header, "", 0.0, ""))
        else:
            columns.append(column)
    return ColumnMapping(tuple(columns))


def exact_share(chosen: DataSet, headers: Sequence[str]) -> float:
    """Return the share of non-empty headers that name an element of the data set exactly."""
    named = [h for h in headers if h.strip()]
    return sum(1 for h in named if chosen.match_header(h)) / len(named) if named else 0.0
