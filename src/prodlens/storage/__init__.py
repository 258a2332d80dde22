"""The one SQLite file: connection, schema, and one module per table family."""

from __future__ import annotations

from prodlens.storage.store import ProdLensStore

__all__ = ["ProdLensStore"]
