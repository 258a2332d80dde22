"""Checks of the calls: what each source saw and when, what was set aside, what is not known."""

from __future__ import annotations

import itertools
import shlex
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from prodlens.clock import format_instant
from prodlens.doctor.finding import judged
from prodlens.doctor.wording import ago, counted, days, is_old, listed, share
from prodlens.metrics.calendar import LONGEST_QUIET_DAYS
from prodlens.storage import costs, diagnosis, ledger

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date

    from prodlens.doctor.finding import Case, Finding
    from prodlens.storage.diagnosis import SourceSpan

ENOUGH: Final = 0.9
"""Share of calls from which on something counts as known; `statistics.md` 3 calls a series with
less than 90 % of its days invalid."""


def sources(case: Case) -> Iterator[Finding]:
    """Say what each source saw, and on which days within its time it saw nothing."""
    spans = diagnosis.source_spans(case.store.conn)
    if not spans:
        yield judged("sources", "no calls yet: read some traces", mend=case.setup.ingest)
    for source, span in spans.items():
        yield _source(source, span, case)


def _source(source: str, span: SourceSpan, case: Case) -> Finding:
    gaps = list(_gaps(span.days, case.setup.nonworking_days))
    first, last = (f"{moment:%Y-%m-%d %H:%M}" for moment in (span.first, span.last))
    text = f"{source}: {counted(span.calls, 'call')}, first {first}, last {last} UTC"
    if gaps:
        text += (
            f"; none from {listed(days(*gap) for gap in gaps)}: read what is missing, or name free "
            "days in report.nonworking_days"
        )
    facts = {
        "source": source,
        "calls": span.calls,
        "first_call": format_instant(span.first),
        "last_call": format_instant(span.last),
        "days_with_calls": len(span.days),
        "gaps": [{"first_day": str(begin), "last_day": str(end)} for begin, end in gaps],
    }
    return judged("sources", text, mend=case.setup.ingest if gaps else None, facts=facts)


def _gaps(seen: Sequence[date], nonworking: Iterable[date]) -> Iterator[tuple[date, date]]:
    """Yield first and last day of each span without calls that the report takes for an outage.

    Free days that the settings name don't count.
    """
    free = set(nonworking)
    for before, after in itertools.pairwise(seen):
        between = [before + timedelta(days=n) for n in range(1, (after - before).days)]
        if sum(day not in free for day in between) > LONGEST_QUIET_DAYS:
            yield between[0], between[-1]


def freshness(case: Case) -> Iterator[Finding]:
    """Say how long ago the last call was."""
    last = case.coverage.last_call
    if last is not None:
        mend = case.setup.ingest if is_old(last, case.now) else None
        facts = {"last_call": format_instant(last)}
        yield judged("freshness", f"last call {ago(last, case.now)}", mend=mend, facts=facts)


def dead_letters(case: Case) -> Iterator[Finding]:
    """Say how many records were set aside, and why."""
    reasons = ledger.open_reasons(case.store.conn)
    total = sum(reasons.values())
    facts = {"open": total, "reasons": reasons}
    if not total:
        yield judged("dead_letters", "no record is set aside", facts=facts)
        return
    most = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
    why = listed(f"{count:,} {reason}" for reason, count in most)
    text = (
        f"{counted(total, 'record')} set aside: {why}. prod-lens dead-letter list says where; mend "
        "the source, then read them again"
    )
    yield judged("dead_letters", text, mend="prod-lens dead-letter retry", facts=facts)


def prices(case: Case) -> Iterator[Finding]:
    """Say which models used tokens and have no cost."""
    models = costs.unpriced_models(case.store.conn)
    facts = {"models": [{"model": row["model"], "calls": row["calls"]} for row in models]}
    if not models:
        if case.coverage.calls:
            yield judged("prices", "every call with tokens has a cost", facts=facts)
        return
    calls = sum(row["calls"] for row in models)
    text = (
        f"{counted(len(models), 'model')} without a price in {counted(calls, 'call')}: "
        f"{listed(row['model'] or '(not named)' for row in models)}. prod-lens prices missing says "
        "why; behind a new price run prod-lens prices restate"
    )
    named = next((row["model"] for row in models if row["model"]), None)
    mend = "prod-lens prices missing"
    if named is not None:
        mend = f"prod-lens prices set {shlex.quote(named)} --input USD --output USD"
    yield judged("prices", text, mend=mend, facts=facts)


def developers(case: Case) -> Iterator[Finding]:
    """Say of how many calls the developer is known."""
    mend = f"prod-lens ingest-traces {_file(case, 'developer_id')} --developer ID"
    hint = "if one person made the others"
    yield from _known(case, "developers", figure="developer", hint=hint, mend=mend)


def repositories(case: Case) -> Iterator[Finding]:
    """Say of how many calls the repository is known."""
    mend = f"prod-lens ingest-traces {_file(case, 'repo_slug')} --repo {case.setup.repository}"
    hint = "if the others belong to one repository"
    yield from _known(case, "repositories", figure="repo", hint=hint, mend=mend)


def sessions(case: Case) -> Iterator[Finding]:
    """Say of how many calls the session is known."""
    hint = "another log of the same calls may name them"
    mend = case.setup.ingest
    yield from _known(case, "sessions", figure="session", hint=hint, mend=mend)


def _known(case: Case, check: str, *, figure: str, hint: str, mend: str) -> Iterator[Finding]:
    calls, known = case.coverage.calls, case.coverage.known[figure]
    if not calls:
        return
    facts = {"known": known, "calls": calls}
    text = f"known for {share(known, calls)} of calls ({known:,} of {calls:,})"
    if known >= ENOUGH * calls:
        yield judged(check, text, facts=facts)
    else:
        yield judged(check, f"{text}; {hint}", mend=mend, facts=facts)


def _file(case: Case, column: diagnosis.Named) -> str:
    file = diagnosis.file_without(case.store.conn, column)
    return "PATH" if file is None else shlex.quote(file)


def acceptance(case: Case) -> Iterator[Finding]:
    """Say of how many calls it is known whether what they proposed was accepted.

    Few calls propose something, so that any share above nothing is fine.
    """
    calls, known = case.coverage.calls, case.coverage.known["acceptance"]
    if not calls:
        return
    facts = {"known": known, "calls": calls}
    if known:
        text = f"decided in {share(known, calls)} of calls ({known:,} of {calls:,})"
        yield judged("acceptance", text, facts=facts)
        return
    text = (
        "no call says whether what it proposed was accepted, so there is no acceptance rate; "
        "another log of the same calls may say it"
    )
    yield judged("acceptance", text, mend=case.setup.ingest, facts=facts)
