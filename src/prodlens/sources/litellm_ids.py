"""Owns what identifies a LiteLLM call: its keys, and what the client attached to it.

That is session and developer with their provenance, repository, and what was accepted. Tags,
counts, times and money are read elsewhere.

Source: litellm proxy/litellm_pre_call_utils.py `get_chain_id_from_headers` (session headers);
Claude Code's `metadata.user_id`.
"""

from __future__ import annotations

import functools
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from prodlens.schemas import IdSource
from prodlens.sources import fields
from prodlens.sources.provider_ids import message_key, request_key
from prodlens.sources.repo_slugs import repo_slug

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prodlens.sources.tags import TagFacts

_EXPLICIT: Final = IdSource.EXPLICIT.value
_DERIVED: Final = IdSource.DERIVED.value
_CACHED: Final = 16_384
_RANDOM_ID: Final = re.compile(
    r"[0-9a-fA-F]{32}|[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"
)
_REPO_NAMES: Final = frozenset({"repo_slug", "repo", "prod_lens.repo_slug"})
_LONGEST: Final = 1024
"""A packed end-user string has about 200 characters; longer values are not remembered whole."""
_SESSION_HEADERS: Final = ("x-litellm-session-id", "x-claude-code-session-id")
"""In LiteLLM's own order, so that both of its shapes agree; other `x-*-session-id` come after."""

_HIT_MARK: Final = "_cache_hit"
_FLAG_NAMES: Final = ("prod_lens.accepted", "prod_lens.accepted_flag", "accepted_flag", "accepted")
_ACCEPTANCE_NAMES: Final = frozenset(
    {
        *_FLAG_NAMES,
        "prod_lens.diff_ratio",
        "diff_ratio",
        "prod_lens.accepted_lines",
        "accepted_lines",
    }
)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_REQUEST_ID_HEADERS: Final = (
    "llm_provider-request-id",
    "request-id",
    "llm_provider-x-request-id",
    "x-request-id",
    "llm_provider-x-amzn-requestid",
    "llm_provider-apim-request-id",
)
Leaves = tuple[str | None, ...]
"""Raw values in the order of `LEAF_NAMES`: what ids are decided from, remembered as a whole."""

LEAF_NAMES: Final = (
    "session_id field",
    "session header",
    "Claude end-user",
    "requester_metadata.session_id",
    "spend_logs_metadata.session_id",
    "spend_logs_metadata.developer_id",
    "requester_metadata.developer_id",
    "user_api_key_user_email",
    "user_api_key_user_id",
    "user_api_key_alias",
    "end_user",
)


class Who(NamedTuple):
    """Whose call it was, and how far each id can be trusted; None is not known."""

    session_id: str | None
    session_source: str | None
    developer_id: str | None
    developer_source: str | None


class Keys(msgspec.Struct, frozen=True, gc=False):
    """Identity of a call: its own key, and further ones under which other records know it."""

    native: str | None
    others: tuple[str, ...]
    message_id: str | None
    request_id: str | None


Attached = tuple["Mapping[str, Any]", "Mapping[str, Any]"]
"""What the client attached: by `x-litellm-spend-logs-metadata`, and in the request's body."""


class Acceptance(msgspec.Struct, frozen=True, gc=False):
    """What the client said about the suggestions of a call; None is not known."""

    accepted_flag: bool | None
    diff_ratio: float | None
    accepted_lines: int | None


class ClaudeUser(NamedTuple):
    """What Claude Code packs into the one end-user string of a request."""

    session_id: str | None
    developer_id: str | None


_NOTHING_SAID: Final = Acceptance(None, None, None)


def is_hit(cache_hit: object, record_id: str | None) -> bool:
    """Return whether the proxy answered from its own cache."""
    if cache_hit is not None and fields.flag(cache_hit) is True:
        return True
    return record_id is not None and _HIT_MARK in record_id


def request_id(headers: Mapping[str, Any], error: Mapping[str, Any]) -> str | None:
    """Return the provider's request id, from kept response headers or from the error."""
    if headers:
        for name in _REQUEST_ID_HEADERS:
            if found := headers.get(name):
                return fields.text(found)
    return fields.text(error.get("error_provider_request_id")) if error else None


def keys_of(
    record_id: str | None,
    call_id: str | None,
    *,
    request_id: str | None,
    start: datetime,
    failed: bool,
    hit: bool,
) -> Keys:
    """Return the identity of a call.

    A success is known by the provider's response id where that is unique in the world, else by the
    proxy's call id. A failure has only the call id, which two failing model groups share, so its
    start belongs to the key.

    Args:
        record_id: The provider's response id, or what LiteLLM writes in its place.
        call_id: LiteLLM's id of the request.
        request_id: The provider's request id.
        start: Start of the call, aware.
        failed: Whether it failed.
        hit: Whether the proxy answered from its own cache.
    """
    if hit:
        return _keys_of_hit(record_id, call_id, start)
    known = None if request_id is None else request_key(request_id)
    tied = () if known is None else (known,)
    if failed:
        own = _at(call_id or record_id, start)
        return Keys(f"litellm_failure:{own}" if own else None, tied, None, request_id)
    if (unique := message_key(record_id)) is not None:
        return Keys(unique, tied, record_id, request_id)
    own = call_id or _at(record_id, start)
    return Keys(f"litellm_call:{own}" if own else None, tied, record_id, request_id)


def _keys_of_hit(record_id: str | None, call_id: str | None, start: datetime) -> Keys:
    """Return the identity of an answer from the proxy's cache, which repeats an answer's id.

    The id may be marked with the time of writing: each shape of the log marks its own, so the call
    id ties both together. The request id is the first answer's and ties nothing.
    """
    by_call = f"litellm_cache_hit_call:{call_id}" if call_id else None
    if record_id is not None and _HIT_MARK in record_id:
        return Keys(f"litellm_cache_hit:{record_id}", (by_call,) if by_call else (), None, None)
    own = _at(record_id, start)
    return Keys(by_call or (f"litellm_cache_hit:{own}" if own else None), (), None, None)


def _at(own: str | None, start: datetime) -> str | None:
    """Return an id with the start in microseconds, None without an id."""
    return f"{own}:{(start - _EPOCH) // _MICROSECOND}" if own else None


def attached_to(metadata: Mapping[str, Any]) -> Attached:
    """Return what the client attached to a call, empty objects where it attached nothing."""
    spend, requester = metadata.get("spend_logs_metadata"), metadata.get("requester_metadata")
    return (
        spend if type(spend) is dict else fields.mapping(spend),
        requester if type(requester) is dict else fields.mapping(requester),
    )


def acceptance(attached: Attached) -> Acceptance:
    """Return what the client attached about acceptance, as `prod_lens.*` or under plain names.

    Raises:
        UnreadableError: A number is negative or not finite.
    """
    said = _NOTHING_SAID
    for place in attached:
        if not place or _ACCEPTANCE_NAMES.isdisjoint(place):
            continue
        found = _acceptance(place)
        said = found if said is _NOTHING_SAID else _completed(said, found)
    return said


def _acceptance(place: Mapping[str, Any]) -> Acceptance:
    flag = None
    for name in _FLAG_NAMES:
        value = place.get(name)
        if value is not None and (flag := fields.flag(value)) is not None:
            break
    ratio, lines = place.get("prod_lens.diff_ratio"), place.get("prod_lens.accepted_lines")
    return Acceptance(
        flag,
        fields.share(place.get("diff_ratio") if ratio is None else ratio, "diff_ratio"),
        fields.lines(place.get("accepted_lines") if lines is None else lines, "accepted_lines"),
    )


def _completed(said: Acceptance, more: Acceptance) -> Acceptance:
    return Acceptance(
        more.accepted_flag if said.accepted_flag is None else said.accepted_flag,
        more.diff_ratio if said.diff_ratio is None else said.diff_ratio,
        more.accepted_lines if said.accepted_lines is None else said.accepted_lines,
    )


def looks_random(value: str) -> bool:
    """Return whether an id has the form LiteLLM gives a trace: 32 hex digits, or a UUID."""
    return _RANDOM_ID.fullmatch(value) is not None


def claude_user(value: str) -> ClaudeUser | None:
    """Return what a Claude Code end-user string holds; None when it is none.

    Two forms: `user_<hash>_account_<uuid>_session_<uuid>` (the account may be empty), and JSON
    `{"device_id", "account_uuid" (may be ""), "session_id"}`. The developer is the account,
    else the device.
    """
    if value.startswith("user_") and "_account_" in value and "_session_" in value:
        head, _, session = value.rpartition("_session_")
        device, _, account = head[len("user_") :].partition("_account_")
        return ClaudeUser(fields.text(session), fields.person(account) or fields.person(device))
    packed = fields.mapping(value)
    if "session_id" not in packed:
        return None
    person = fields.person(packed.get("account_uuid")) or fields.person(packed.get("device_id"))
    return ClaudeUser(fields.text(packed["session_id"]), person)


def leaves_of(
    metadata: Mapping[str, Any],
    attached: Attached,
    *,
    session_field: object,
    key_owner: object,
    end_user: object,
) -> Leaves:
    """Return the raw values that decide who a call belongs to.

    Args:
        metadata: The record's `metadata`.
        attached: What the client attached.
        session_field: The record's own session field, None where it can't be trusted.
        key_owner: Owner of the API key.
        end_user: The record's `end_user`.
    """
    spend, requester = attached
    sent = metadata.get("requester_custom_headers")
    headers = None if sent is None else fields.mapping(sent)
    user = end_user or metadata.get("user_api_key_end_user_id")
    session, developer = _ids_in(requester) if requester else (None, None)
    spend_session, spend_developer = _ids_in(spend) if spend else (None, None)
    raw = (
        session_field,
        session_header(headers) if headers else None,
        user if isinstance(user, str) and "session" in user else requester.get("user_id"),
        session,
        spend_session,
        spend_developer,
        developer,
        metadata.get("user_api_key_user_email"),
        key_owner,
        metadata.get("user_api_key_alias"),
        user,
    )
    return tuple(
        [v if v is None or (type(v) is str and len(v) <= _LONGEST) else fields.text(v) for v in raw]
    )


def _ids_in(place: Mapping[str, Any]) -> tuple[object, object]:
    return (
        place.get("session_id") or place.get("prod_lens.session_id"),
        place.get("developer_id") or place.get("prod_lens.developer_id"),
    )


def session_header(headers: Mapping[str, Any]) -> object:
    """Return the value of the first session header of a request, in any case of letters."""
    for name in _SESSION_HEADERS:
        if found := headers.get(name):
            return found
    lowered = {str(name).lower(): value for name, value in headers.items() if value}
    named = {name: value for name, value in lowered.items() if name.endswith("-session-id")}
    for name in (*_SESSION_HEADERS, *sorted(named)):
        if name in named and name.startswith("x-"):
            return named[name]
    return None


@functools.lru_cache(maxsize=_CACHED)
def who(leaves: Leaves) -> Who:
    """Decide session and developer from the raw values, first usable one first.

    A trace id is never a session here: whether it stands for one depends on other records, which
    is the store's question.
    """
    field, header, packed, requester, spend, *people = leaves
    claude = claude_user(packed) if packed else None
    session = None if field is None else fields.text(field)
    if session is None and header is not None:
        session = fields.text(header)
    source = _EXPLICIT
    if session is None and claude is not None and claude.session_id is not None:
        session, source = claude.session_id, _DERIVED
    if session is None:
        session = None if requester is None else fields.text(requester)
    if session is None and spend is not None:
        session = fields.text(spend)
    developer, developer_source = _developer(
        tuple(people), None if claude is None else claude.developer_id
    )
    if developer is not None and developer == session:
        developer = None
    return Who(
        session,
        source if session is not None else None,
        developer,
        developer_source if developer is not None else None,
    )


@functools.lru_cache(maxsize=_CACHED)
def _developer(people: Leaves, packed: str | None) -> tuple[str | None, str | None]:
    # Evidence falls along the order: so two shapes of a call name whom one with all fields would.
    *named, end_user = people
    for value in named:
        if (found := fields.person(value)) is not None:
            return found, _EXPLICIT
    if packed is not None:
        return packed, _DERIVED
    return fields.person(end_user), _DERIVED


def repository(attached: Attached, tags: TagFacts) -> str | None:
    """Return the slug that the client attached: spend-log metadata, request metadata, then tag."""
    for place in attached:
        if place and not _REPO_NAMES.isdisjoint(place):
            for name in ("repo_slug", "repo", "prod_lens.repo_slug"):
                if (slug := repo_slug(place.get(name))) is not None:
                    return slug
    return tags.repo_slug
