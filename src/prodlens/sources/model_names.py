"""Owns what of a model's name is route and decoration, and what is the name; pure, no prices.

Joins across sources need one spelling: a proxy writes `anthropic/claude-sonnet-4-5-20250929`, a
transcript the same without the prefix, Bedrock `us.anthropic.claude-sonnet-4-5-20250929-v1:0`.
Only what is known to be decoration is cut; a name with an unknown prefix stays as it is.

Source: provider routes of LiteLLM (docs.litellm.ai/docs/providers), Bedrock's model ids
(docs.aws.amazon.com/bedrock, "Supported foundation models"), Vertex AI's `name@date` versions.
"""

from __future__ import annotations

import functools
import re
from typing import Final

from prodlens.sources.fields import LONGEST_TEXT, label, text

_ROUTES: Final = frozenset(
    """
    ai21 aiml aiohttp_openai amazon anthropic anthropic_text anyscale aws azure azure_ai
    azure_openai azure_text baseten bedrock bedrock_converse bytez cerebras clarifai
    cloudflare codestral cohere cohere_chat cursor custom_openai dashscope databricks
    datarobot deepinfra deepseek docker_model_runner featherless_ai fireworks fireworks_ai
    friendliai galadriel gemini github github_copilot google google_ai_studio google_genai
    google_vertex gradient_ai groq heroku hosted_vllm huggingface hyperbolic infinity jina_ai
    lambda_ai litellm_proxy llamafile lm_studio meta-llama meta_llama minimax mistral
    mistralai moonshot moonshotai morph nebius nlp_cloud novita nscale nvidia_nim oci ollama
    ollama_chat oobabooga openai openai_like openrouter ovhcloud palm perplexity petals
    predibase replicate sagemaker sagemaker_chat sambanova snowflake text-completion-codestral
    text-completion-openai together together_ai topaz triton v0 vercel_ai_gateway vertex
    vertex_ai vertex_ai_beta vllm volcengine voyage wandb watsonx watsonx_text x-ai xai
    xinference zai
    """.split()  # noqa: SIM905 - a hundred quoted words would bury the list
)
_FORWARDERS: Final = frozenset({"litellm_proxy", "custom_openai", "openai_like"})
"""Routes that say how a call travels, not who serves it."""

_SUBROUTE: Final = re.compile(
    r"(?:converse|converse_like|invoke|responses|o_series|gpt5_series|global|global-standard|us|eu"
    r"|[a-z]{2}(?:-[a-z]+)+-\d)/",
    re.IGNORECASE,
)
_SUBROUTED: Final = frozenset({"aws", "azure", "bedrock", "bedrock_converse", "openai"})
_RESOURCE: Final = re.compile(
    r"(?:arn:aws[a-z-]*:bedrock:[^/]*/|(?:projects/[^/]+/locations/[^/]+/)?publishers/[^/]+/models/"
    r"|models/)(?=[^/\s])",
    re.IGNORECASE,
)
_AWS: Final = re.compile(
    r"(?:(?:global|us-gov|us|eu|apac|ap|au|jp|ca|in|sa|me|af)\.)?"
    r"(?P<maker>ai21|amazon|anthropic|cohere|google|luma|meta|minimax|mistral|moonshot|moonshotai"
    r"|nvidia|openai|qwen|stability|twelvelabs|writer|zai)\.(?P<name>[a-z].*)",
    re.IGNORECASE,
)
_AWS_REGION_OF_DEEPSEEK: Final = re.compile(r"[a-z-]{2,6}\.(?P<name>deepseek\..+)", re.IGNORECASE)
_BARE_AWS_VERSION: Final = re.compile(r"(?<=\d)-v\d+$", re.IGNORECASE)
_SUFFIX: Final = re.compile(
    r"(?:\[1m\]|@(?:\d{8}|default|latest)|-v\d+:\d+(?::\d+k)?)$", re.IGNORECASE
)
_VERSION_IS_NAME: Final = re.compile(r"claude|claude-instant|titan-.*", re.IGNORECASE)
"""`claude-v2:1` and `titan-embed-text-v2:0` are other models than v1: nothing is cut."""


def normalise(raw: object, provider_hint: object = None) -> tuple[str | None, str | None]:
    """Return `(model, provider)` of a model name as a source writes it.

    Args:
        raw: The name as written.
        provider_hint: Who the source says served it; wins over what the name says.

    Returns:
        The plain name (a date that is part of it stays) and the provider in lower case; None for
        what is not known. Applying it to its own result changes nothing; never raises.

    >>> normalise("openrouter/anthropic/claude-sonnet-4-5-20250929")
    ('claude-sonnet-4-5-20250929', 'openrouter')
    >>> normalise("us.anthropic.claude-3-5-sonnet-20241022-v2:0")
    ('claude-3-5-sonnet-20241022', 'bedrock')
    >>> normalise("my-org/custom")
    ('my-org/custom', None)
    """
    if type(raw) is str and (provider_hint is None or type(provider_hint) is str):
        return _normalised(raw, provider_hint)
    return _normalised(text(raw) or "", text(provider_hint))


def named(raw: object, provider_hint: object) -> tuple[str | None, str | None, str | None]:
    """Return `(label, model, provider)` of names as a source writes them.

    Args:
        raw: The model's name as written.
        provider_hint: Who the source says served it.

    Returns:
        `fields.label` of the name, and what `normalise` makes of the labels of both.
    """
    if type(raw) is str and len(raw) <= LONGEST_TEXT:
        if provider_hint is None:
            return _named(raw, None)
        if type(provider_hint) is str and len(provider_hint) <= LONGEST_TEXT:
            return _named(raw, provider_hint)
    found = label(raw)
    return found, *normalise(found, label(provider_hint))


@functools.lru_cache(maxsize=4096)
def _named(raw: str, hint: str | None) -> tuple[str | None, str | None, str | None]:
    found = text(raw)
    return found, *normalise(found, text(hint))


@functools.lru_cache(maxsize=4096)
def _normalised(raw: str, hint: str | None) -> tuple[str | None, str | None]:
    name, provider = text(raw), text(hint)
    if name is None:
        return None, provider.lower() if provider else None
    routes: list[str] = []
    while (shorter := _shorter(name, routes)) != name:
        name = shorter
    if provider is None:
        provider = next((route for route in routes if route not in _FORWARDERS), None)
    return name, provider.lower() if provider else None


def _shorter(name: str, routes: list[str]) -> str:
    """Cut one piece of decoration, noting in `routes` who served the call; the name when bare."""
    if found := _RESOURCE.match(name):
        if found[0].lower() != "models/":
            routes.append("bedrock" if name[:4].lower() == "arn:" else "vertex_ai")
        return name[found.end() :]
    head, slash, rest = name.partition("/")
    route = head.lower()
    if slash and route in _ROUTES and text(rest) is not None:
        routes.append(route)
        while route in _SUBROUTED and (found := _SUBROUTE.match(rest)) and found.end() < len(rest):
            rest = rest[found.end() :]
        return rest.strip()
    if found := _AWS.fullmatch(name):
        routes.append("bedrock")
        rest = found["name"]
        return _BARE_AWS_VERSION.sub("", rest) if found["maker"].lower() == "anthropic" else rest
    if found := _AWS_REGION_OF_DEEPSEEK.fullmatch(name):
        routes.append("bedrock")
        return found["name"]
    return _without_suffix(name)


def _without_suffix(name: str) -> str:
    found = _SUFFIX.search(name)
    base = name[: found.start()].strip() if found else ""
    if not found or not base or (found[0][0] == "-" and _VERSION_IS_NAME.fullmatch(base)):
        return name
    return base
