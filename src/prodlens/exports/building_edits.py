"""Makes the tables of proposed edits, by model and by repository, from what was measured.

Selects and names; computes no value and knows no format.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from prodlens.exports.building_charts import UNNAMED
from prodlens.exports.tables import Column, Table
from prodlens.exports.text import from_outside
from prodlens.exports.words import Kind
from prodlens.metrics import edits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prodlens.exports.tables import Value
    from prodlens.metrics.edits import EditLine
    from prodlens.metrics.report import Report
    from prodlens.metrics.values import MetricValue

_COLUMNS: Final = (
    Column(id="edits", title="Edits", kind=Kind.INT),
    Column(id="by_people", title="Accepted", kind=Kind.INT),
    Column(id="rejected", title="Rejected", kind=Kind.INT),
    Column(id="acceptance", title="By people", kind=Kind.PERCENT),
    Column(id="acceptance_low", title="95% from", kind=Kind.PERCENT),
    Column(id="acceptance_high", title="to", kind=Kind.PERCENT),
    Column(id="automatic", title="Automatic", kind=Kind.INT),
    Column(id="automatic_share", title="Share", kind=Kind.PERCENT),
    Column(id="denied", title="Denied", kind=Kind.INT),
    Column(id="failed", title="Failed", kind=Kind.INT),
    Column(id="by_unknown", title="By whom unknown", kind=Kind.INT),
    Column(id="undecided", title="Outcome unknown", kind=Kind.INT),
    Column(id="proposed_lines", title="Lines proposed", kind=Kind.INT),
    Column(id="applied_lines", title="Lines applied", kind=Kind.INT),
    Column(id="retained", title="Retained", kind=Kind.PERCENT),
    Column(id="retained_low", title="95% from", kind=Kind.PERCENT),
    Column(id="retained_high", title="to", kind=Kind.PERCENT),
    Column(id="measured", title="Measured", kind=Kind.INT),
    Column(id="pending", title="Pending", kind=Kind.INT),
)
_NOTE: Final = (
    "The rate is of what people decided; automatic approvals stand beside it, never inside. What "
    "is pending is in no retained share."
)


def edits_by_model(report: Report) -> Table | None:
    """Return what became of the edits that each model proposed; None without edits."""
    first = Column(id="model", title="Model")
    lines = edits.by_model(report.inputs)
    return _table("edits_by_model", "Edits by model", first, lines)


def edits_by_repository(report: Report) -> Table | None:
    """Return what became of the edits of each repository; None without edits."""
    first = Column(id="repo", title="Repository")
    lines = edits.by_repository(report.inputs)
    return _table("edits_by_repository", "Edits by repository", first, lines)


def _table(name: str, title: str, first: Column, lines: Sequence[EditLine]) -> Table | None:
    if not lines:
        return None
    rows = tuple(_row(line) for line in lines)
    return Table(id=name, title=title, columns=(first, *_COLUMNS), rows=rows, note=_NOTE)


def _row(line: EditLine) -> tuple[Value, ...]:
    told = line.figures
    return (
        from_outside(line.name) if line.name else UNNAMED,
        told.edits,
        told.by_people,
        told.rejected_by_people,
        *_with_interval(line.acceptance),
        told.automatic,
        line.automatic.value,
        told.denied,
        told.failed,
        told.by_unknown,
        told.undecided,
        told.proposed_lines if told.proposed_known else None,
        told.applied_lines if told.applied_known else None,
        *_with_interval(line.retained),
        told.measured,
        told.pending,
    )


def _with_interval(measured: MetricValue) -> tuple[float | None, float | None, float | None]:
    low, high = measured.interval or (None, None)
    return measured.value, low, high
