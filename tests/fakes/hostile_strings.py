"""Names as no honest source writes them: formulas, markup, escapes, directions, endless ones.

The corpus is `tests/data/hostile_strings.json`; every renderer gets all of it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

_FILE: Final = Path(__file__).parents[1] / "data" / "hostile_strings.json"


def _read() -> dict[str, str]:
    """Return the corpus; `x*10000` stands for 10,000 times x."""
    found: dict[str, str] = json.loads(_FILE.read_text(encoding="utf-8"))
    found["long"] = "x" * 10_000
    found["long_words"] = "y " * 5_000
    return found


HOSTILE: Final = _read()
"""Every hostile string by what it attacks."""
