"""The last part of the page: what is known of the calls, what is missing, what mends it.

Composes and words; computes no value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from prodlens.exports import figures
from prodlens.exports.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prodlens.exports.page import Page
    from prodlens.metrics.coverage import Coverage
    from prodlens.metrics.report import Report

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
    """Add what is known of the calls: shares, sources, first and last call, caveats."""
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
    sheet.blank()
    sheet.text("What is missing, and what mends it", "bold")
    if report.window.data is None:
        _gap(sheet, "no calls: read some", "prod-lens ingest-traces PATH")
    for sentence, command in _gaps(report.coverage):
        _gap(sheet, sentence, command)
    for note in report.notes:
        if note.code == "comes_with_delivery_data":
            sheet.text(note.text, indent=_INDENT)


def _gap(sheet: Page, sentence: str, command: str) -> None:
    sheet.text(sentence, indent=_INDENT)
    sheet.text(command, "bold", indent=2 * _INDENT)


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
