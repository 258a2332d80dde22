"""The last part of the page: what is known of calls and deliveries, what is missing, what mends it.

Composes and words; computes no value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from prodlens.exports import figures
from prodlens.exports.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prodlens.exports.page import Page
    from prodlens.metrics.coverage import Coverage, DeliveryCoverage
    from prodlens.metrics.report import Report
    from prodlens.storage.delivery_readings import RepositoryState

_NAMED: Final = 3
_INDENT: Final = "  "
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


def known(sheet: Page, report: Report) -> None:
    """Add what is known of calls and deliveries: shares, sources, first and last, caveats."""
    if report.coverage.calls:
        _known_calls(sheet, report)
    _known_deliveries(sheet, report.coverage.deliveries)


def _known_calls(sheet: Page, report: Report) -> None:
    coverage = report.coverage
    sheet.blank()
    sheet.text(f"What is known of {figures.counted(coverage.calls, 'call')}", "bold")
    shares = [
        f"{name} {figures.share(coverage.known[key] / coverage.calls)}"
        for key, name in _KNOWN_NAMES.items()
    ]
    sheet.text(", ".join(shares), indent=_INDENT)
    seen = ", ".join(f"{one_line(name)} {calls:,}" for name, calls in coverage.sources.items())
    sheet.text(f"calls by source: {seen}", indent=_INDENT)
    sheet.text(_when(report), indent=_INDENT)
    if coverage.negative_latencies:
        dropped = figures.counted(coverage.negative_latencies, "negative duration")
        sheet.text(f"{dropped} left out", indent=_INDENT)
    for note in report.notes:
        if note.code == "calls_taken_as_independent":
            sheet.text(note.text, "dim", indent=_INDENT)


def _known_deliveries(sheet: Page, coverage: DeliveryCoverage) -> None:
    if not coverage.states:
        return
    sheet.blank()
    sheet.text("What is known of deliveries", "bold")
    for state in coverage.states[:_NAMED]:
        sheet.text(_until(state), indent=_INDENT)
    if (more := len(coverage.states) - _NAMED) and more > 0:
        word = figures.counted(more, "more repository", "more repositories")
        sheet.text(f"{word}: see --json", "dim", indent=_INDENT)
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
            sheet.text(f"{figures.counted(count, one, many)} left out", indent=_INDENT)
    if coverage.is_git_alone:
        sheet.text(
            "from git alone: merged pull requests are a lower bound; how long a merge took and "
            "what was reopened are not known",
            indent=_INDENT,
        )


def _until(state: RepositoryState) -> str:
    name = one_line(state.slug) if state.slug else "without a repository"
    if state.synced_at is not None:
        return f"{name}: last read {state.synced_at:%Y-%m-%d %H:%M} UTC"
    if state.last_delivery is None:
        return f"{name}: nothing was delivered"
    return f"{name}: no sync on record, last delivery {state.last_delivery:%Y-%m-%d %H:%M} UTC"


def _when(report: Report) -> str:
    coverage, window = report.coverage, report.window
    at = [moment for moment in (coverage.first_call, coverage.last_call) if moment is not None]
    first, last = (f"{moment:%Y-%m-%d %H:%M} UTC" for moment in at)
    days = figures.counted(coverage.days_with_calls, "day")
    if window.first_day and window.last_day:
        every = (window.last_day - window.first_day).days + 1
        days = f"{coverage.days_with_calls:,} of {figures.counted(every, 'day')}"
    return f"first call {first}, last {last}; calls on {days}"


def missing(sheet: Page, report: Report) -> None:
    """Add what is missing, each with the command that mends it where there is one."""
    gaps = [*_no_calls(report), *_gaps(report.coverage), *_no_deliveries(report.coverage)]
    if not gaps:
        return
    sheet.blank()
    sheet.text("What is missing, and what mends it", "bold")
    for sentence, command in gaps:
        sheet.text(sentence, indent=_INDENT)
        sheet.text(command, "bold", indent=2 * _INDENT)


def _no_calls(report: Report) -> Iterator[tuple[str, str]]:
    if report.window.calls is None:
        yield "no calls: read some", "prod-lens ingest-traces PATH"


def _no_deliveries(coverage: Coverage) -> Iterator[tuple[str, str]]:
    if not coverage.deliveries.states:
        yield "no deliveries: read a local clone", "prod-lens ingest-git PATH"


def _gaps(coverage: Coverage) -> Iterator[tuple[str, str]]:
    if coverage.unpriced_models:
        calls = sum(entry.calls for entry in coverage.unpriced_models)
        names = [one_line(entry.model or "(not named)") for entry in coverage.unpriced_models]
        listed = ", ".join(names[:_NAMED]) + (", ..." if len(names) > _NAMED else "")
        yield (
            f"{figures.counted(calls, 'call')} without a cost: {listed}",
            "prod-lens prices missing",
        )
    if unassigned := coverage.calls - coverage.known["repo"]:
        yield (
            f"{figures.counted(unassigned, 'call')} without a repository",
            "prod-lens ingest-traces PATH --repo OWNER/NAME",
        )
    if unnamed := coverage.calls - coverage.known["developer"]:
        yield (
            f"{figures.counted(unnamed, 'call')} without a developer; when one person made them:",
            "prod-lens ingest-traces PATH --developer ID",
        )
    if coverage.open_dead_letters:
        letters = figures.counted(coverage.open_dead_letters, "record")
        yield f"{letters} set aside, over all repositories", "prod-lens dead-letter list"
