"""Reads a provider's bill or usage export from CSV; compares nothing.

Money is read exactly, as fractions of a dollar. A row that can't be read stops everything: a sum
without it would be wrong.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from prodlens.audit.columns import mapped
from prodlens.clock import local_day, parse_instant
from prodlens.errors import InputError, MissingPathError
from prodlens.schemas import NANOS_PER_USD

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import tzinfo
    from pathlib import Path

    from prodlens.audit.columns import Mapped

KINDS: Final = ("fresh", "cache_read", "cache_write", "cache_write_1h", "output")
"""Kinds of tokens that have prices of their own; `cache_write` is for five minutes."""
_SHOWN: Final = 5
_MONEY: Final = re.compile(
    r"-?(?:[1-9]\d{0,2}(?:,\d{3})+|\d+|(?=\.))(?:\.\d*)?(?:[eE][+-]?\d{1,2})?"
)
_WHOLE: Final = re.compile(r"[1-9]\d{0,2}(?:,\d{3})+|\d{1,18}(?:\.0*)?")
_COMPACT: Final = re.compile(r"(20\d\d)(\d\d)(\d\d)")
"""A day without separators; as a number it would be seconds since 1970."""
_DOLLARS: Final = frozenset({"", "usd", "us$", "$"})


@dataclass(slots=True)
class Billed:
    """What a bill says of one model on one day.

    Attributes:
        cost: US dollars, exact; None when only tokens are known.
        tokens: By kind, of `KINDS`; None when the bill names none.
        total: Tokens in all, where only that is known; None otherwise.
        lines: Places `file:line`, the first few.
    """

    cost: Fraction | None = None
    tokens: dict[str, int] | None = None
    total: int | None = None
    lines: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """A bill, of one or several files.

    Attributes:
        files: Each file with what its columns mean.
        cells: (day, model as written; '' is none) -> what is billed.
        rows: Rows that were read.
    """

    files: tuple[tuple[str, Mapped], ...]
    cells: Mapping[tuple[date, str], Billed]
    rows: int

    @property
    def providers(self) -> frozenset[str]:
        """Who the bill is from, as far as its form says."""
        return frozenset(one.provider for _, one in self.files if one.provider is not None)

    @property
    def has_models(self) -> bool:
        """Whether any file names models at all."""
        return any("model" in one.places for _, one in self.files)


def read_bill(paths: Sequence[Path], overrides: Mapping[str, str], zone: tzinfo) -> Bill:
    """Read a bill.

    Args:
        paths: CSV files; what they say of the same day and model is added up.
        overrides: Meaning -> header, for columns that are not known by their names.
        zone: Zone in which times with hours are cut into days.

    Raises:
        MissingPathError: A file does not exist.
        InputError: A file is no such CSV, or is given twice, or rows can't be read; the message
            names the lines.
    """
    _refuse_twice(paths)
    cells: dict[tuple[date, str], Billed] = {}
    files, rows = [], 0
    for path in paths:
        columns, count = _read(path, overrides, zone, cells)
        files.append((str(path), columns))
        rows += count
    bill = Bill(files=tuple(files), cells=cells, rows=rows)
    if not any(billed.cost is not None for billed in cells.values()):
        named = ", ".join(str(path) for path in paths)
        raise InputError(f"{named}: no row holds a cost, so there is nothing to compare.")
    return bill


def _refuse_twice(paths: Sequence[Path]) -> None:
    """Refuse a file that is named twice: all of it would be added up twice."""
    seen = set()
    for path in paths:
        if (place := path.resolve()) in seen:
            raise InputError(f"{path} is given twice: it would count twice.")
        seen.add(place)


def _read(
    path: Path,
    overrides: Mapping[str, str],
    zone: tzinfo,
    cells: dict[tuple[date, str], Billed],
) -> tuple[Mapped, int]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            first = file.readline()
            file.seek(0)
            lines = csv.reader(file, delimiter=_delimiter(first), strict=True)
            columns = mapped(next(lines, []), overrides)
            count = _rows(lines, columns, zone, cells, path.name)
    except FileNotFoundError:
        raise MissingPathError(f"{path} does not exist.") from None
    except UnicodeDecodeError:
        raise InputError(f"{path} is no text in UTF-8: save it as CSV UTF-8.") from None
    except csv.Error as error:
        raise InputError(f"{path} is no CSV: {error}.") from None
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    return columns, count


def _delimiter(header: str) -> str:
    return max(",;\t", key=header.count)


def _rows(
    lines: Iterator[list[str]],
    columns: Mapped,
    zone: tzinfo,
    cells: dict[tuple[date, str], Billed],
    name: str,
) -> int:
    count, bad = 0, []
    reader_line = 1
    for reader_line, row in enumerate(lines, 2):
        if not any(value.strip() for value in row):
            continue
        line = getattr(lines, "line_num", reader_line)
        try:
            count += _add(row, columns, zone, cells, f"{name}:{line}")
        except InputError as error:
            bad.append(f"line {line}: {error}")
    if bad:
        more = f"\n  and {len(bad) - _SHOWN:,} more" if len(bad) > _SHOWN else ""
        listed = "".join(f"\n  {one}" for one in bad[:_SHOWN])
        raise InputError(f"rows that can't be read, nothing was compared:{listed}{more}")
    return count


def _add(
    row: Sequence[str],
    columns: Mapped,
    zone: tzinfo,
    cells: dict[tuple[date, str], Billed],
    line: str,
) -> int:
    """Add one row; return whether it says anything."""
    said = {
        meaning: row[place].strip() if place < len(row) else ""
        for meaning, place in columns.places.items()
    }
    values = [text for meaning, text in said.items() if meaning not in {"date", "currency"}]
    if not any(values):
        return 0  # a day without use
    cost = _cost(said)
    tokens, total = _tokens(said)
    day = _day(said["date"], zone)
    model = said.get("model", "").split(", ")[0].strip()
    billed = cells.setdefault((day, model), Billed())
    if cost is not None:
        billed.cost = cost if billed.cost is None else billed.cost + cost
    if tokens is not None:
        before = billed.tokens or dict.fromkeys(KINDS, 0)
        billed.tokens = {kind: before[kind] + tokens[kind] for kind in KINDS}
    if total is not None:
        billed.total = (billed.total or 0) + total
    if len(billed.lines) < _SHOWN:
        billed.lines.append(line)
    return 1


def _cost(said: Mapping[str, str]) -> Fraction | None:
    if "cost" not in said:
        return None
    currency = said.get("currency", "").lower()
    if currency not in _DOLLARS:
        raise InputError(f"the amount is in {currency.upper()[:8]}; only US dollars are compared.")
    return money(said["cost"])


def money(text: str) -> Fraction:
    """Return an amount of US dollars, exact; in brackets it is negative.

    Raises:
        InputError: It is no amount.

    >>> money("$1,234.50"), money("(0.1)")
    (Fraction(2469, 2), Fraction(-1, 10))
    """
    plain = text.strip()
    negative = plain.startswith("(") and plain.endswith(")")
    plain = plain[1:-1] if negative else plain
    plain = plain.replace("USD", "").replace("$", "").replace(" ", "")
    if not _MONEY.fullmatch(plain) or (negative and plain.startswith("-")):
        raise InputError(f"{_short(text)} is no amount of money: write 1234.50.")
    try:
        amount = Fraction(Decimal(plain.replace(",", "")))
    except InvalidOperation:
        raise InputError(f"{_short(text)} is no amount of money: write 1234.50.") from None
    if abs(amount) > NANOS_PER_USD:
        raise InputError(f"{_short(text)} is more than a billion dollars.")
    return -amount if negative else amount


def _tokens(said: Mapping[str, str]) -> tuple[dict[str, int] | None, int | None]:
    """Return the tokens of a row by kind, or in all; None for what it doesn't say."""
    counts = {
        meaning: _whole(said[meaning])
        for meaning in (*KINDS, "input", "tokens")
        if said.get(meaning)
    }
    cached = sum(counts.get(kind, 0) for kind in ("cache_read", "cache_write", "cache_write_1h"))
    if "fresh" not in counts and "input" in counts:
        if cached > counts["input"]:
            raise InputError("more tokens of the cache than of the whole input.")
        counts["fresh"] = counts["input"] - cached
    if "fresh" in counts and "output" in counts:
        return {kind: counts.get(kind, 0) for kind in KINDS}, None
    return None, counts.get("tokens")


def _whole(text: str) -> int:
    if not _WHOLE.fullmatch(text):
        raise InputError(f"{_short(text)} is no number of tokens.")
    return int(text.replace(",", "").split(".")[0])


def _day(text: str, zone: tzinfo) -> date:
    """Return the day of a row; a time at midnight is the day that is written."""
    text = _COMPACT.sub(r"\1-\2-\3", text) if _COMPACT.fullmatch(text) else text
    found = parse_instant(text.replace("/", "-")) if text[:4].isdigit() else None
    if found is None:
        raise InputError(f"{_short(text)} is no day: write it as 2026-10-01.")
    moment, assumed = found
    if assumed:
        return moment.date()
    if re.search(r"[T ]00:00(?::00(?:\.0+)?)?(?:Z|[+-]\d\d:?\d\d)?$", text):
        return date.fromisoformat(text.replace("/", "-")[:10])
    return moment.date() if _is_midnight(moment) else local_day(moment, zone)


def _is_midnight(moment: datetime) -> bool:
    return moment.astimezone(UTC).time() == datetime.min.time()


def _short(text: str) -> str:
    return repr(text if len(text) <= 24 else f"{text[:24]}...")
