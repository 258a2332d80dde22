"""Owns GitHub Copilot's usage metrics reports: figures per person and day, and never a call.

One record is a person's day (`users-1-day`, `users-28-day`, of an enterprise or an organisation),
an entity's day (`enterprise-1-day`, `organization-1-day`), or an entity's 28 days (`day_totals`).
Figures keep the vendor's names; a nested one is written with a dot, as its documentation does.

Source: docs.github.com/en/copilot/reference/copilot-usage-metrics, pages "Copilot usage metrics
data", "Example schema" and "Team-level metrics"; sources.md 5.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from prodlens.schemas import DailyFact, RejectReason, Skipped
from prodlens.sources import fields
from prodlens.sources.fields import UnreadableError, mapping, text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from prodlens.schemas import Outcome

SOURCE: Final = "copilot_metrics"
_MARKS: Final = frozenset(
    {
        "code_acceptance_activity_count",
        "code_generation_activity_count",
        "daily_active_users",
        "loc_added_sum",
        "totals_by_cli",
        "totals_by_feature",
        "totals_by_ide",
        "user_initiated_interaction_count",
    }
)
_OWNERS: Final = ("user_login", "user_id", "enterprise_id", "organization_id")
_RETIRED: Final = frozenset(
    {"copilot_dotcom_chat", "copilot_ide_chat", "copilot_ide_code_completions"}
)
"""Objects of the metrics API that ended in 2026."""
_FIGURE: Final = re.compile(
    r"(?:used|total|median|avg)_[a-z0-9_]{1,60}|[a-z][a-z0-9_]{0,60}_(?:count|sum|users)"
)
"""Names of figures; ids, versions and partitions of the export are none."""
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_DIMENSIONS: Final = frozenset({"comment_type", "feature", "ide", "language", "mode", "model"})
_OBJECTS: Final = ("totals_by_cli", "pull_requests")
_SEPARATORS: Final = re.compile(r"[,=]")


def matches(record: Mapping[str, Any]) -> bool:
    """Return whether a record is of a usage metrics report."""
    if "day_totals" in record:
        return "report_start_day" in record or "report_end_day" in record
    if "day" in record and any(name in record for name in _OWNERS):
        return not _MARKS.isdisjoint(record) or "team_id" in record
    return "download_links" in record or not _RETIRED.isdisjoint(record)


def read(record: Mapping[str, Any], *, now: datetime) -> Iterable[Outcome]:
    """Read one record.

    Args:
        record: The decoded record.
        now: The present instant; days after tomorrow are out of range.

    Returns:
        A figure for each number of each day; a day with an unreadable one is set aside whole.
    """
    if "day_totals" in record:
        days = [mapping(day) for day in fields.sequence(record.get("day_totals"))]
        found = [outcome for day in days for outcome in _day(day, record, now)]
        return found or (Skipped("Copilot report without days"),)
    if "download_links" in record:
        return (Skipped("Copilot report links"),)
    if not _RETIRED.isdisjoint(record):
        return (Skipped("Copilot metrics of the retired API"),)
    if _MARKS.isdisjoint(record):
        return (Skipped("Copilot team membership"),)
    return _day(record, record, now)


def _day(day: Mapping[str, Any], report: Mapping[str, Any], now: datetime) -> Iterable[Outcome]:
    try:
        event_date = _date(day.get("day"), now)
        figures = dict[tuple[str, str], float]()
        for metric, dimension, value in _figures(day):
            # An entry that repeats adds to the one before: it was broken down further.
            figures[metric, dimension] = figures.get((metric, dimension), 0.0) + value
    except UnreadableError as bad:
        return (fields.rejected(bad, day, ids=_OWNERS, times=("day",)),)
    person = fields.person(day.get("user_login")) or fields.person(day.get("user_id"))
    owner = _owner(day, report, of_person=person is not None)
    found = [
        DailyFact(SOURCE, event_date, person, metric, _joined(owner, dimension), value)
        for (metric, dimension), value in figures.items()
    ]
    return found or (Skipped("Copilot day without figures"),)


def _date(value: object, now: datetime) -> str:
    """Return the vendor's day.

    Raises:
        UnreadableError: Missing, no day, or out of range.
    """
    if isinstance(value, str) and not _DAY.fullmatch(value.strip()):
        raise UnreadableError(RejectReason.BAD_TIMESTAMP, "day")
    fields.instant(value, now, "day")
    if not isinstance(value, str):
        raise UnreadableError(RejectReason.BAD_TIMESTAMP, "day")
    return value.strip()


def _owner(day: Mapping[str, Any], report: Mapping[str, Any], *, of_person: bool) -> str:
    """Return the entity a day belongs to, as a dimension.

    A person's day in the enterprise is the person's whole day. An organisation's report holds the
    part of it there, and totals of several entities stand side by side.
    """
    names = ("organization",) if of_person else ("organization", "enterprise")
    for name in names:
        found = text(day.get(f"{name}_id")) or text(report.get(f"{name}_id"))
        if found is not None:
            return f"{name}={_SEPARATORS.sub('_', found)}"
    return ""


def _joined(owner: str, dimension: str) -> str:
    return ",".join(part for part in (owner, dimension) if part)


def _figures(day: Mapping[str, Any]) -> Iterator[tuple[str, str, float]]:
    """Yield `(metric, dimension, value)` of a day.

    Raises:
        UnreadableError: A number that makes no sense.
    """
    yield from _plain(day, "", "")
    for name, value in day.items():
        if name.startswith("totals_by_") and name not in _OBJECTS:
            yield from _entries(value, "")
    for name in _OBJECTS:
        held = mapping(day.get(name))
        yield from _plain(held, f"{name}.", "")
        yield from _plain(mapping(held.get("token_usage")), f"{name}.token_usage.", "")
        yield from _entries(held.get("copilot_suggestions_by_comment_type"), f"{name}.")


def _entries(value: object, prefix: str) -> Iterator[tuple[str, str, float]]:
    """Yield the figures of a list whose entries name what they are of."""
    for entry in fields.sequence(value):
        held = mapping(entry)
        parts = [
            f"{name}={_SEPARATORS.sub('_', found)}"
            for name in sorted(_DIMENSIONS)
            if (found := text(held.get(name)) or _unknown(held.get(name))) is not None
        ]
        if parts:
            yield from _plain(held, prefix, ",".join(parts))


def _unknown(value: object) -> str | None:
    """Return `unknown`, which the vendor writes for a language or model it can't tell."""
    return "unknown" if isinstance(value, str) and value.strip().lower() == "unknown" else None


def _plain(
    held: Mapping[str, Any], prefix: str, dimension: str
) -> Iterator[tuple[str, str, float]]:
    for name, value in held.items():
        if not _FIGURE.fullmatch(name) or isinstance(value, dict | list):
            continue
        number = float(value) if isinstance(value, bool) else fields.measure(value, name)
        if number is not None:
            yield prefix + name, dimension, number
