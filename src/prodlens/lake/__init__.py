"""The Parquet lake beyond one machine: rollups by an engine, and trace files read by many.

Knows formats only through the normaliser and rules of calls only through the store's own code, so
that a lake and a store say the same of the same records.
"""

from __future__ import annotations
