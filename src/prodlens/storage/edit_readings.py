"""SQL that reads the figures behind the metrics of proposed edits, over one slice; writes nothing.

An edit belongs to the slice that its call belongs to: its own time, repository and developer count,
and what only a call has (model, traffic) is the call's. Computes no metric and no ratio.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping

    from prodlens.storage.where import Clause

_DIGEST_BYTES: Final = 8
_MEASURED: Final = """(decision = 'accept' and retained_lines is not null
    and retention_status <> 'pending' and coalesce(length(line_hashes), 0) > 0)"""
_PENDING: Final = "(decision = 'accept' and retention_status = 'pending')"


@dataclass(frozen=True, slots=True, kw_only=True)
class EditFigures:
    """Counts and exact sums over some edits; every figure adds up over disjoint groups.

    Attributes:
        edits: Edits that were proposed.
        accepted: Those that were accepted, whoever did.
        rejected: Those that were rejected, whoever did.
        rejected_by_people: Those of them that a person rejected.
        denied: Those that a policy denied.
        failed: Those that failed for another reason.
        undecided: Those of which no record says what became of them.
        by_people: Accepted ones that a person accepted.
        automatic: Accepted ones that a setting or a mode let pass.
        by_unknown: Accepted ones of which no record says who decided.
        proposed_known: Edits with a known number of proposed lines.
        proposed_lines: Sum of them.
        applied_known: Accepted edits with a known number of applied lines.
        applied_lines: Sum of them.
        measured: Accepted edits of which a clone said how many lines were kept.
        pending: Accepted edits of which that is not known yet.
        measured_lines: Meaningful lines of the measured ones.
        retained_lines: Those of them that were still there at the commit.
        lines_squared: Sum over measured edits of the square of their lines.
        retained_squared: The same of their retained lines.
        lines_retained: Sum of lines times retained lines.
    """

    edits: int = 0
    accepted: int = 0
    rejected: int = 0
    rejected_by_people: int = 0
    denied: int = 0
    failed: int = 0
    undecided: int = 0
    by_people: int = 0
    automatic: int = 0
    by_unknown: int = 0
    proposed_known: int = 0
    proposed_lines: int = 0
    applied_known: int = 0
    applied_lines: int = 0
    measured: int = 0
    pending: int = 0
    measured_lines: int = 0
    retained_lines: int = 0
    lines_squared: int = 0
    retained_squared: int = 0
    lines_retained: int = 0


FIGURES: Final = tuple(field.name for field in dataclasses.fields(EditFigures))
_ACCEPTED: Final = "decision = 'accept'"
_SUMMED: Final = {
    "edits": "1",
    "accepted": _ACCEPTED,
    "rejected": "decision = 'reject'",
    "rejected_by_people": "(decision = 'reject' and decided_by = 'user')",
    "denied": "decision = 'denied_by_policy'",
    "failed": "decision = 'error'",
    "undecided": "decision = 'unknown'",
    "by_people": f"({_ACCEPTED} and decided_by = 'user')",
    "automatic": f"({_ACCEPTED} and decided_by = 'auto')",
    "by_unknown": f"({_ACCEPTED} and decided_by not in ('user', 'auto'))",
    "proposed_known": "proposed_lines is not null",
    "proposed_lines": "coalesce(proposed_lines, 0)",
    "applied_known": f"({_ACCEPTED} and applied_lines is not null)",
    "applied_lines": f"case when {_ACCEPTED} then coalesce(applied_lines, 0) else 0 end",
    "measured": "is_measured",
    "pending": f"coalesce({_PENDING}, 0)",
    "measured_lines": "is_measured * lines",
    "retained_lines": "is_measured * kept",
    "lines_squared": "is_measured * lines * lines",
    "retained_squared": "is_measured * kept * kept",
    "lines_retained": "is_measured * lines * kept",
}
_EDITS: Final = f"""
with edits as (
    select coalesce(g.timestamp, s.timestamp) as timestamp,
        coalesce(g.event_date, s.event_date) as event_date,
        coalesce(g.repo_slug, s.repo_slug) as repo_slug,
        coalesce(g.developer_id, s.developer_id) as developer_id,
        s.model as model, s.traffic_class as traffic_class,
        coalesce(s.sources, g.sources) as sources,
        g.decision, g.decided_by, g.proposed_lines, g.applied_lines, g.retention_status,
        coalesce({_MEASURED}, 0) as is_measured,
        coalesce(length(g.line_hashes), 0) / {_DIGEST_BYTES} as lines,
        min(coalesce(g.retained_lines, 0), coalesce(length(g.line_hashes), 0) / {_DIGEST_BYTES})
            as kept
    from suggestions g left join sessions s on s.id = g.call_id
)
select repo_slug, model, {", ".join(f"sum({what}) as {name}" for name, what in _SUMMED.items())}
from edits where {{where}} group by repo_slug, model
"""


def by_repository_and_model(
    conn: sqlite3.Connection, where: Clause
) -> dict[tuple[str | None, str | None], EditFigures]:
    """Return the figures of each pair of repository and model of a slice that has any edit.

    Args:
        conn: The database.
        where: The slice, of `prodlens.storage.where.sessions`. An edit without a time of its own
            nor of its call is outside of any window.

    Returns:
        By `(repository, model)`; None where it is not known, the model of an edit whose call is
        not known included.
    """
    rows = conn.execute(_EDITS.format(where=where.sql), where.parameters)
    found = {
        (row["repo_slug"], row["model"]): EditFigures(**{name: int(row[name]) for name in FIGURES})
        for row in rows
    }
    return dict(sorted(found.items(), key=_place))


def _place(item: tuple[tuple[str | None, str | None], EditFigures]) -> tuple[str, str]:
    (repository, model), _ = item
    return repository or "", model or ""


def total(groups: Iterable[EditFigures]) -> EditFigures:
    """Return the figures of disjoint groups taken together; all zero for no group."""
    rows = list(groups)
    sums: dict[str, Any] = {name: sum(getattr(row, name) for row in rows) for name in FIGURES}
    return EditFigures(**sums)


def by_part(
    groups: Mapping[tuple[str | None, str | None], EditFigures], part: int
) -> dict[str | None, EditFigures]:
    """Return the figures by repository (part 0) or by model (part 1), by name."""
    names = dict.fromkeys(key[part] for key in groups)
    return {name: total(one for key, one in groups.items() if key[part] == name) for name in names}
