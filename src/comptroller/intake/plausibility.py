"""Hold a month with far more or fewer lines than its provider has, or with those of another month.

Both compare like with like: of the months before, only the commissioners and the groups of points
of delivery that the file has count, so that a part of the return is held against the same part.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from datetime import date
from decimal import Decimal

from comptroller.intake.periods import first_day
from comptroller.intake.pod_groups import Groups
from comptroller.intake.recognise import SUS_DATA_SETS
from comptroller.intake.surroundings import SliceKey, Surroundings

LEAST_MONTHS = 4
"""How many earlier months it takes to speak of a trend."""

_MOST_MONTHS = 12
_YEAR_END = 13

Month = tuple[str, int]
_Content = Mapping[tuple[str, str], tuple[int, Decimal]]
"""Commissioner and group of points of delivery to lines and pounds: a month without its label, its
days and its ids."""


def out_of_trend(
    mine: Mapping[SliceKey, Groups],
    changed: Set[SliceKey],
    around: Surroundings,
    received: date,
) -> list[str]:
    """Return why a file's newest month is off the trend of its provider and data set, if it is.

    Args:
        mine: The slices of the file.
        changed: Those whose content is not what is loaded.
        around: What was loaded before.
        received: When the file came: a month that was not over by then tells nothing.
    """
    rules, holds = around.rules, []
    if not rules.volume_band:
        return []
    for (data_set, provider), months in _each(mine, around):
        own = _months_of(changed, data_set, provider)
        over = [m for m in own if m[1] < _YEAR_END and _is_over(m, received)]
        if not over:
            continue
        newest = max(over)
        earlier = sorted(m for m in months if m < newest and m[1] < _YEAR_END)[-_MOST_MONTHS:]
        if len(earlier) < LEAST_MONTHS:
            continue
        counts = [_lines(months[month]) for month in earlier]
        least, most, now = min(counts), max(counts), _lines(months[newest])
        few = least / rules.volume_band - now
        many = now - most * rules.volume_band
        if max(few, many) > rules.volume_floor:
            holds.append(
                f"{now:,} lines of {provider} {data_set} in {_label(newest)}, where the "
                f"{len(earlier)} months before had {least:,} to {most:,}: ask whether the month is "
                "complete and counted once, then have it sent again, or promote it with the reason"
            )
    return holds


def repeated_months(
    mine: Mapping[SliceKey, Groups], changed: Set[SliceKey], around: Surroundings
) -> list[str]:
    """Return which months of a file have the content of another month under a new label, if any.

    Equal are months with equal lines and pounds, to the penny, of every commissioner and group of
    points of delivery. Where three months are alike the provider charges so each month, as in a
    block contract, and nothing is said. SUS has its months from the days of the care, so that
    there is no label to be wrong.
    """
    holds = []
    for (data_set, provider), months in _each(mine, around):
        if data_set in SUS_DATA_SETS:
            continue
        for month in sorted(_months_of(changed, data_set, provider)):
            content = months.get(month, {})
            if _lines(content) < around.rules.repeat_floor or not _pounds(content):
                continue
            same = [other for other in sorted(months) if months[other] == content]
            if len(same) != 2:
                continue
            other = same[0] if same[1] == month else same[1]
            if other > month and other in _months_of(changed, data_set, provider):
                continue  # Both are the file's own: told once, of the later one.
            holds.append(
                f"{_label(month)} of {provider} {data_set} repeats {_label(other)}: the same "
                f"{_lines(content):,} lines and £{_pounds(content):,.2f}, commissioner by "
                "commissioner; ask for the month's own lines, or promote it with the reason if "
                "they are its own"
            )
    return holds


def _each(
    mine: Mapping[SliceKey, Groups], around: Surroundings
) -> Iterator[tuple[tuple[str, str], dict[Month, _Content]]]:
    """Give the months of each data set and provider of a file as they would be with it loaded."""
    for data_set, provider in sorted({key[:2] for key in mine}):
        own = {key: groups for key, groups in mine.items() if key[:2] == (data_set, provider)}
        commissioners = {key[2] for key in own}
        names = {name for groups in own.values() for name in groups}
        loaded = {
            key: version.groups
            for key, version in around.versions.items()
            if key[:2] == (data_set, provider)
        }
        months: dict[Month, dict[tuple[str, str], tuple[int, Decimal]]] = {}
        covered = {key[3:] for key in own}
        for key, groups in [
            *((key, groups) for key, groups in loaded.items() if key[3:] not in covered),
            *own.items(),
        ]:
            cells = {
                (key[2], name): (one.rows, one.cost)
                for name, one in groups.items()
                if key[2] in commissioners and name in names
            }
            if cells:
                months.setdefault(key[3:], {}).update(cells)
        yield (data_set, provider), dict(months)


def _months_of(changed: Set[SliceKey], data_set: str, provider: str) -> set[Month]:
    return {key[3:] for key in changed if key[:2] == (data_set, provider)}


def _is_over(month: Month, received: date) -> bool:
    begun = first_day(*month)
    following = date(begun.year + begun.month // 12, begun.month % 12 + 1, 1)
    return received >= following


def _lines(content: _Content) -> int:
    return sum(rows for rows, _ in content.values())


def _pounds(content: _Content) -> Decimal:
    return sum((cost for _, cost in content.values()), Decimal(0))


def _label(month: Month) -> str:
    return f"{month[0]}-M{month[1]:02d}"
