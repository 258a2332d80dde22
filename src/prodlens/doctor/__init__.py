"""Looks over a whole installation: what is there, what is missing, and the command that mends it.

Reads only, and works with any file under the database's name. Prints nothing and reads no settings.
"""

from __future__ import annotations

from prodlens.doctor.examination import CHECKS, diagnose
from prodlens.doctor.finding import Finding, Setup, Status

__all__ = ["CHECKS", "Finding", "Setup", "Status", "diagnose"]
