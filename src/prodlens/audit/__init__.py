"""Owns the checking of costs: what stands behind each dollar, and how a bill differs from it.

Only reads: the store, and a bill as CSV. Must not compute a cost of its own: prices come from
`prodlens.pricing`, sums from the readings that the report uses.
"""

from __future__ import annotations

from prodlens.audit.auditing import audit
from prodlens.audit.behind import Audit, AuditedCall

__all__ = ["Audit", "AuditedCall", "audit"]
