"""Owns where the facts of ProdLens' own shape may stand; reads no value and gives none a meaning.

A fact stands at the top, in `metadata`, in `attributes`, or one level below, under any of the names
in `SLOTS`. Where to look follows from the names alone, and one logger writes the same names in each
record: so it is worked out once for all records with the same names in the same order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from prodlens.sources import fields

if TYPE_CHECKING:
    from collections.abc import Mapping

SLOTS: Final = {
    "time": "timestamp time ts start_time startTime created_at",
    "usage": "usage",
    "session": (
        "session_id sessionId session.id prod_lens.session_id session gen_ai.conversation.id"
        " conversation_id"
    ),
    "developer": (
        "developer_id developerId prod_lens.developer_id developer user_email user.email"
        " user_api_key_user_email user_id userId user.id enduser.id user user_api_key_user_id"
        " user_api_key_alias end_user user_api_key_end_user_id"
    ),
    "model": (
        "model model_name llm.model_name llm.model gen_ai.response.model gen_ai.request.model"
        " llm.response.model_name llm.request.model_name modelName"
    ),
    "provider": "provider custom_llm_provider llm.provider gen_ai.provider.name gen_ai.system",
    "latency": "latency_ms latencyMs llm.latency_ms response_time_ms duration_ms",
    "status_code": "status_code statusCode http.status_code http.response.status_code",
    "status": "status",
    "error": "error_type errorType error.type error_class",
    "accepted": (
        "accepted_flag prod_lens.accepted_flag prod_lens.accepted accepted is_accepted acceptedFlag"
    ),
    "diff_ratio": "diff_ratio prod_lens.diff_ratio diffRatio",
    "accepted_lines": "accepted_lines prod_lens.accepted_lines acceptedLines lines_accepted",
    "repo": (
        "repo_slug prod_lens.repo_slug repo repository repo_name repoSlug repo_url repository_url"
        " git_repo"
    ),
    "branch": "git_branch branch",
    "cost": "cost_usd",
    "stream": "stream",
    "user_agent": "user_agent userAgent",
    "request": "request_id",
    "trace": "trace_id traceId",
    "span": "span_id spanId",
    "parent": "parent_span_id parent_id",
}
"""Kinds of facts with their names, the better name first."""

_NAMED: Final = {
    name: (slot, rank)
    for slot, names in enumerate(SLOTS.values())
    for rank, name in enumerate(names.split())
}
_TOP, _METADATA, _ATTRIBUTES = range(3)
_BELOW: Final = {
    (_METADATA, "requester_metadata"): 3,
    (_METADATA, "spend_logs_metadata"): 4,
    (_ATTRIBUTES, "metadata"): 5,
}
_PREFIXES: Final = ("llm", "gen_ai", "http", "session", "user", "error", "prod_lens")
"""Attributes that exporters un-flatten: `{"llm": {"model_name": ...}}`."""
_MOST_LAYOUTS: Final = 1024
_MOST_NAMES: Final = 128
_LONGEST_NAMES: Final = 4096
"""Characters of all names of a record whose layout is remembered."""

Names = tuple[tuple[str, ...], ...]
"""Names of the objects of a record: the record's, metadata's, attributes', those inside."""
Spots = tuple[tuple[int, str], ...]
"""Where a fact may stand, the best place first: index of the object, and name in it."""


Searched = tuple[list["Mapping[str, Any]"], tuple[tuple[int, Spots], ...]]
"""The objects of a record (itself, its metadata, its attributes, and what they hold), and of each
kind of fact that may be there `(slot, spots)`: where in them it may stand; `slot` counts in `SLOTS`."""


class _Part(NamedTuple):
    """One object: its rank among places, what its names begin with, where in its outer it stands.

    Only an object of a prefix has a `prefix`; `outer` and `name` say where it comes from.
    """

    place: int
    prefix: str = ""
    position: int = 0
    outer: int = 0
    name: str = ""


class _Layout(NamedTuple):
    """What follows from names: where to look, and which objects inside have to be opened first."""

    spots: tuple[tuple[int, Spots], ...]
    inside: tuple[_Part, ...]


_layouts: Final[dict[Names, _Layout]] = {}


def searched(record: Mapping[str, Any]) -> Searched:
    """Return the objects of a record that may hold facts, and where in them each may stand."""
    metadata, attributes = record.get("metadata"), record.get("attributes")
    metadata = metadata if type(metadata) is dict else fields.mapping(metadata)
    attributes = attributes if type(attributes) is dict else fields.mapping(attributes)
    objects = [record, metadata, attributes]
    names: Names = (tuple(record), tuple(metadata), tuple(attributes))
    layout = _layouts.get(names) or _learnt(names)
    while layout.inside:
        inside = [_opened(objects[part.outer][part.name], part) for part in layout.inside]
        objects += inside
        names = (*names, *map(tuple, inside))
        layout = _layouts.get(names) or _learnt(names)
    return objects, layout.spots


def _opened(value: object, part: _Part) -> Mapping[str, Any]:
    """Return an object inside; one that is un-flattened is never JSON text."""
    if isinstance(value, dict):
        return value
    return fields.EMPTY if part.prefix else fields.mapping(value)


def _learnt(names: Names) -> _Layout:
    """Work a layout out, and remember it unless it would take much memory."""
    layout = _layout(names)
    if sum(map(len, names)) <= _MOST_NAMES:
        length = sum(len(str(name)) for own in names for name in own)
        if length <= _LONGEST_NAMES:
            if len(_layouts) >= _MOST_LAYOUTS:
                _layouts.clear()
            _layouts[names] = layout
    return layout


def _layout(names: Names) -> _Layout:
    """Rank by name first, then by place; in one place by the order of the record."""
    parts = [_Part(_TOP), _Part(_METADATA), _Part(_ATTRIBUTES)]
    found: dict[int, list[tuple[tuple[int, int, int], tuple[int, str]]]] = {}
    for index, own in enumerate(names):
        part = parts[index]
        for position, name in enumerate(own):
            if (named := _NAMED.get(f"{part.prefix}{name}")) is not None:
                slot, rank = named
                at = part.position if part.prefix else position
                found.setdefault(slot, []).append(((rank, part.place, at), (index, name)))
            if not part.prefix:
                parts += _inside(part, index, position, name)
    spots = tuple(
        (slot, tuple(spot for _, spot in sorted(ranked))) for slot, ranked in found.items()
    )
    return _Layout(spots, tuple(parts[len(names) :]))


def _inside(part: _Part, index: int, position: int, name: str) -> list[_Part]:
    """Return which object inside another one has to be opened for its name."""
    if (below := _BELOW.get((part.place, name))) is not None:
        return [_Part(below, outer=index, name=name)]
    if name in _PREFIXES:
        return [_Part(part.place, f"{name}.", position, index, name)]
    return []
