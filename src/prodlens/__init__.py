"""ProdLens: what AI coding assistants cost, what is kept, and what goes together with it.

One rule explains the design: every number is a function of a `Selection` and the store.
This module holds the version only, so that importing the package costs nothing.
"""

from __future__ import annotations

__version__ = "0.1.0"
