"""Owns what a provider label means: who sells, who only forwards, what runs at home. No prices.

Sources write the same seller in many ways (`bedrock_converse`, `aws.bedrock`, `amazon_bedrock`).
One table maps them to the provider ids of the price catalogue; it is written out because the
catalogue's own rule ("contains `google`") would also take a label that merely mentions a seller.

Source: the provider routes of LiteLLM (docs.litellm.ai/docs/providers), the `gen_ai.provider.name`
values of the OpenTelemetry GenAI conventions, the provider ids of genai-prices 0.2.3.
"""

from __future__ import annotations

import re
from typing import Final

_SEPARATORS: Final = re.compile(r"[\s.\-]+")
_NO_PROVIDER: Final = frozenset({"", "none", "null", "unknown", "undefined", "n/a"})

_SELLERS: Final = {
    "anthropic": "anthropic anthropic_text",
    "aws": "aws bedrock bedrock_converse aws_bedrock amazon_bedrock amazon",
    "azure": (
        "azure azure_ai azure_text azure_openai azure_ai_openai azure_ai_inference az_ai_openai"
        " az_ai_inference"
    ),
    "baseten": "baseten",
    "cerebras": "cerebras",
    "cloudflare": "cloudflare",
    "cohere": "cohere cohere_chat",
    "cursor": "cursor",
    "databricks": "databricks",
    "deepseek": "deepseek",
    "fireworks": "fireworks fireworks_ai",
    "github-copilot": "github_copilot copilot",
    "google": (
        "google google_genai google_ai_studio gemini palm vertex vertexai vertex_ai vertex_ai_beta"
        " gcp_gemini gcp_gen_ai gcp_vertex_ai google_vertex google_vertexai"
    ),
    "groq": "groq",
    "meta": "meta meta_llama",
    "minimax": "minimax",
    "mistral": "mistral mistralai mistral_ai codestral",
    "moonshotai": "moonshotai moonshot",
    "novita": "novita",
    "openai": "openai text_completion_openai open_ai",
    "openrouter": "openrouter",
    "ovhcloud": "ovhcloud",
    "perplexity": "perplexity",
    "together": "together together_ai",
    "voyageai": "voyage voyageai",
    "x-ai": "xai x_ai",
    "zai": "zai",
    "zhipuai": "zhipuai",
}
_ID_OF: Final = {label: seller for seller, text in _SELLERS.items() for label in text.split()}

_LOCAL_LABELS: Final = (
    "ollama ollama_chat vllm hosted_vllm lm_studio lmstudio llamafile llama_cpp llamacpp local"
    " localhost localai mlx mlx_lm oobabooga xinference petals triton docker_model_runner gpt4all"
    " jan koboldcpp tgi text_generation_inference ramalama lemonade sglang"
)
_GATEWAY_LABELS: Final = (
    "litellm litellm_proxy openai_like custom custom_openai text_completion portkey helicone"
    " vercel vercel_ai_gateway ai_gateway cloudflare_ai_gateway kong"
)
_OTHER_HOST_LABELS: Final = (
    "replicate anyscale deepinfra sambanova nvidia_nim nebius hyperbolic lambda_ai nscale"
    " featherless_ai friendliai watsonx snowflake sagemaker sagemaker_chat huggingface github ai21"
    " ai21_chat dashscope volcengine chatgpt"
)
_LOCAL: Final = frozenset(_LOCAL_LABELS.split())
_GATEWAYS: Final = frozenset(_GATEWAY_LABELS.split())
_OTHER_HOSTS: Final = frozenset(_OTHER_HOST_LABELS.split())
_NAMESPACES: Final = frozenset({"meta", "meta_llama", "mistralai", "moonshotai"})
"""Labels under which open weights are published too (`mistralai/Mixtral-8x7B`): no routes."""

PROTOCOLS: Final = frozenset({"openai", "anthropic"})
"""Ids which also name a wire protocol: any compatible server is reported under them."""


def _key(label: str) -> str:
    return _SEPARATORS.sub("_", label.strip().lower())


def provider_id(label: str | None) -> str | None:
    """Return one name per provider: the price catalogue's id where the label is known to mean it.

    Args:
        label: What a source calls the provider, in any case; `None`, blank text and placeholders
            such as `unknown` mean that none was stated.

    Returns:
        The catalogue's id, or the label itself in lower case when it means no known seller;
        None when none was stated.

    >>> provider_id("bedrock_converse"), provider_id("Acme-Gateway"), provider_id("")
    ('aws', 'acme-gateway', None)
    """
    if label is None:
        return None
    text = label.strip().lower()
    return None if text in _NO_PROVIDER else _ID_OF.get(_key(text), text)


def runs_locally(label: str) -> bool:
    """Return whether the label names software that serves weights on one's own machine."""
    return _key(label) in _LOCAL


def is_gateway(label: str) -> bool:
    """Return whether the label names something that only forwards calls to a seller."""
    return _key(label) in _GATEWAYS


def is_route(segment: str) -> bool:
    """Return whether `segment/` before a model name is a route rather than part of the name."""
    key = _key(segment)
    if key in _NAMESPACES:
        return False
    return key in _ID_OF or key in _LOCAL or key in _GATEWAYS or key in _OTHER_HOSTS
