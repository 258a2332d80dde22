"""One foreign format each -> `CanonicalTrace` or a reject; formats know neither each other nor files.

`reading` turns bytes into raw records before any format is asked; nothing here touches the store.
"""

from __future__ import annotations
