"""Pauses the search for cycles of objects while many records are read."""

from __future__ import annotations

import contextlib
import gc
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def without_collecting() -> Iterator[None]:
    """Keep the garbage collector from looking for cycles inside the block.

    Records and rows hold none, so all of it is freed as it goes out of use; looking at every
    object of a batch again and again costs a tenth of the time (performance.md 3).
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()
