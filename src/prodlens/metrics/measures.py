"""Owns which function computes which metric; a new family is one more line here.

No data, no formatting.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from prodlens.metrics import (
    acceptance,
    cost,
    delivery,
    edits,
    interaction,
    linking,
    working_sessions,
)
from prodlens.metrics.catalog import METRICS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from prodlens.metrics.inputs import MetricInputs
    from prodlens.metrics.values import MetricValue

MEASURES: Final[Mapping[str, Callable[[MetricInputs], MetricValue]]] = {
    **interaction.MEASURES,
    **working_sessions.MEASURES,
    **acceptance.MEASURES,
    **edits.MEASURES,
    **cost.MEASURES,
    **delivery.MEASURES,
    **linking.MEASURES,
}
"""The function of each slug of `METRICS`."""


def measure(inputs: MetricInputs, slugs: Iterable[str] | None = None) -> dict[str, MetricValue]:
    """Return the values of some metrics; None means all, in the order of the catalogue.

    Raises:
        KeyError: There is no metric of that name.
    """
    chosen = METRICS if slugs is None else slugs
    return {slug: MEASURES[slug](inputs) for slug in chosen}
