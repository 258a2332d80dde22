"""Decides what one row of `suggestions` says when several records describe it; pure, no SQL.

The row is a function of the set of records: for each field the best record that knows it wins, by
kind of evidence, then by values alone. Whether a person or a setting decided may stand in a third
record (the permission mode of the prompt), which the caller gives.

Source: sources.md 8.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from prodlens.clock import format_instant
from prodlens.schemas import DecidedBy, Decision

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from prodlens.schemas import Suggestion

_DIGEST: Final = 16
"""Hex digits of one salted digest."""
ASKED: Final = "ask"
"""Value of the permission mode in which a person is asked."""
AUTOMATIC: Final = "auto"

_EVIDENCE: Final = {"event": 3, "result": 2, "replay": 1}
_DECIDED: Final = {
    Decision.REJECT: 4,
    Decision.ACCEPT: 3,
    Decision.DENIED_BY_POLICY: 2,
    Decision.ERROR: 1,
}
"""Tie-break between records of equal evidence; one edit has one outcome."""
_ALONE: Final = (
    "call_key",
    "within",
    "session_id",
    "developer_id",
    "provider_message_id",
    "repo_slug",
    "tool",
    "language",
    "file_hash",
    "path_hashes",
    "user_modified",
    "diff_ratio",
)

_DURING: Final = "during:"
"""Before a scope: the edit was decided while its call ran, or after it, and before the next one."""

Record = dict[str, Any]
"""What one record says: fields of `Suggestion` that it knows, digests as salted hex text."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an edit, and who decided."""

    decision: Decision
    decided_by: DecidedBy
    decision_source: str | None


def is_during(within: str | None) -> bool:
    """Return whether `Suggestion.within` asks for the last call that began before the edit."""
    return within is not None and within.startswith(_DURING)


def scope_of(within: str | None) -> str | None:
    """Return the scope that `Suggestion.within` names, without how it is to be searched."""
    return None if within is None else within.removeprefix(_DURING)


def encode(suggestion: Suggestion, salted: Callable[[Iterable[int]], bytes]) -> Record:
    """Return what a record says as plain JSON values; digests are salted."""
    paths = salted(suggestion.file_digests)
    record: Record = {
        "source": suggestion.source,
        "scopes": list(suggestion.scopes),
        "timestamp": None if suggestion.timestamp is None else format_instant(suggestion.timestamp),
        "is_proposal": suggestion.is_proposal,
        "path_hashes": paths.hex() or None,
        "file_hash": paths[-8:].hex() or None,
        "line_hashes": salted(suggestion.line_digests).hex() or None,
        "decision": suggestion.decision,
        "decided_by": suggestion.decided_by,
        "decision_source": suggestion.decision_source,
        "applied_lines": suggestion.applied_lines,
        "proposed_lines": suggestion.proposed_lines,
    }
    for name in _ALONE:
        record.setdefault(name, getattr(suggestion, name, None))
    if not suggestion.is_proposal:
        del record["is_proposal"]
    return {name: value for name, value in record.items() if value is not None and value != []}


def text(record: Record) -> str:
    """Return a record as JSON text, the same for equal records."""
    return json.dumps(record, sort_keys=True, ensure_ascii=False)


def resolve(records: Sequence[Mapping[str, Any]], mode: str | None) -> dict[str, Any]:
    """Return the columns of the row that all records of one edit give together.

    Args:
        records: At least one, as `encode` made them.
        mode: The permission mode under which it was decided (`ask`, `auto`), None when not known.
    """
    outcome = outcome_of(records, mode)
    row: dict[str, Any] = {name: _best(records, name) for name in _ALONE}
    row["proposed_lines"] = _best(records, "proposed_lines", int)
    row["line_hashes"] = _bytes(_lines(records))
    row["path_hashes"] = _bytes(row["path_hashes"])
    row["timestamp"] = _moment(records)
    row["applied_lines"] = _applied(records, outcome)
    row |= {
        "event_date": None if row["timestamp"] is None else row["timestamp"][:10],
        "decision": outcome.decision.value,
        "decided_by": outcome.decided_by.value,
        "decision_source": outcome.decision_source,
        "sources": ",".join(sorted({str(record["source"]) for record in records})),
    }
    if outcome.decision is not Decision.ACCEPT:
        row["diff_ratio"] = None
    elif row["diff_ratio"] is None and row["user_modified"] is not None:
        row["diff_ratio"] = _share_kept(records) if row["user_modified"] else 1.0
    return row


def _lines(records: Sequence[Mapping[str, Any]]) -> str | None:
    """Return the digests of what was applied; where no record tells, of what was proposed."""
    applied = [record for record in records if record.get("decision") == Decision.ACCEPT]
    found: str | None = _best(applied, "line_hashes", len)
    if found is None:
        found = _best(records, "line_hashes", len)
    return found


def _share_kept(records: Sequence[Mapping[str, Any]]) -> float | None:
    """Return how much of a proposal is in what a person made of it, 0..1.

    Formula: `2 * matching lines / (lines proposed + lines applied)` over meaningful lines as
    multisets, as `difflib.SequenceMatcher.ratio` counts; None when either has none.
    """
    proposed = _best([r for r in records if r.get("is_proposal")], "line_hashes", len)
    applied = _best(
        [r for r in records if r.get("decision") == Decision.ACCEPT], "line_hashes", len
    )
    if proposed is None or applied is None:
        return None
    before, after = _digests(proposed), _digests(applied)
    return 2 * (before & after).total() / (before.total() + after.total())


def _digests(packed: str) -> Counter[str]:
    return Counter(packed[at : at + _DIGEST] for at in range(0, len(packed), _DIGEST))


def outcome_of(records: Sequence[Mapping[str, Any]], mode: str | None) -> Outcome:
    """Return what became of an edit.

    An event that names its source is the best witness of who decided; a rejection without one is
    a person's. An acceptance without one is a person's where somebody was asked, a setting's where
    nobody was, and unknown where no record says.
    """
    decided = [record for record in records if record.get("decision") is not None]
    known = [record for record in decided if record["decision"] != Decision.UNKNOWN]
    if not known:
        return Outcome(Decision.UNKNOWN, DecidedBy.UNKNOWN, None)
    best = _greatest(known, _evidence)
    decision = Decision(best["decision"])
    named = [r for r in known if r["decision"] == decision and r.get("decided_by") is not None]
    if named:
        said = DecidedBy(_greatest(named, _evidence)["decided_by"])
    elif decision is Decision.ACCEPT:
        said = {ASKED: DecidedBy.USER, AUTOMATIC: DecidedBy.AUTO}.get(mode or "", DecidedBy.UNKNOWN)
    else:
        said = {
            Decision.REJECT: DecidedBy.USER,
            Decision.DENIED_BY_POLICY: DecidedBy.POLICY,
        }.get(decision, DecidedBy.UNKNOWN)
    return Outcome(decision, said, best.get("decision_source"))


def _evidence(record: Mapping[str, Any]) -> tuple[int, int, str]:
    return (
        _EVIDENCE.get(str(record.get("decision_source")), 0),
        _DECIDED.get(record["decision"], 0),
        text(dict(record)),
    )


def _best(
    records: Sequence[Mapping[str, Any]], name: str, order: Callable[[Any], Any] = str
) -> Any:
    """Return the value of the best record that knows a field."""
    known = [record for record in records if record.get(name) is not None]
    if not known:
        return None
    return _greatest(known, lambda r: (_rank(r), order(r[name]), text(dict(r))))[name]


def _greatest(
    records: Sequence[Mapping[str, Any]], order: Callable[[Mapping[str, Any]], Any]
) -> Mapping[str, Any]:
    """Return the record that comes last in an order; most edits have one record only."""
    return records[0] if len(records) == 1 else max(records, key=order)


def _rank(record: Mapping[str, Any]) -> tuple[int, int]:
    return int(bool(record.get("is_proposal"))), _EVIDENCE.get(
        str(record.get("decision_source")), 0
    )


def _bytes(value: str | None) -> bytes | None:
    return None if value is None else bytes.fromhex(value)


def _moment(records: Sequence[Mapping[str, Any]]) -> str | None:
    """Return when it was proposed; without the proposal, the first time anything was said of it."""
    proposals = [str(r["timestamp"]) for r in records if r.get("is_proposal") and "timestamp" in r]
    return min(
        proposals or [str(r["timestamp"]) for r in records if "timestamp" in r], default=None
    )


def _applied(records: Sequence[Mapping[str, Any]], outcome: Outcome) -> int | None:
    if outcome.decision in {Decision.REJECT, Decision.DENIED_BY_POLICY, Decision.ERROR}:
        return 0
    if outcome.decision is Decision.UNKNOWN:
        return None
    lines: int | None = _best(records, "applied_lines", int)
    if lines is None and _best(records, "diff_ratio") == 1.0:
        lines = _best(records, "proposed_lines", int)  # applied as it was proposed
    return lines


@dataclass(frozen=True, slots=True)
class CallAcceptance:
    """What the edits that a call proposed say about the call; None is not known.

    Attributes:
        accepted: True when one was accepted, False when all were rejected by people.
        by_people: Whether a person decided about any of them.
        lines: Lines that were applied.
        diff_ratio: Share applied as proposed, weighted by lines.
    """

    accepted: bool | None
    by_people: bool
    lines: int | None
    diff_ratio: float | None


def acceptance_of(rows: Sequence[Mapping[str, Any]]) -> CallAcceptance:
    """Return what the edits of one call say about it.

    Source: sources.md 8.4. A call with an edit that a person decided says what people decided;
    approvals by a setting count only where nobody was asked about any of its edits.
    """
    people = [row for row in rows if row["decided_by"] != DecidedBy.AUTO]
    accepted = [row for row in people if row["decision"] == Decision.ACCEPT]
    rejected = [
        row
        for row in people
        if row["decision"] == Decision.REJECT and row["decided_by"] == DecidedBy.USER
    ]
    automatic = [
        row
        for row in rows
        if row["decided_by"] == DecidedBy.AUTO and row["decision"] == Decision.ACCEPT
    ]
    if accepted:
        lines, ratio = _kept([*accepted, *automatic])
        return CallAcceptance(accepted=True, by_people=True, lines=lines, diff_ratio=ratio)
    if rejected and len(rejected) == len(rows):
        return CallAcceptance(accepted=False, by_people=True, lines=0, diff_ratio=None)
    if automatic:
        lines, ratio = _kept(automatic)
        return CallAcceptance(accepted=True, by_people=False, lines=lines, diff_ratio=ratio)
    return CallAcceptance(accepted=None, by_people=False, lines=None, diff_ratio=None)


def _kept(rows: Sequence[Mapping[str, Any]]) -> tuple[int | None, float | None]:
    lines = [row["applied_lines"] for row in rows if row["applied_lines"] is not None]
    shares = sorted(
        (float(row["diff_ratio"]), int(row["proposed_lines"] or row["applied_lines"] or 1))
        for row in rows
        if row["diff_ratio"] is not None
    )
    weight = sum(size for _, size in shares)
    ratio = sum(share * size for share, size in shares) / weight if weight else None
    return (sum(lines) if lines else None), ratio
