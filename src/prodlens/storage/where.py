"""The only translation of a `Selection` into SQL; runs no SQL and knows nothing else.

Every value travels as a named parameter (`:where_...`), so that two clauses of one selection can
stand in the same statement: equal names hold equal values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from prodlens.clock import format_instant
from prodlens.storage.persons import is_one_of
from prodlens.storage.zones import local_day_sql

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from prodlens.selection import Selection

PullRequestTime = Literal["created_at", "merged_at", "closed_at", "updated_at", "reopened_at"]
"""Times of a pull request that a window can be about."""


class Clause(NamedTuple):
    """A condition and its parameters.

    Attributes:
        sql: Text to stand after `where`; `true` when everything is selected.
        parameters: Named parameters of the text, without the colon.
        day: Expression of the day on which a row counts: the stored UTC day, or the day of the
            selection's zone, computed from the row's time.
    """

    sql: str
    parameters: dict[str, Any]
    day: str = "event_date"


def sessions(selection: Selection, *, alias: str = "") -> Clause:
    """Return the condition for rows of `sessions`.

    A call without a model, developer or repository is outside of a filter on it. A repository is
    found under every name it ever had, a person under every developer id that is certainly theirs
    now. The traffic class `''` selects ordinary calls (NULL).

    Args:
        selection: The slice; times are half open and about `timestamp`.
        alias: Name of the table in the statement, when it has another one.
    """
    row = _prefix(alias)
    names: dict[str, Any] = {}
    first, after = selection.days()
    parts = [
        *_window(f"{row}timestamp", selection, names),
        *_bound(f"{row}event_date >=", "since_day", first.isoformat() if first else None, names),
        *_bound(f"{row}event_date <", "until_day", after.isoformat() if after else None, names),
        *_one_of(f"coalesce({row}traffic_class, '')", "traffic", selection.traffic, names),
    ]
    if selection.developers:
        people = ", ".join(_named("developer", selection.developers, names))
        parts.append(is_one_of(f"{row}developer_id", people))
    if selection.repositories:
        parts.append(f"{row}repo_slug in ({_slugs_of(selection.repositories, names)})")
    if selection.models:
        globs = [pattern.lower().replace("[!", "[^") for pattern in selection.models]
        keys = _named("model", globs, names)
        parts.append(_any(f"lower({row}model) glob {key}" for key in keys))
    if selection.sources:
        seen = f"',' || {row}sources || ','"
        keys = _named("source", selection.sources, names)
        parts.append(_any(f"instr({seen}, ',' || {key} || ',') > 0" for key in keys))
    stored = f"{row}event_date"
    return _all(parts, names)._replace(day=_day(f"{row}timestamp", selection, stored))


def pull_requests(
    selection: Selection, *, alias: str = "", time: PullRequestTime = "merged_at"
) -> Clause:
    """Return the condition for rows of `pull_requests`.

    Models, sources and traffic say nothing about a delivery and are passed over. A developer is
    the author under their own id or under a login that is certainly theirs.

    Args:
        selection: The slice; times are half open.
        alias: Name of the table in the statement, when it has another one.
        time: The time the window is about; a row without it is outside of any window.
    """
    row = _prefix(alias)
    names: dict[str, Any] = {}
    parts = _window(f"{row}{time}", selection, names)
    parts += _delivered(row, selection, names, {"author": "github_login"})
    return _all(parts, names)


def commits(selection: Selection, *, alias: str = "") -> Clause:
    """Return the condition for rows of `commits`; see `pull_requests`.

    Args:
        selection: The slice; times are half open and about `timestamp`, the landing.
        alias: Name of the table in the statement, when it has another one.
    """
    row = _prefix(alias)
    names: dict[str, Any] = {}
    parts = _window(f"{row}timestamp", selection, names)
    people = {"author": "github_login", "author_email": "email"}
    parts += _delivered(row, selection, names, people)
    stored = f"substr({row}timestamp, 1, 10)"
    return _all(parts, names)._replace(day=_day(f"{row}timestamp", selection, stored))


def _delivered(
    row: str, selection: Selection, names: dict[str, Any], people: dict[str, str]
) -> list[str]:
    parts = []
    if selection.repositories:
        slugs = _repo_ids_of(selection.repositories, names)
        parts.append(f"{row}repo_id in ({slugs})")
    if selection.developers:
        keys = ", ".join(_named("developer", selection.developers, names))
        own = [f"{row}author in ({keys})"]
        linked = [
            f"lower({row}{column}) in (select lower(value) from developer_identities "
            f"where kind = '{kind}' and confidence >= 1 and developer_id in ({keys}))"
            for column, kind in people.items()
        ]
        parts.append(_any([*own, *linked]))
    return parts


def _window(column: str, selection: Selection, names: dict[str, Any]) -> list[str]:
    return [
        *_bound(f"{column} >=", "since", _text(selection.since), names),
        *_bound(f"{column} <", "until", _text(selection.until), names),
    ]


def _day(column: str, selection: Selection, stored: str) -> str:
    """Return the expression of the day on which rows count; `stored` is the UTC day's."""
    if selection.timezone == "UTC":
        return stored
    return local_day_sql(column, selection.zone, selection.since, selection.until)


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else format_instant(moment)


def _bound(left: str, name: str, value: str | None, names: dict[str, Any]) -> list[str]:
    return [] if value is None else [f"{left} {_named(name, [value], names)[0]}"]


def _one_of(left: str, name: str, values: Sequence[str], names: dict[str, Any]) -> list[str]:
    return [f"{left} in ({', '.join(_named(name, values, names))})"] if values else []


def _repo_ids_of(slugs: Sequence[str], names: dict[str, Any]) -> str:
    """Return a subquery of the ids of repositories that have, or once had, one of the names."""
    keys = ", ".join(_named("repository", slugs, names))
    return (
        f"select repo_id from repositories where slug in ({keys}) "
        f"union select repo_id from repo_aliases where slug in ({keys})"
    )


def _slugs_of(slugs: Sequence[str], names: dict[str, Any]) -> str:
    """Return a subquery of every name of those repositories, the given names included."""
    ids = _repo_ids_of(slugs, names)
    given = " union ".join(f"select {key}" for key in _named("repository", slugs, names))
    return (
        f"{given} union select lower(slug) from repositories where repo_id in ({ids}) "
        f"union select lower(slug) from repo_aliases where repo_id in ({ids})"
    )


def _named(name: str, values: Sequence[str], names: dict[str, Any]) -> list[str]:
    """Add values to the parameters and return their placeholders."""
    keys = [f"where_{name}_{position}" for position in range(len(values))]
    names.update(zip(keys, values, strict=True))
    return [f":{key}" for key in keys]


def _prefix(alias: str) -> str:
    return f"{alias}." if alias else ""


def _any(parts: Iterable[str]) -> str:
    return f"({' or '.join(parts)})"


def _all(parts: Sequence[str], names: dict[str, Any]) -> Clause:
    return Clause(" and ".join(parts) or "true", names)
