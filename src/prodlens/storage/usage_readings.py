"""Owns what each model did on each day of a slice; writes nothing.

Days are UTC days, read from the daily tables where those are true, or those of the selection's
zone, which are read from the calls. Computes no ratio and decides nothing about which days were
covered.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final

from prodlens.storage import day_sums, where
from prodlens.storage.readings import exact
from prodlens.storage.rollup_sql import (
    ACCEPTED,
    DECIDED,
    FAILED,
    OUTCOME_KNOWN,
    TOKENS,
    TOKENS_KNOWN,
)
from prodlens.storage.slices import is_whole, slice_of, within

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from prodlens.selection import Selection
    from prodlens.storage.day_sums import DaySums

_USAGE: Final = f"""
select {{day}} as event_date, model, count(*), count({TOKENS_KNOWN}),
    total(case when {TOKENS_KNOWN} is not null then {TOKENS} end),
    count(cost_nanos), total(cost_nanos), sum({DECIDED}),
    sum({ACCEPTED}), sum({OUTCOME_KNOWN}), sum({FAILED})
from sessions where {{where}} group by 1, 2 order by 1, 2
"""
_PLACES: Final = {
    name: day_sums.place(name)
    for name in (
        *("calls", "tokens_known", "tokens_whole", "tokens_rest", "priced", "cost_nanos_whole"),
        *("cost_nanos_rest", "decided", "accepted", "outcome_known", "errors"),
    )
}
"""Where the sums stand that a day of a model is made of."""


@dataclass(frozen=True, slots=True)
class ModelDay:
    """What the calls of one model on one day add up to.

    Attributes:
        day: The day.
        model: The model; None for calls that name none.
        calls: Calls.
        tokens_known: Those with any known token count.
        tokens: Sum of known tokens.
        priced: Those with a known cost.
        cost_nanos: Sum of known costs, nano-dollars.
        decided: Those that somebody accepted or rejected.
        accepted: Those accepted.
        outcome_known: Those with a status or an error type.
        errors: Those that failed.
    """

    day: date
    model: str | None
    calls: int
    tokens_known: int
    tokens: float
    priced: int
    cost_nanos: float
    decided: int
    accepted: int
    outcome_known: int
    errors: int


def usage_by_model_day(
    conn: sqlite3.Connection, selection: Selection, read: Sequence[DaySums] | None = None
) -> list[ModelDay]:
    """Return what each model did on each day of a selection that has any call, by day and model.

    Args:
        conn: The database.
        selection: The selection.
        read: Sums of whole days that were read before and hold the selection.
    """
    clause = where.sessions(selection)
    if clause.day != "event_date":
        statement = _USAGE.format(where=clause.sql, day=clause.day)
        rows = conn.execute(statement, clause.parameters)
        return [ModelDay(date.fromisoformat(day), *rest) for day, *rest in rows]
    if read is None or not is_whole(selection):
        read = day_sums.read(conn, slice_of(conn, selection))
    sums = within(read, selection)
    found = day_sums.grouped(sums, lambda one: (one.event_date, one.model))
    ordered = sorted(
        found.items(), key=lambda item: (item[0][0], item[0][1] is not None, item[0][1] or "")
    )
    return [_model_day(day, model, one) for (day, model), one in ordered]


def _model_day(day: str, model: str | None, sums: tuple[int, ...]) -> ModelDay:
    said = {name: sums[at] for name, at in _PLACES.items()}
    tokens, nanos = (
        float(exact(said.pop(f"{name}_whole"), said.pop(f"{name}_rest")))
        for name in ("tokens", "cost_nanos")
    )
    return ModelDay(
        day=date.fromisoformat(day), model=model, tokens=tokens, cost_nanos=nanos, **said
    )
