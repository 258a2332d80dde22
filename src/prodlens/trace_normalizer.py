"""Owns which adapter reads a record: raw records in, traces and rejects out.

Knows no format's fields, no store, no files and no prices. A format is one line of `_REGISTRY`.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

from prodlens.clock import utc_now
from prodlens.errors import InputError
from prodlens.schemas import CanonicalTrace, ContextFact, Reject, RejectReason
from prodlens.scopes import agreed, inherit
from prodlens.sources import (
    claude_code,
    codex,
    copilot_metrics,
    gemini,
    litellm,
    litellm_spend,
    otlp_emitters,
    phoenix,
    simple,
    third_party,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    from prodlens.schemas import Fact, Outcome

AUTO: Final = "auto"


class TraceFormat(StrEnum):
    """The formats that can be read, each under the name its traces carry as `source`."""

    LITELLM = "litellm"
    """LiteLLM's logging callbacks; as an override, LiteLLM's SpendLogs rows, too."""
    LITELLM_SPEND_LOGS = "litellm_spend_logs"
    CLAUDE_CODE = "claude_code"
    """Claude Code's transcripts."""
    CODEX = "codex"
    """Codex CLI's rollouts."""
    GEMINI = "gemini"
    """Gemini CLI's telemetry file and chat sessions."""
    OTLP = "otlp"
    """OTLP traces and logs of any emitter; traces carry the emitter's name as `source`."""
    OPENINFERENCE = "openinference"
    """Exports of Phoenix and Arize."""
    COPILOT_METRICS = "copilot_metrics"
    """GitHub Copilot's usage metrics: figures per day, no calls."""
    PRODLENS_SIMPLE = "prodlens_simple"
    """The specification's own shape."""
    LITELLM_SERVER_LOG = "litellm_server_log"
    """Recognised so that it can be named; it holds no calls."""


class Adapter(Protocol):
    """Reads one foreign format."""

    @property
    def name(self) -> str:
        """Name of the format."""
        ...

    def matches(self, record: Mapping[str, Any], /) -> bool:
        """Return whether a record is of this format, judged by its content alone."""
        ...

    def read(self, record: Mapping[str, Any], /, *, now: datetime) -> Iterable[Outcome]:
        """Read one record; what can't be read is a `Reject`, no JSON value raises.

        Args:
            record: The decoded record.
            now: The present instant; later times (by more than a day) are out of range.
        """
        ...


class _Format(NamedTuple):
    """A registered format; an `Adapter` made of two functions."""

    name: str
    matches: Callable[[Mapping[str, Any]], bool]
    read: Callable[..., Iterable[Outcome]]
    stateful: bool = False
    """Whether `read` also takes `state`: a dict of plain JSON values of its own for each file, in
    which it may note what earlier records said (a header, a counter). Only for what no id joins."""


_REGISTRY: Final[tuple[Adapter, ...]] = (
    _Format(TraceFormat.LITELLM_SPEND_LOGS, litellm_spend.matches, litellm_spend.read),
    _Format(TraceFormat.LITELLM, litellm.matches, litellm.read),
    _Format(TraceFormat.LITELLM_SERVER_LOG, litellm.is_server_log, litellm.skip_server_log),
    _Format(TraceFormat.GEMINI, gemini.matches, gemini.read, stateful=True),
    _Format(TraceFormat.OTLP, otlp_emitters.matches, otlp_emitters.read),
    _Format(TraceFormat.OPENINFERENCE, phoenix.matches, phoenix.read),
    _Format(TraceFormat.CODEX, codex.matches, codex.read, stateful=True),
    _Format(TraceFormat.CLAUDE_CODE, claude_code.matches, claude_code.read),
    _Format(TraceFormat.COPILOT_METRICS, copilot_metrics.matches, copilot_metrics.read),
    _Format(TraceFormat.PRODLENS_SIMPLE, simple.matches, simple.read),
)
"""In the order in which formats are tried: the more particular marks first."""

_TAKEN: Final = frozenset({AUTO, "unknown", *TraceFormat})
"""Names that no other package may give its format."""

_FAMILIES: Final[dict[str, tuple[str, ...]]] = {
    TraceFormat.LITELLM: (
        TraceFormat.LITELLM_SPEND_LOGS,
        TraceFormat.LITELLM_SERVER_LOG,
        TraceFormat.LITELLM,
    )
}
"""Formats that one override stands for; the last one reads what none of them recognises."""

_LITELLM: Final = frozenset({TraceFormat.LITELLM, TraceFormat.LITELLM_SPEND_LOGS})

_TELLING_NAMES: Final = frozenset(
    """
    arguments attributes body call_type component context created_at data endTime event events
    hidden_params hrTime id kind level logger message messages metadata model name operation
    parent_id payload request_id resource resourceLogs resourceMetrics resourceSpans response
    response_cost role sessionId session_id span_id span_kind spend startTime start_time status
    time timestamp trace_id type usage uuid version
    """.split()  # noqa: SIM905 - fifty quoted words would bury the list
)
"""Names of fields that say which tool wrote a record; others may be private."""
_MOST_NAMES: Final = 12


def normalize_records(
    records: Iterable[object],
    format: TraceFormat | str | None = None,  # noqa: A002 - the specification's public name
) -> list[CanonicalTrace]:
    """Read raw records into calls; what can't be read is left out (see `read_records`).

    Records that sum up or repeat others of the same list (the parent of an LLM span) are left out,
    and calls know what records of their turn or session say. Several records of one call, such as
    the parts of a streamed answer, stay several: a store joins them.

    Args:
        records: Mappings as decoded from JSON, or one alone; pages (`{"data": [...]}`) are
            unwrapped.
        format: A format, its name in any case, or None (or "auto") to detect it per record.

    Returns:
        The calls in the order of the records; times aware UTC, unknown values None.

    Raises:
        InputError: No format has that name.

    >>> normalize_records(
    ...     [
    ...         {
    ...             "timestamp": "2024-10-28T12:00:00Z",
    ...             "usage": {"input_tokens": 1000, "output_tokens": 500},
    ...             "metadata": {"session_id": "session_abc123"},
    ...         }
    ...     ]
    ... )[0].session_id
    'abc123'
    """
    calls: list[CanonicalTrace] = []
    facts: dict[tuple[str, Fact], set[str]] = {}
    for outcome in read_records(records, format):
        if isinstance(outcome, CanonicalTrace):
            calls.append(outcome)
        elif isinstance(outcome, ContextFact):
            facts.setdefault((outcome.scope, outcome.name), set()).add(outcome.value)
    shadows = {key for call in calls for key in call.shadows}
    counted = [call for call in calls if shadows.isdisjoint((call.native_key, *call.other_keys))]
    return [_filled(call, facts) for call in counted] if facts else counted


def _filled(call: CanonicalTrace, facts: Mapping[tuple[str, Fact], set[str]]) -> CanonicalTrace:
    """Return a call with what its turn or session says in records of their own."""

    def said(name: Fact) -> str | None:
        return agreed(value for scope in call.scopes for value in facts.get((scope, name), ()))

    return inherit(call, said) if call.scopes else call


def read_records(
    records: Iterable[object],
    format: TraceFormat | str | None = None,  # noqa: A002 - the specification's public name
    *,
    now: datetime | None = None,
    state: dict[str, dict[str, Any]] | None = None,
) -> Iterator[Outcome]:
    """Read raw records into calls, what else they say, rejects and skipped records.

    Lazily and in order.

    Args:
        records: Mappings as decoded from JSON; anything else is rejected, pages are unwrapped.
        format: A format, its name in any case, or None (or "auto") to detect it per record.
        now: The present instant, against which times are checked; the clock's when not given.
        state: What adapters note between records of one file, by format, plain JSON values; grows.
            Give the same one for every part of a file.

    Returns:
        One or more outcomes per record, none for an empty page. A reject's `index` is the 0-based
        position of its record in `records`, or of the page that holds it.

    Raises:
        InputError: No format has that name; raised by the call itself, not while reading.
    """
    adapters = _adapters(parse_format(format))
    noted = {} if state is None else state
    return _outcomes(records, adapters, utc_now() if now is None else now, noted)


class RecordNormalizer:
    """Reads single records of one file, one after the other, as `read_records` does.

    Args:
        format: A format, its name in any case, or None (or "auto") to detect it per record.
        now: The present instant, against which times are checked.
        state: What adapters note between records of one file, by format; grows.

    Raises:
        InputError: No format has that name.
    """

    def __init__(
        self,
        format: TraceFormat | str | None,  # noqa: A002 - the specification's public name
        *,
        now: datetime,
        state: dict[str, dict[str, Any]],
    ) -> None:
        self._adapters = _adapters(parse_format(format))
        self._now = now
        self._state = state

    def read(self, record: object) -> Iterable[Outcome]:
        """Return the outcomes of one record; of a page, those of every record in it."""
        if type(record) is dict and (adapter := _matching(record, self._adapters)) is not None:
            return _read(adapter, record, self._now, self._state)
        return _outcomes((record,), self._adapters, self._now, self._state)


def decoder_of(
    format: TraceFormat | str | None,  # noqa: A002 - the specification's public name
) -> Callable[[bytes], object]:
    """Return what decodes the records of one file that is read in a format.

    It gives what `decode_record` gives, less what no adapter of the format looks at.

    Raises:
        InputError: No format has that name.
    """
    named = parse_format(format)
    if named is None or named in _LITELLM:
        from prodlens.sources.litellm_view import LiteLLMView

        return LiteLLMView().decode
    from prodlens.sources.raw_records import decode_record

    return decode_record


def detect(record: object) -> str | None:
    """Return the name of the format of one record, None when nothing recognises it."""
    found = _matching(record, _registered()) if isinstance(record, Mapping) else None
    return None if found is None else found.name


def parse_format(format: TraceFormat | str | None) -> str | None:  # noqa: A002 - as above
    """Return the name of the format that a name stands for; None for None and "auto".

    A format of another package (entry-point group `prodlens.sources`) has the name it gives itself.

    Raises:
        InputError: No format has that name, or the package that adds it is broken.
    """
    if format is None or isinstance(format, TraceFormat):
        return format
    word = str(format).strip().lower().replace("-", "_")
    if word == AUTO:
        return None
    if word in frozenset(TraceFormat):
        return TraceFormat(word)
    others = third_party.found(_TAKEN)
    named = [adapter.name for adapter in others.adapters]
    if word in named:
        return word
    if word in others.broken:
        raise InputError(f"Can't use {others.broken[word]}.")
    names = ", ".join([AUTO, *TraceFormat, *named])
    raise InputError(f"{word[:40]!r} is no trace format: use one of {names}.")


@functools.cache
def _adapters(chosen: str | None) -> tuple[Adapter, ...]:
    """Return the adapters that may read; with an override, the last one reads every record."""
    if chosen is None:
        return (*_registered(), _UNKNOWN)
    by_name = {adapter.name: adapter for adapter in _registered()}
    return tuple(by_name[name] for name in _FAMILIES.get(chosen, (chosen,)))


@functools.cache
def _registered() -> tuple[Adapter, ...]:
    """Return all adapters: those of other packages see only what no format of ours recognises.

    The specification's own shape has the weakest marks and stays last.
    """
    *particular, last = _REGISTRY
    return (*particular, *third_party.found(_TAKEN).adapters, last)


def _outcomes(
    records: Iterable[object],
    adapters: tuple[Adapter, ...],
    now: datetime,
    state: dict[str, dict[str, Any]],
) -> Iterator[Outcome]:
    alone = (records,) if isinstance(records, Mapping) else records
    pages: list[Iterator[object]] = [iter(alone)]
    index = -1
    while pages:
        for record in pages[-1]:
            if len(pages) == 1:
                index += 1
            if not isinstance(record, (dict, Mapping)):  # a dict is the quicker question
                yield Reject(RejectReason.NOT_AN_OBJECT, index=index)
                continue
            adapter = _matching(record, adapters)
            if adapter is None and (page := _page(record)) is not None:
                pages.append(iter(page))
                break
            for outcome in _read(adapter or adapters[-1], record, now, state):
                if isinstance(outcome, Reject):
                    yield dataclasses.replace(outcome, index=index)
                else:
                    yield outcome
        else:
            pages.pop()


def _read(
    adapter: Adapter, record: Mapping[str, Any], now: datetime, state: dict[str, dict[str, Any]]
) -> Iterable[Outcome]:
    if isinstance(adapter, _Format) and adapter.stateful:
        return adapter.read(record, now=now, state=state.setdefault(adapter.name, {}))
    return adapter.read(record, now=now)


def _matching(record: Mapping[str, Any], adapters: tuple[Adapter, ...]) -> Adapter | None:
    for adapter in adapters:
        if adapter.matches(record):
            return adapter
    return None


def _page(record: Mapping[str, Any]) -> list[object] | None:
    """Return the records of a page of an API's answer."""
    data = record.get("data")
    return data if isinstance(data, list) else None


def _read_unknown(record: Mapping[str, Any], *, now: datetime) -> tuple[Reject]:  # noqa: ARG001 - an adapter's signature
    known = sorted(name for name in record if name in _TELLING_NAMES)[:_MOST_NAMES]
    scalars: dict[str, str | int | float | bool] = {"keys": ",".join(known)} if known else {}
    return (Reject(RejectReason.UNKNOWN_FORMAT, None, scalars),)


def _is_nothing_known(_record: Mapping[str, Any]) -> bool:
    return False


_UNKNOWN: Final = _Format("unknown", _is_nothing_known, _read_unknown)
"""Reads what nothing recognises."""
