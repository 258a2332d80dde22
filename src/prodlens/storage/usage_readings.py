"""SQL that reads what each model did on each day of a slice; one pass, writes nothing.

Days are UTC days, or those of the selection's zone. Computes no ratio and decides nothing about which days were covered.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final

from prodlens.storage.rollup_sql import (
    ACCEPTED,
    DECIDED,
    FAILED,
    OUTCOME_KNOWN,
    TOKENS,
    TOKENS_KNOWN,
)

if TYPE_CHECKING:
    import sqlite3

    from prodlens.storage.where import Clause

_USAGE: Final = f"""
select {{day}} as event_date, model, count(*), count({TOKENS_KNOWN}),
    total(case when {TOKENS_KNOWN} is not null then {TOKENS} end),
    count(cost_nanos), total(cost_nanos), sum({DECIDED}),
    sum({ACCEPTED}), sum({OUTCOME_KNOWN}), sum({FAILED})
from sessions where {{where}} group by 1, 2 order by 1, 2
"""


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


def usage_by_model_day(conn: sqlite3.Connection, where: Clause) -> list[ModelDay]:
    """Return what each model did on each day of a slice that has any call, by day and model.

    Args:
        conn: The database.
        where: The slice, of `prodlens.storage.where.sessions`.
    """
    statement = _USAGE.format(where=where.sql, day=where.day)
    rows = conn.execute(statement, where.parameters)
    return [ModelDay(date.fromisoformat(day), *rest) for day, *rest in rows]
