"""Owns what a value of each kind may be: plain TOML values in, checked values out.

Knows neither files nor the environment nor which settings exist.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from decimal import Decimal


class Kind(StrEnum):
    """What a value of a setting looks like; the text is what a person reads."""

    TEXT = "text"
    SECRET = "secret text"  # noqa: S105 - the name of a kind, no password
    PATH = "path"
    PATHS = "list of paths or globs"
    TEXTS = "list of texts"
    INTEGER = "whole number"
    URL = "https address"
    ZONE = "time zone"
    DAY = "day"
    DAYS = "list of days"
    PRICES = "list of price rows"


class BadValueError(ValueError):
    """A value that its setting can't have; the text says what would be right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceSetting:
    """One `[[prices]]` row: what a model costs in US dollars per million tokens.

    Attributes:
        model: Model name, or a glob on it.
        provider: Who serves it; None is any.
        input: Price of input that came from no cache.
        output: Price of output.
        cache_read: Price of input read from the cache; None: not stated.
        cache_write: Price of input written to the cache for five minutes; None: not stated.
        cache_write_1h: Price of input written to the cache for one hour; None: not stated.
        valid_from: First UTC day of the price; None: always.
        discount: Share 0..1 taken off everything; None: nothing.
    """

    model: str
    provider: str | None = None
    input: Decimal
    output: Decimal
    cache_read: Decimal | None = None
    cache_write: Decimal | None = None
    cache_write_1h: Decimal | None = None
    valid_from: date | None = None
    discount: Decimal | None = None


_LOOPBACK: Final = ("http://localhost", "http://127.0.0.1", "http://[::1]")
_LISTS: Final = (Kind.PATHS, Kind.TEXTS, Kind.DAYS)
_PRICE_FIELDS: Final = tuple(PriceSetting.__dataclass_fields__)


def from_text(kind: Kind, text: str) -> Any:
    """Return the TOML value that a text from the environment or a flag stands for.

    Lists are separated by commas.

    Raises:
        BadValueError: The text is no whole number where one is needed.
    """
    if kind is Kind.INTEGER:
        try:
            return int(text)
        except ValueError:
            raise BadValueError("a whole number") from None
    if kind in _LISTS:
        return [part.strip() for part in text.split(",") if part.strip()]
    return text


def check(kind: Kind, value: object, *, minimum: int = 0, base: Path | None = None) -> Any:
    """Return the checked value of a setting.

    Args:
        kind: What it must be.
        value: A TOML value: text, whole number, Decimal, list, table or date.
        minimum: Least whole number allowed.
        base: Folder that relative paths start from; None leaves them as they are.

    Raises:
        BadValueError: It is something else; the text says what would be right.
    """
    if kind is Kind.INTEGER:
        return _integer(value, minimum)
    if kind is Kind.PRICES:
        return tuple(_price(row, number) for number, row in enumerate(_list(value), start=1))
    if kind in _LISTS:
        return tuple(_CHECKS[kind](item, base) for item in _list(value))
    return _CHECKS[kind](value, base)


def nearest(word: str, known: Iterable[str]) -> str:
    """Return the known word that is most like another one."""
    import difflib

    return difflib.get_close_matches(word, list(known), n=1, cutoff=0.0)[0]


def _integer(value: object, minimum: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < minimum:
        raise BadValueError(f"a whole number of at least {minimum}")
    return value


def _list(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise BadValueError("a list")
    return value


def _text(value: object, base: Path | None = None) -> str:  # noqa: ARG001 - all checks look alike
    if not isinstance(value, str) or not value.strip():
        raise BadValueError("a text that is not empty")
    if not value.isprintable():
        raise BadValueError("a text without control characters")
    return value.strip()


def _path(value: object, base: Path | None) -> Path:
    path = Path(_text(value)).expanduser()
    return path if base is None else base / path


def _path_text(value: object, base: Path | None) -> str:
    return str(_path(value, base))


def _url(value: object, base: Path | None) -> str:  # noqa: ARG001 - all checks look alike
    text = _text(value).rstrip("/")
    if text.startswith("https://"):
        return text
    if any(text == start or text.startswith((f"{start}:", f"{start}/")) for start in _LOOPBACK):
        return text
    raise BadValueError("an address that begins with https://")


def _zone(value: object, base: Path | None) -> str:  # noqa: ARG001 - all checks look alike
    import zoneinfo

    name = _text(value)
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise BadValueError("a time zone as the IANA names it") from None
    return name


def _day(value: object, base: Path | None = None) -> date:  # noqa: ARG001 - all checks look alike
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise BadValueError("a day written as 2026-12-24")


_CHECKS: Final[dict[Kind, Callable[[object, Path | None], Any]]] = {
    Kind.TEXT: _text,
    Kind.SECRET: _text,
    Kind.TEXTS: _text,
    Kind.PATH: _path,
    Kind.PATHS: _path_text,
    Kind.URL: _url,
    Kind.ZONE: _zone,
    Kind.DAY: _day,
    Kind.DAYS: _day,
}


def _price(row: object, number: int) -> PriceSetting:
    where = f"row {number}"
    if not isinstance(row, dict):
        raise BadValueError(f"[[prices]] tables ({where} is none)")
    for key in row:
        if key not in _PRICE_FIELDS:
            raise BadValueError(
                f"rows without {key!r} ({where}); the nearest known name is "
                f"{nearest(key, _PRICE_FIELDS)!r}"
            )
    for key in ("model", "input", "output"):
        if key not in row:
            raise BadValueError(f"rows with {key!r} ({where} has none)")
    return PriceSetting(**{key: _price_field(key, row[key], where) for key in row})


def _price_field(key: str, value: object, where: str) -> Any:
    try:
        if key in ("model", "provider"):
            return _text(value)
        if key == "valid_from":
            return _day(value)
        return _amount(value, at_most=1 if key == "discount" else None)
    except BadValueError as error:
        raise BadValueError(f"rows whose {key!r} is {error} ({where})") from None


def _amount(value: object, *, at_most: int | None) -> Decimal:
    from decimal import Decimal

    wanted = "a number of at least 0" if at_most is None else f"a number from 0 to {at_most}"
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise BadValueError(wanted)
    amount = Decimal(value)
    if not amount.is_finite() or amount < 0 or (at_most is not None and amount > at_most):
        raise BadValueError(wanted)
    return amount
