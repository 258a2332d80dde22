"""Owns the guard against look-alikes: is this name that model, or does it only resemble it?

The price catalogue finds models by rules such as "contains `gemini-1.5-pro`" or "starts with
`deepseek-r1`"; `my-gemini-1.5-pro-clone` and `deepseek-r1-distill-llama-70b` satisfy them. Beyond
the rule, this module wants the name to be the rule's own text with nothing but a release date, a
release stage or Bedrock's maker and version around it. Knows no prices.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from genai_prices import types

_RELEASE: Final = (
    r"20\d{6}|20\d\d-\d\d-\d\d|\d\d-20\d\d|\d\d-\d\d|\d{3,4}"
    r"|latest|preview|default|instruct|thinking|customtools|v\d(?:\.\d)?"
)
_TAIL: Final = re.compile(rf"(?:[-@:](?:{_RELEASE}))*")
_OPEN_TAIL: Final = re.compile(rf"(?:{_RELEASE})?(?:[-@:](?:{_RELEASE}))*")
_CUT_DATE: Final = re.compile(r"-(?:0|20\d\d)$")
"""Rules such as `gemini-2.0-flash-0` and `claude-sonnet-4-2025` end inside a number."""
_CUT_DATE_TAIL: Final = re.compile(rf"(?:\d\d|\d{{4}})(?:[-@:](?:{_RELEASE}))*")
_AWS_HEAD: Final = re.compile(
    r"(?:(?:global|us|eu|apac|au|jp|ca|in)\.)?(?:(?:anthropic|amazon)\.)?"
)
"""Without `us-gov`, which is dearer: the catalogue names it where it knows the price."""
_AWS_TAIL: Final = re.compile(r"(?:-20\d{6})?(?:-v\d+)?(?::\d+)?(?::\d+k)?")
_FINE_TUNED: Final = re.compile(r"ft:|.*\.ft-$")
"""OpenAI's `ft:gpt-4o-2024-08-06:team::id` and Azure's `gpt-4o-mini-2024-07-18.ft-1f` are priced
as a kind: what follows is the customer's own name."""
_FINE_TUNED_TAIL: Final = re.compile(r"[-\d]*(?::[\w:.-]*)?|[0-9a-f]+")
_PRICED_ALIKE: Final = frozenset({"claude-2.0", "claude-2.1"})
"""Names the catalogue knows only as `claude-2...`; Anthropic sold both at one price."""
_COMPACT_DATE: Final = re.compile(r"-(20\d\d)(\d\d)(\d\d)(?=[-:]|$)")


def is_that_model(name: str, model: types.ModelInfo, *, aws: bool) -> bool:
    """Return whether `name` is `model` and not merely caught by one of its loose rules.

    Args:
        name: Name that the catalogue resolved to `model`, in any case.
        model: The catalogue's entry.
        aws: Whether the entry is one of Bedrock's, whose names carry region, maker and version.
    """
    text = name.lower()
    dashed = _COMPACT_DATE.sub(r"-\1-\2-\3", text)
    if model.id.lower() in {text, dashed} or text in _PRICED_ALIKE:
        return True
    return any(_vouches(model.match, form, aws=aws) for form in (text, dashed))


def _vouches(rule: types.MatchLogic, text: str, *, aws: bool) -> bool:
    """Return whether this rule, or one inside it, accounts for the whole of `text`."""
    from genai_prices import types

    if not rule.is_match(text):
        return False
    if isinstance(rule, types.ClauseOr | types.ClauseAnd):
        inner = rule.or_ if isinstance(rule, types.ClauseOr) else rule.and_
        return any(_vouches(part, text, aws=aws) for part in inner)
    if isinstance(rule, types.ClauseRegex):
        return _regex_vouches(rule.regex, text)
    if isinstance(rule, types.ClauseEquals):
        return True
    head, literal, tail = _around(rule, text)
    return _head_is_decoration(head, aws=aws) and _tail_is_release(literal, tail, aws=aws)


def _around(
    rule: types.ClauseStartsWith | types.ClauseEndsWith | types.ClauseContains, text: str
) -> tuple[str, str, str]:
    """Split `text`, which the rule matches, into what stands before, in and after its literal."""
    from genai_prices import types

    if isinstance(rule, types.ClauseEndsWith):
        literal = rule.ends_with.lower()
        return text[: len(text) - len(literal)], literal, ""
    literal = rule.starts_with if isinstance(rule, types.ClauseStartsWith) else rule.contains
    head, found, tail = text.partition(literal.lower())
    return head, found, tail


def _regex_vouches(pattern: str, text: str) -> bool:
    found = re.match(pattern, text)
    if found is None or found.end() == 0:
        return False
    return _OPEN_TAIL.fullmatch(text, found.end()) is not None or (
        pattern.endswith(r"\d") and _CUT_DATE_TAIL.fullmatch(text, found.end()) is not None
    )


def _head_is_decoration(head: str, *, aws: bool) -> bool:
    return not head or (aws and _AWS_HEAD.fullmatch(head) is not None)


def _tail_is_release(literal: str, tail: str, *, aws: bool) -> bool:
    if aws and _AWS_TAIL.fullmatch(tail):
        return True
    if _FINE_TUNED.match(literal):
        return _FINE_TUNED_TAIL.fullmatch(tail) is not None
    if literal.endswith(("-", "@", ":")):
        return _OPEN_TAIL.fullmatch(tail) is not None
    if _CUT_DATE.search(literal) and _CUT_DATE_TAIL.fullmatch(tail):
        return True
    return _TAIL.fullmatch(tail) is not None
