"""Accepted edits and a local clone -> how much of what was accepted was kept."""

from __future__ import annotations

from prodlens.retention.measuring import WINDOW, Retention
from prodlens.retention.report import Notes, RetentionReport, ToolRetention

__all__ = ["WINDOW", "Notes", "Retention", "RetentionReport", "ToolRetention"]
