"""Makes the part of a report about trust: what is known, until when, what is missing, what mends it.

Words what was counted; computes no metric and knows no format.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from prodlens.exports import figures
from prodlens.exports.model import Fresh, Gap, Note, Quality, Share
from prodlens.exports.text import from_outside, one_line
from prodlens.metrics.traffic import traffic_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from prodlens.metrics.coverage import Coverage, DeliveryCoverage
    from prodlens.metrics.report import Report
    from prodlens.storage.delivery_readings import RepositoryState

_NAMED: Final = 3
_KNOWN_NAMES: Final = {
    "developer": "developer",
    "repo": "repository",
    "session": "session",
    "model": "model",
    "latency": "duration",
    "status": "outcome",
    "tokens": "tokens",
    "cost": "cost",
    "acceptance": "decision",
}
_QUIET_NOTES: Final = frozenset(
    {"no_data", "no_calls", "calls_taken_as_independent", "no_deliveries", "git_alone"}
)
"""Notes that stand elsewhere on the page."""


def notes_of(report: Report, first: str) -> tuple[Note, ...]:
    """Return the notes of a report, those of its comparison included.

    Args:
        report: The report.
        first: The sentence that the report begins with; a note that equals it is not said again.
    """
    found = [
        Note(
            code=note.code,
            text=one_line(note.text),
            keys=note.keys,
            is_said_elsewhere=note.code in _QUIET_NOTES or note.text == first,
        )
        for note in report.notes
    ]
    against = report.against
    if against is not None and against.reason:
        text = f"Not everything can be compared: {against.reason}."
        found.append(Note(code="not_compared", text=text))
    return tuple(found)


def quality_of(report: Report) -> Quality:
    """Return how far a report can be trusted."""
    coverage = report.coverage
    return Quality(
        calls=coverage.calls,
        shares=tuple(
            Share(name=name, known=coverage.known[key], of=coverage.calls)
            for key, name in _KNOWN_NAMES.items()
        )
        if coverage.calls
        else (),
        sources=tuple((from_outside(name), calls) for name, calls in coverage.sources.items()),
        remarks=tuple(_about_calls(report)),
        deliveries=tuple(_about_deliveries(coverage.deliveries)),
        freshness=tuple(_freshness(report)),
        set_aside=coverage.open_dead_letters,
        gaps=tuple(_gaps(report)),
    )


def _about_calls(report: Report) -> Iterator[str]:
    coverage = report.coverage
    if not coverage.calls:
        return
    yield _when(report)
    if coverage.negative_latencies:
        dropped = figures.counted(coverage.negative_latencies, "negative duration")
        yield f"{dropped} left out"
    yield _whose(coverage)
    if any(coverage.traffic.keys() - {""}):
        parts = (f"{traffic_name(one)} {n:,}" for one, n in coverage.traffic.items())
        yield f"calls by traffic: {', '.join(parts)}"
    if report.inputs.work:
        idle = figures.counted(coverage.idle_minutes, "minute")
        yield f"working sessions end after {idle} without a call"
    for note in report.notes:
        if note.code == "calls_taken_as_independent":
            yield note.text


def _whose(coverage: Coverage) -> str:
    """Return how far the ids of calls can be trusted, and for how many calls a person is known."""
    found = coverage.identification
    said = [
        f"{what} ids: {_provenance(counts, coverage.calls)}"
        for what, counts in (("session", found.session), ("developer", found.developer))
    ]
    unresolved = figures.share(coverage.unresolved_share or 0.0)
    return f"{'; '.join(said)}; not linked to a person: {unresolved} of the calls"


def _provenance(counts: Mapping[str, int], calls: int) -> str:
    return ", ".join(f"{source} {figures.share(n / calls)}" for source, n in counts.items())


def _when(report: Report) -> str:
    coverage, window = report.coverage, report.window
    at = [moment for moment in (coverage.first_call, coverage.last_call) if moment is not None]
    first, last = (f"{moment:%Y-%m-%d %H:%M} UTC" for moment in at)
    days = figures.counted(coverage.days_with_calls, "day")
    if window.first_day and window.last_day:
        every = (window.last_day - window.first_day).days + 1
        days = f"{coverage.days_with_calls:,} of {figures.counted(every, 'day')}"
    return f"first call {first}, last {last}; calls on {days}"


def _about_deliveries(coverage: DeliveryCoverage) -> Iterator[str]:
    for count, one, many in (
        (coverage.programs_commits, "commit of programs", "commits of programs"),
        (coverage.programs_requests, "pull request of programs", "pull requests of programs"),
        (
            coverage.impossible_commits,
            "commit that landed at an impossible time",
            "commits that landed at impossible times",
        ),
    ):
        if count:
            yield f"{figures.counted(count, one, many)} left out"
    if coverage.is_git_alone:
        yield (
            "from git alone: merged pull requests are a lower bound; how long a merge took and "
            "what was reopened are not known"
        )


def _freshness(report: Report) -> Iterator[Fresh]:
    last = report.coverage.last_call
    if last is not None:
        yield Fresh(name="calls", at=last, text=f"calls: last one {last:%Y-%m-%d %H:%M} UTC")
    for state in report.coverage.deliveries.states:
        yield _fresh(state)


def _fresh(state: RepositoryState) -> Fresh:
    name = from_outside(state.slug) if state.slug else "without a repository"
    if state.synced_at is not None:
        text = f"{name}: last read {state.synced_at:%Y-%m-%d %H:%M} UTC"
        return Fresh(name=name, at=state.synced_at, text=text)
    if state.last_delivery is None:
        return Fresh(name=name, at=None, text=f"{name}: nothing was delivered")
    at = f"{state.last_delivery:%Y-%m-%d %H:%M}"
    text = f"{name}: no sync on record, last delivery {at} UTC"
    return Fresh(name=name, at=state.last_delivery, text=text)


def _gaps(report: Report) -> Iterator[Gap]:
    if report.window.calls is None:
        yield Gap(text="no calls: read some", command="prod-lens ingest-traces PATH")
    yield from _of_calls(report.coverage)
    if not report.coverage.deliveries.states:
        yield Gap(text="no deliveries: read a local clone", command="prod-lens ingest-git PATH")


def _of_calls(coverage: Coverage) -> Iterator[Gap]:
    if coverage.unpriced_models:
        calls = sum(entry.calls for entry in coverage.unpriced_models)
        names = [from_outside(entry.model or "(not named)") for entry in coverage.unpriced_models]
        listed = ", ".join(names[:_NAMED]) + (", ..." if len(names) > _NAMED else "")
        yield Gap(
            text=f"{figures.counted(calls, 'call')} without a cost: {listed}",
            command="prod-lens prices missing",
        )
    if unassigned := coverage.calls - coverage.known["repo"]:
        yield Gap(
            text=f"{figures.counted(unassigned, 'call')} without a repository",
            command="prod-lens ingest-traces PATH --repo OWNER/NAME",
        )
    if unnamed := coverage.calls - coverage.known["developer"]:
        calls_text = figures.counted(unnamed, "call")
        yield Gap(
            text=f"{calls_text} without a developer; when one person made them:",
            command="prod-lens ingest-traces PATH --developer ID",
        )
    if coverage.open_dead_letters:
        letters = figures.counted(coverage.open_dead_letters, "record")
        yield Gap(
            text=f"{letters} set aside, over all repositories",
            command="prod-lens dead-letter list",
        )
