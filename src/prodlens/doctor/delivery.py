"""Checks of the deliveries: what each repository delivered, and whose commits are known."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from prodlens.clock import format_instant
from prodlens.doctor.calls import ENOUGH
from prodlens.doctor.finding import judged
from prodlens.doctor.wording import ago, counted, is_old, listed, share
from prodlens.metrics.delivery_inputs import horizon_of, known_states
from prodlens.storage import diagnosis

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prodlens.doctor.finding import Case, Finding
    from prodlens.storage.delivery_readings import RepositoryState


def deliveries(case: Case) -> Iterator[Finding]:
    """Say what each repository delivered and when that was read, and which are missing."""
    found = _repositories(case)
    counts = diagnosis.delivered(case.store.conn)
    for one in found:
        yield _delivery(case, one, counts[one.repo_id])
    missing = list(diagnosis.without_deliveries(case.store.conn))
    if found and not missing:
        return
    of = f" of {listed(missing)}" if missing else ""
    text = f"no commits or pull requests{of}: use can't be set beside delivery"
    slug = missing[0] if missing else case.setup.repository
    mend = f"prod-lens ingest-git PATH --repo {shlex.quote(slug)}"
    yield judged("deliveries", text, mend=mend, facts={"repositories_without": missing})


def _repositories(case: Case) -> list[RepositoryState]:
    """Return the repositories with deliveries, by name; what belongs to none comes last."""
    horizon = horizon_of(case.now, case.coverage.last_call)
    found = known_states(case.store.conn, (), horizon=horizon)
    return sorted(found, key=lambda one: (one.slug is None, one.slug or ""))


def _delivery(case: Case, one: RepositoryState, counts: diagnosis.Delivered) -> Finding:
    synced = one.synced_at
    parts = [counted(counts.commits, "commit"), counted(counts.merged, "merged pull request")]
    if counts.merged:
        parts.append(f"time to merge known for {counts.timed:,}{_git_alone(counts.from_git)}")
    parts.append("never synced" if synced is None else f"synced {ago(synced, case.now)}")
    mend = None
    if one.slug is not None and (synced is None or is_old(synced, case.now)):
        mend = f"prod-lens ingest-git PATH --repo {shlex.quote(one.slug)}"
    if one.history_cut:
        parts.append("from a shallow clone: its beginning is missing; complete it and read it anew")
        mend = "git -C PATH fetch --unshallow"
    facts = {
        "repository": one.slug,
        **counts._asdict(),
        "git_only": not one.beyond_git,
        "history_cut": one.history_cut,
        "synced_at": None if synced is None else format_instant(synced),
    }
    text = f"{one.slug or 'without a repository'}: {', '.join(parts)}"
    return judged("deliveries", text, mend=mend, facts=facts)


def _git_alone(count: int) -> str:
    if not count:
        return ""
    come = "comes" if count == 1 else "come"
    return f" ({count:,} {come} from git alone, which does not say when they were opened)"


def people(case: Case) -> Iterator[Finding]:
    """Say how many calls are by developers whose commits are known; nothing without either."""
    callers = diagnosis.callers(case.store.conn)
    if not callers or not _repositories(case):
        return
    calls = sum(one.calls for one in callers)
    apart = [one for one in callers if not one.delivers]
    joined = calls - sum(one.calls for one in apart)
    facts = {"calls": calls, "joined_calls": joined, "unresolved": len(apart)}
    text = (
        f"{share(joined, calls)} of calls with a developer are by someone whose commits are known "
        f"({joined:,} of {calls:,})"
    )
    if joined >= ENOUGH * calls:
        yield judged("people", text, facts=facts)
        return
    text += f"; not so for {listed(one.developer_id for one in apart)}"
    yield judged("people", text, mend="prod-lens developer list", facts=facts)
