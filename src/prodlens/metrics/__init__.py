"""Every number ProdLens reports: the catalogue, the inputs, one module per family, the report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from prodlens.metrics.report import ReportGenerator

__all__ = ["ReportGenerator"]


def __getattr__(name: str) -> Any:
    """Import the report when it is asked for: commands that need one number load no statistics."""
    if name != "ReportGenerator":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from prodlens.metrics.report import ReportGenerator

    return ReportGenerator
