"""Owns how Phoenix and Arize export spans: rows of a data frame, pages of their API.

From a record to a `Span` whose attributes have dotted names again. What the attributes mean is
read by `spans`.

Source: Arize Phoenix 20 `Client.get_spans_dataframe`, REST `/v1/projects/{id}/spans` and
`.../spans/otlpv1`; Arize `ArizeExportClient.export_model_to_df`.

| shape | told by | times |
|---|---|---|
| data frame as JSON lines or Parquet | `context.span_id` | ms since 1970, ISO text |
| page of the REST API | `context: {span_id}` | ISO text |
| page of the OTLP-like REST API | `start_time_unix_nano`, `trace_id` | ns since 1970 |

A data frame may also be written as one object: by columns (what `to_json()` does when nothing is
asked for), by rows under their index, or as columns and data apart (pandas `orient`).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from prodlens.sources import fields, openinference, otlp, otlp_values, python_literals, spans
from prodlens.sources.fields import text
from prodlens.sources.otlp import Scoped, Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from prodlens.schemas import Outcome

SOURCE: Final = "openinference"

_SPAN_ID: Final = "context.span_id"
_ATTRIBUTES: Final = "attributes."
_NESTED: Final = frozenset(
    """
    copilot_chat enduser error exception gen_ai http langfuse litellm llm openinference operation
    session tag traceloop user vcs
    """.split()  # noqa: SIM905 - a list of words, as a list of words
)
"""First parts of names that are read; only these objects are taken apart."""
_WHOLE: Final = frozenset(
    {"llm.invocation_parameters", "llm.input_messages", "llm.output_messages"}
)
_MOST_LEVELS: Final = 8
_STATUSES: Final = ("unset", "ok", "error")


def matches(record: Mapping[str, Any]) -> bool:
    """Return whether a record is a span as Phoenix or Arize export it."""
    if _SPAN_ID in record or _is_bare(record):
        return True
    if "context" in record:
        context = record["context"]
        if isinstance(context, (dict, str)) and "span_id" in context:
            return True
    return _is_by_index(record) or ("columns" in record and _is_split(record))


def read(record: Mapping[str, Any], *, now: datetime) -> Iterator[Outcome]:
    """Read one exported span.

    Args:
        record: The decoded row or item of a page.
        now: The present instant; later times (by more than a day) are out of range.

    Returns:
        Facts of its trace, then its call, why it is none, or why it is set aside; of every row
        where one object holds a whole data frame.
    """
    for row in _rows_of(record):
        yield from spans.read_span(span_of(row), now=now, source=SOURCE)


def _rows_of(record: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    """Return the rows of a whole data frame, or the one span that a record is."""
    ids = record.get(_SPAN_ID)
    if isinstance(ids, dict):
        columns = {name: cells for name, cells in record.items() if isinstance(cells, dict)}
        return ({name: cells.get(row) for name, cells in columns.items()} for row in ids)
    if _SPAN_ID in record or _is_bare(record):
        return (record,)
    if _is_split(record):
        names = [str(name) for name in record["columns"]]
        return (
            dict(zip(names, cells, strict=False))
            for cells in record["data"]
            if isinstance(cells, list)
        )
    if _is_by_index(record):
        return (row for row in record.values() if isinstance(row, dict))
    return (record,)


def _is_by_index(record: Mapping[str, Any]) -> bool:
    for first in record.values():
        return isinstance(first, dict) and _SPAN_ID in first
    return False


def _is_split(record: Mapping[str, Any]) -> bool:
    columns = record.get("columns")
    return (
        isinstance(columns, list) and _SPAN_ID in columns and isinstance(record.get("data"), list)
    )


def span_of(record: Mapping[str, Any]) -> Span:
    """Return the span of a record of any of the shapes."""
    if _is_bare(record):
        scope = text(fields.mapping(record.get("scope")).get("name")) or ""
        return otlp.span_of(Scoped(record, _resource(record), scope, ""))
    context = python_literals.mapping(record.get("context"))
    status = record.get("status_code")
    if status is None:
        status = fields.mapping(record.get("status")).get("status_code")
    word = otlp_values.enum_name(status, "STATUS_CODE_", _STATUSES)
    start = record.get("start_time")
    return Span(
        trace_id=_id(record, context, "trace_id", otlp_values.TRACE_ID_BYTES),
        span_id=_id(record, context, "span_id", otlp_values.SPAN_ID_BYTES),
        parent_id=otlp_values.any_id(record.get("parent_id"), otlp_values.SPAN_ID_BYTES),
        name=name if isinstance(name := record.get("name"), str) else "",
        start=otlp_values.moment(start),
        start_ns=otlp_values.nanos(start),
        end=otlp_values.moment(record.get("end_time")),
        status_code=None if word is None else _STATUSES.index(word),
        attributes=attributes_of(record),
        resource=_resource(record),
        kind=None,
        exception=otlp.exception_of(record.get("events")),
        raw=record,
    )


def _is_bare(record: Mapping[str, Any]) -> bool:
    if "start_time_unix_nano" in record and "trace_id" in record:
        return True
    return "startTimeUnixNano" in record and "traceId" in record


def _id(record: Mapping[str, Any], context: Mapping[str, Any], name: str, size: int) -> str | None:
    found = context.get(name)
    return otlp_values.any_id(record.get(f"context.{name}") if found is None else found, size)


def _resource(record: Mapping[str, Any]) -> dict[str, Any]:
    resource = fields.mapping(record.get("resource"))
    return otlp_values.attributes(resource.get("attributes"))


def attributes_of(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the attributes of a row or item under dotted names, `metadata` as it stands.

    Objects come as objects, as JSON text or as Python's repr; columns that hold nothing for this
    row are left out. The column `span_kind` stands for a missing `openinference.span.kind`.
    """
    found: dict[str, Any] = {}
    for name, value in python_literals.mapping(record.get("attributes")).items():
        _put(found, name, value)
    for name, value in record.items():
        if name.startswith(_ATTRIBUTES):
            _put(found, name[len(_ATTRIBUTES) :], value)
    kind = record.get("span_kind")
    if openinference.KIND not in found and isinstance(kind, str) and kind.upper() != "UNKNOWN":
        found[openinference.KIND] = kind
    return found


def _put(found: dict[str, Any], name: str, value: object, level: int = 0) -> None:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return  # NaN is what data frames hold for nothing
    inner = _parts_of(name, value) if level < _MOST_LEVELS else None
    if inner is None:
        found.setdefault(name, value)
        return
    for part, piece in inner.items():
        _put(found, f"{name}.{part}", piece, level + 1)


def _parts_of(name: str, value: object) -> Mapping[str, Any] | None:
    """Return the object whose parts are attributes of their own, None when there is none."""
    if name in _WHOLE or name.partition(".")[0] not in _NESTED:
        return None
    if isinstance(value, dict):
        return value
    return _object_in(value) if name in _NESTED else None


def _object_in(value: object) -> Mapping[str, Any] | None:
    """Return an object that was written as text, None when the value is none."""
    if not isinstance(value, str) or value[:1] != "{":
        return None
    return python_literals.mapping(value) or None
