"""The catalogue's entries about the edits that assistants propose; no data.

Source: sources.md section 8.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from prodlens.metrics.metric import Better, Family, Need, entry
from prodlens.metrics.values import Unit

if TYPE_CHECKING:
    from prodlens.metrics.metric import Metric

_PROPOSED: Final = (
    "An edit is one call of a tool that changes a file, as the assistant's own records tell of it."
)


def _edit(
    slug: str, title: str, unit: Unit, definition: str, better: Better = Better.NEITHER
) -> Metric:
    return entry(
        slug, title, unit, Need.EDITS, family=Family.EDITS, better=better, definition=definition
    )


EDITS: Final = (
    _edit(
        "edits_proposed",
        "Edits proposed",
        Unit.COUNT,
        f"{_PROPOSED} Each counts once, whatever the number of records about it.",
    ),
    _edit(
        "edit_acceptance_rate",
        "Edits accepted by people",
        Unit.SHARE,
        "Edits that a person accepted divided by edits that a person accepted or rejected. What a "
        "setting or a mode let pass, what a policy denied, what failed, and what nobody is known "
        "to have decided is outside. To accept is a click: it says nothing of quality.",
        Better.UP,
    ),
    _edit(
        "edits_auto_approved",
        "Edits approved automatically",
        Unit.COUNT,
        "Edits that a setting or a permission mode let pass without asking anybody. They are in "
        "no acceptance rate.",
    ),
    _edit(
        "edits_auto_share",
        "Share approved automatically",
        Unit.SHARE,
        "Edits that were approved automatically divided by all edits proposed.",
    ),
    _edit(
        "edits_accepted",
        "Edits accepted",
        Unit.COUNT,
        "Edits that were accepted, by people, automatically, or by nobody knows whom.",
    ),
    _edit(
        "edits_accepted_unknown",
        "Edits accepted, by whom not known",
        Unit.COUNT,
        "Edits that were applied, of which no record says whether somebody was asked.",
    ),
    _edit("edits_rejected", "Edits rejected", Unit.COUNT, "Edits that were rejected."),
    _edit(
        "edits_denied",
        "Edits denied by policy",
        Unit.COUNT,
        "Edits that the assistant was not permitted to make; nobody judged them.",
    ),
    _edit(
        "edits_failed",
        "Edits that failed",
        Unit.COUNT,
        "Edits that ended in an error; nobody judged them.",
    ),
    _edit(
        "edits_undecided",
        "Edits, outcome not known",
        Unit.COUNT,
        "Edits of which no record says what became of them.",
    ),
    _edit(
        "edit_lines_proposed",
        "Lines proposed",
        Unit.LINES,
        "Lines that edits would have added, over edits of which the number is known.",
    ),
    _edit(
        "edit_lines_applied",
        "Lines applied",
        Unit.LINES,
        "Lines that accepted edits added, automatic approvals included, over accepted edits of "
        "which the number is known.",
    ),
    _edit(
        "edit_retained_share",
        "Lines still there when committed",
        Unit.SHARE,
        "Meaningful lines of accepted edits that were found again in a commit divided by the "
        "meaningful lines of those edits. Edits that may still be committed are pending: they are "
        "outside, not zero. Edits whose time is over without a commit count with zero lines. The "
        "interval takes edits, not lines, as independent.",
        Better.UP,
    ),
    _edit(
        "edit_retention_coverage",
        "Accepted edits measured",
        Unit.SHARE,
        "Accepted edits of which a clone said how many lines were kept, divided by all accepted "
        "edits: prod-lens retention reads the clone.",
    ),
)
"""Every entry of the family, in the order in which it is shown."""
