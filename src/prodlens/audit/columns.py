"""Owns which column of a provider's CSV means what; reads no file.

Source: headers of the usage and cost exports of the Claude Console and of the OpenAI platform.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from prodlens.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "date": (
        *("usage_date_utc", "date", "day", "usage_date", "start_time_iso", "starting_at"),
        *("start_time", "bucket_start_time", "timestamp", "time"),
    ),
    "model": ("model", "model_version", "model_name", "line_item"),
    "cost": (
        *("cost_usd", "cost", "amount_value", "amount_usd", "amount", "total_cost"),
        *("total_cost_usd", "cost_in_usd", "spend", "usd"),
    ),
    "currency": ("amount_currency", "currency"),
    "fresh": (
        *("usage_input_tokens_no_cache", "uncached_input_tokens", "input_uncached_tokens"),
        "input_tokens_no_cache",
    ),
    "input": ("input_tokens", "prompt_tokens", "tokens_in"),
    "cache_read": (
        *("usage_input_tokens_cache_read", "cache_read_input_tokens", "input_cached_tokens"),
        *("cached_tokens", "cache_read_tokens", "cache_read"),
    ),
    "cache_write": (
        *("usage_input_tokens_cache_write_5m", "cache_creation_input_tokens"),
        *("cache_write_tokens", "cache_write"),
    ),
    "cache_write_1h": ("usage_input_tokens_cache_write_1h", "cache_write_1h_tokens"),
    "output": ("usage_output_tokens", "output_tokens", "completion_tokens", "tokens_out"),
    "tokens": ("total_tokens", "tokens"),
}
"""What a column can mean, and the headers that mean it, the most particular first."""
_FRESH_BESIDE: Final = frozenset({"cache_creation_input_tokens", "cache_read_input_tokens"})
"""Anthropic's names: beside them `input_tokens` is input that touched no cache."""
_OPENAI: Final = frozenset({"amount_value", "num_model_requests", "input_cached_tokens"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapped:
    """Where the values of a file stand.

    Attributes:
        kind: What the file is taken for.
        provider: Who sends such bills; None when the headers don't say.
        places: Meaning -> position of the column.
        named: Meaning -> header as the file writes it.
    """

    kind: str
    provider: str | None
    places: Mapping[str, int]
    named: Mapping[str, str]


def parse_overrides(text: str) -> dict[str, str]:
    """Return the columns that a person names: `date=Day,model=Name,cost=Total`.

    Raises:
        InputError: A part is not of that form, or its meaning is none.
    """
    found = {}
    for part in text.split(","):
        meaning, equals, header = part.partition("=")
        if not equals or not header.strip():
            raise InputError(
                f"{part.strip()!r} names no column: write --columns date=Day,cost=Total."
            )
        if meaning.strip() not in NAMES:
            raise InputError(
                f"{meaning.strip()!r} is nothing a column can mean. There are: {', '.join(NAMES)}."
            )
        found[meaning.strip()] = header.strip()
    return found


def mapped(header: Sequence[str], overrides: Mapping[str, str]) -> Mapped:
    """Return what the columns of a file mean.

    Args:
        header: First row of the file.
        overrides: Meaning -> header, as a person says it; wins over what the names say.

    Raises:
        InputError: A column is missing.
    """
    if not header:
        raise InputError("the file is empty.")
    plain = [_plain(name) for name in header]
    places: dict[str, int] = {}
    for meaning, names in NAMES.items():
        given = overrides.get(meaning)
        wanted = names if given is None else (_plain(given),)
        place = next((plain.index(name) for name in wanted if name in plain), None)
        if given is not None and place is None:
            raise InputError(f"there is no column {given!r}; it has {_listed(header)}.")
        if place is not None and place not in places.values():
            places[meaning] = place
    if "input" in places and _FRESH_BESIDE.intersection(plain) and "fresh" not in places:
        places["fresh"] = places.pop("input")
    _check(places, header)
    kind, provider = _kind(set(plain), places)
    named = {meaning: header[place].strip() for meaning, place in places.items()}
    return Mapped(kind=kind, provider=provider, places=places, named=named)


def _check(places: Mapping[str, int], header: Sequence[str]) -> None:
    if "date" not in places:
        raise InputError(
            f"no column is known to be the day; name it with --columns date=NAME. It has "
            f"{_listed(header)}."
        )
    if not {"cost", "output", "tokens"}.intersection(places):
        raise InputError(
            f"no column is known to be the cost or the tokens; name it with --columns cost=NAME. "
            f"It has {_listed(header)}."
        )


def _kind(names: set[str], places: Mapping[str, int]) -> tuple[str, str | None]:
    what = "cost" if "cost" in places else "usage"
    if "usage_date_utc" in names:
        return f"Anthropic {what} export", "anthropic"
    if _OPENAI.intersection(names):
        return f"OpenAI {what} export", "openai"
    return f"{what} by day", None


def _plain(name: str) -> str:
    return "_".join(name.strip().lower().replace("-", " ").replace(".", " ").split())


def _listed(header: Sequence[str]) -> str:
    shown = ", ".join(name.strip()[:40] for name in header[:20])
    return shown or "none"
