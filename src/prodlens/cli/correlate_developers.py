"""`prod-lens correlate --by developer`: the same question within developers, as text or JSON.

Writes nothing. Words: `prodlens.metrics.panel_sentences`.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from prodlens.cli.associating import Slice
    from prodlens.cli.context import App
    from prodlens.metrics.panel import Panel, PanelLine
    from prodlens.storage import ProdLensStore

_METHOD: Final = "slope of logs on work days, developer and day held fixed, 95% interval"


def made(
    app: App, store: ProdLensStore, found: Slice, pair: tuple[str, str], lags: tuple[int, ...]
) -> Panel:
    """Return the panel of a slice, the listed holidays left out.

    Raises:
        StoreError: The database can't be read.
    """
    from prodlens.metrics.developers import read_developers
    from prodlens.metrics.panel import panel

    people = read_developers(store, found.selection, found.metrics.days)
    listed = app.settings.report.nonworking_days
    return panel(found.metrics, people, pair, lags, nonworking_days=listed)


def tell(app: App, panel: Panel) -> None:
    """Give the answer in the form that was asked for."""
    if app.json:
        app.out.json(document(panel))
    else:
        _show(app, panel)


def document(panel: Panel) -> dict[str, Any]:
    """Return a panel as plain values, with its sentences."""
    from prodlens.metrics.panel_sentences import headline, line_sentence, remarks, summary
    from prodlens.metrics.profile import Q

    lead = headline(panel)
    span = panel.days
    return {
        "schema": "prodlens.panel/1",
        "x": panel.x,
        "y": panel.y,
        "window": None if span is None else {"first_day": span.first, "last_day": span.last},
        "family": {"lags": "0 and above", "method": "bh", "q": Q},
        "family_size": panel.family_size,
        "developers": panel.n_people,
        "linked_share": panel.linked_share,
        "unnamed_share": panel.unnamed_share,
        "lines": [
            {**dataclasses.asdict(line), "sentence": line_sentence(panel, line)}
            for line in panel.lines
        ],
        "finding": None if lead is None else line_sentence(panel, lead),
        "summary": summary(panel),
        "remarks": list(remarks(panel)),
    }


def _show(app: App, panel: Panel) -> None:
    from prodlens.cli.associating import wrapped
    from prodlens.metrics.daily_metrics import NAMES
    from prodlens.metrics.panel_sentences import headline, line_sentence, remarks, summary

    app.out.line(f"{NAMES[panel.x]} → {NAMES[panel.y]} within developers, by lag")
    if any(line.is_tested for line in panel.lines):
        app.out.line(f"  {_METHOD}")
        for line in panel.lines:
            app.out.line(_row(line))
        app.out.line(wrapped(app, summary(panel)))
    lead = headline(panel)
    if lead is not None:
        app.out.line(wrapped(app, line_sentence(panel, lead)))
    for remark in remarks(panel):
        app.out.line(wrapped(app, remark))


def _row(line: PanelLine) -> str:
    from prodlens.metrics.wording import probability, signed

    name = "  same day" if line.lag_days == 0 else f"  {line.lag_days:+d} d"
    if not line.is_tested:
        return f"{name:<11} - ({line.status.replace('_', ' ')})"
    ends = signed(line.ci_low or 0.0), signed(line.ci_high or 0.0)
    verdict = "placebo"
    if line.lag_days >= 0:
        verdict = "" if line.q is None else f"p adj {probability(line.q)}"
    return f"{name:<11} {signed(line.beta or 0.0)}  [{ends[0]}, {ends[1]}]   {verdict}".rstrip()
