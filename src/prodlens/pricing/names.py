"""Owns model names: what is route, region or version decoration, and what is the name itself.

Knows no prices and no catalogue; asks `prodlens.pricing.providers` which prefixes are routes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from prodlens.pricing import providers

_CACHED_NAMES: Final = 4096
_LONGEST_NAME: Final = 512
"""Longer text is no model name; it is left alone so that hostile input costs nothing."""
_BEDROCK: Final = "bedrock"
_VERTEX: Final = "vertex_ai"

_REGION: Final = r"(?:(?:global|us-gov|us|eu|apac|ap|au|jp|ca|in|sa|me|af)\.)?"
_MAKERS: Final = (
    "ai21|amazon|anthropic|cohere|google|luma|meta|minimax|mistral|moonshotai|moonshot|nvidia"
    "|openai|qwen|stability|twelvelabs|writer|zai"
)
_AWS_NAME: Final = re.compile(rf"(?is){_REGION}(?P<maker>{_MAKERS})\.(?P<rest>[a-z].*)")
_AWS_DEEPSEEK: Final = re.compile(rf"(?is){_REGION}(?P<rest>deepseek\.[a-z].*)")
"""Bedrock calls DeepSeek R1 `deepseek.r1`: without the maker nothing readable would be left."""
_RESOURCES: Final = (
    (re.compile(r"(?is)arn:aws[a-z-]*:bedrock:[^/]*/(?P<rest>.+)"), _BEDROCK),
    (
        re.compile(
            r"(?is)(?:projects/[^/]+/locations/[^/]+/)?publishers/[^/]+/models/(?P<rest>.+)"
        ),
        _VERTEX,
    ),
    (re.compile(r"(?is)models/(?P<rest>.+)"), None),
)
"""Resource paths of AWS, Vertex AI and the Gemini API; they may hold account ids."""

_SUBROUTES: Final = {
    "aws": re.compile(r"(?i)(?:converse|converse_like|invoke|(?!us-gov)[a-z]{2}(?:-[a-z]+)+-\d)/"),
    "azure": re.compile(r"(?i)(?:global|global-standard|o_series|gpt5_series|responses)/"),
    "openai": re.compile(r"(?i)responses/"),
}
"""Azure's `eu/` and `us/` and AWS GovCloud stay in the name: calls there cost more."""
_CONTEXT_MARK: Final = re.compile(r"(?i)\[1m\]$")
_AT_DATE: Final = re.compile(r"(?i)@(?:\d{8}|default|latest)$")
_AWS_VERSION: Final = re.compile(r"(?i)-v\d+:\d+(?::\d+k)?$")
_AWS_BARE_VERSION: Final = re.compile(r"(?i)(?<=\d)-v\d+$")
_VERSION_IS_NAME: Final = re.compile(r"(?i)claude|claude-instant|titan-.*")
"""`claude-v2:1` and `titan-embed-text-v2:0` differ from v1 in kind and price: nothing is cut."""


@dataclass(frozen=True, slots=True)
class ModelName:
    """A model name without decoration, and the provider that the decoration named.

    Attributes:
        model: The name as the maker writes it, case kept; blank only for blank input.
        provider: Route label in lower case (`bedrock`, `vertex_ai`), None when nothing named one.
    """

    model: str
    provider: str | None


@dataclass(frozen=True, slots=True)
class NameForms:
    """Every form of one name on the way from raw to plain.

    Attributes:
        forms: The raw name first, the plain name last; each drops one piece of decoration.
        routes: Provider labels met on the way, outermost first.
        aws_id: The form that is a Bedrock id (`us.anthropic.claude-...`), None when none is.
    """

    forms: tuple[str, ...]
    routes: tuple[str, ...]
    aws_id: str | None

    @property
    def plain(self) -> str:
        """The name without any decoration."""
        return self.forms[-1]


def normalise_model(raw: str) -> ModelName:
    """Return the plain name of a model and the provider its decoration named.

    Cuts route prefixes (`anthropic/`, `openrouter/`, `bedrock/converse/`), cloud resource paths,
    Bedrock's region and maker (`us.anthropic.`), its `-v1:0`, Vertex AI's `@20250514`, and Claude
    Code's `[1m]`. A date that is part of the name stays. Never raises; applying it to its own
    result changes nothing. Prices may differ by region, so price lookups want the raw name.

    >>> normalise_model("bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0")
    ModelName(model='claude-sonnet-4-5-20250929', provider='bedrock')
    >>> normalise_model("gpt-4o")
    ModelName(model='gpt-4o', provider=None)
    """
    name = name_forms(raw)
    routes = [route for route in name.routes if not providers.is_gateway(route)]
    if name.aws_id is not None:
        return ModelName(name.plain, _BEDROCK)
    return ModelName(name.plain, next(iter(routes or name.routes), None))


@lru_cache(maxsize=_CACHED_NAMES)
def name_forms(raw: str) -> NameForms:
    """Return all forms of a model name, from the raw one to the plain one."""
    forms = [raw.strip()]
    if len(forms[0]) > _LONGEST_NAME:
        return NameForms((forms[0],), (), None)
    routes: list[str] = []
    aws_id: str | None = None
    while True:
        text, route, is_aws = _undecorated(forms[-1])
        if route is not None:
            routes.append(route)
        if is_aws and aws_id is None:
            aws_id = forms[-1]
        if text == forms[-1]:
            return NameForms(tuple(forms), tuple(routes), aws_id)
        forms.append(text)


def _undecorated(text: str) -> tuple[str, str | None, bool]:
    """Cut one piece of decoration: the shorter text, the route it was, whether `text` is AWS's."""
    if (unmarked := _CONTEXT_MARK.sub("", text).strip()) and unmarked != text:
        return unmarked, None, False
    for pattern, route in _RESOURCES:
        if found := pattern.fullmatch(text):
            return found["rest"].strip(), route, False
    segment, slash, rest = text.partition("/")
    if slash and rest.strip() and providers.is_route(segment):
        return _without_subroutes(segment, rest.strip()), segment.strip().lower(), False
    if named := _AWS_NAME.fullmatch(text):
        return _without_aws_version(named["maker"], named["rest"]), None, True
    if named := _AWS_DEEPSEEK.fullmatch(text):
        return _without_suffix(named["rest"]), None, True
    return _without_suffix(text), None, False


def _without_subroutes(route: str, rest: str) -> str:
    pattern = _SUBROUTES.get(providers.provider_id(route) or "")
    while pattern is not None and (found := pattern.match(rest)) and found.end() < len(rest):
        rest = rest[found.end() :].strip()
    return rest


def _without_aws_version(maker: str, rest: str) -> str:
    """Newer Claude ids on Bedrock end in `-v1` alone; the version of a Titan is its name."""
    return _AWS_BARE_VERSION.sub("", rest) if maker.lower() == "anthropic" else rest


def _without_suffix(text: str) -> str:
    for pattern in (_AT_DATE, _AWS_VERSION):
        found = pattern.search(text)
        base = text[: found.start()].strip() if found else ""
        if base and not (pattern is _AWS_VERSION and _VERSION_IS_NAME.fullmatch(base)):
            return base
    return text
