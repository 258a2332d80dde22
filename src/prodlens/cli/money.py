"""How exact money, times and places are written on the terminal; computes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from prodlens.cli.output import clean
from prodlens.schemas import NANOS_PER_USD

if TYPE_CHECKING:
    from datetime import datetime, tzinfo

    from prodlens.audit.behind import Spot

_FEWEST_DECIMALS: Final = 6
UNPRICED: Final = "unpriced"


def dollars(nanos: int | None, *, sign: bool = False) -> str:
    """Return exact nano-dollars as dollars: six decimals, or as many as there are.

    Args:
        nanos: The amount; None is not known, which is never written as 0.
        sign: Whether a plus stands before what is not negative.

    >>> dollars(15933000), dollars(-1234500000001), dollars(None), dollars(0, sign=True)
    ('$0.015933', '-$1,234.500000001', 'unpriced', '+$0.000000')
    """
    if nanos is None:
        return UNPRICED
    whole, rest = divmod(abs(nanos), NANOS_PER_USD)
    decimals = f"{rest:09d}".rstrip("0").ljust(_FEWEST_DECIMALS, "0")
    before = "-" if nanos < 0 else "+" if sign else ""
    return f"{before}${whole:,}.{decimals}"


def exact_usd(nanos: int | None) -> str | None:
    """Return exact nano-dollars as a decimal text for JSON: `0.015933000`; None stays None."""
    if nanos is None:
        return None
    whole, rest = divmod(abs(nanos), NANOS_PER_USD)
    return f"{'-' if nanos < 0 else ''}{whole}.{rest:09d}"


def place(spot: Spot) -> str:
    """Return where a record stands: `file:line (byte offset)`."""
    if spot.path is None:
        return "(not read from a file)"
    line = "" if spot.line is None else f":{spot.line}"
    offset = "" if spot.offset is None else f" (byte {spot.offset:,})"
    return f"{clean(spot.path)}{line}{offset}"


def wall_time(moment: datetime, zone: tzinfo) -> str:
    """Return an instant as a zone's clock shows it, to the second."""
    return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")
