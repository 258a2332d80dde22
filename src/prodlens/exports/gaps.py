"""The last part of the page: what is known of calls and deliveries, what is missing, what mends it.

Composes only; what is said stands in the report (`prodlens.exports.building_quality`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from prodlens.exports import figures

if TYPE_CHECKING:
    from prodlens.exports.model import Quality
    from prodlens.exports.page import Page

_NAMED: Final = 3
_INDENT: Final = "  "
_CALLS: Final = "calls"


def known(sheet: Page, quality: Quality) -> None:
    """Add what is known of calls and deliveries: shares, sources, first and last, caveats."""
    if quality.calls:
        _known_calls(sheet, quality)
    fresh = [one for one in quality.freshness if one.name != _CALLS]
    if not fresh:
        return
    sheet.blank()
    sheet.text("What is known of deliveries", "bold")
    for one in fresh[:_NAMED]:
        sheet.text(one.text, indent=_INDENT)
    if (more := len(fresh) - _NAMED) > 0:
        word = figures.counted(more, "more repository", "more repositories")
        sheet.text(f"{word}: see --json", "dim", indent=_INDENT)
    for remark in quality.deliveries:
        sheet.text(remark, indent=_INDENT)


def _known_calls(sheet: Page, quality: Quality) -> None:
    sheet.blank()
    sheet.text(f"What is known of {figures.counted(quality.calls, 'call')}", "bold")
    shares = [f"{one.name} {figures.share(one.known / one.of)}" for one in quality.shares]
    sheet.text(", ".join(shares), indent=_INDENT)
    seen = ", ".join(f"{name} {calls:,}" for name, calls in quality.sources)
    sheet.text(f"calls by source: {seen}", indent=_INDENT)
    for remark in quality.remarks[:-1]:
        sheet.text(remark, indent=_INDENT)
    sheet.text(quality.remarks[-1], "dim", indent=_INDENT)


def missing(sheet: Page, quality: Quality) -> None:
    """Add what is missing, each with the command that mends it where there is one."""
    if not quality.gaps:
        return
    sheet.blank()
    sheet.text("What is missing, and what mends it", "bold")
    for gap in quality.gaps:
        sheet.text(gap.text, indent=_INDENT)
        sheet.text(gap.command, "bold", indent=2 * _INDENT)
