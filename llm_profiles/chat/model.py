"""Opening a chat model: `provider:model` through LangChain, or SmolLM2 on this machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from llm_profiles.chat import providers
from llm_profiles.chat.prices import FREE, Price, find_price
from spikegraph.settings import LlmSettings

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

JSON_SCHEMA = frozenset({"azure_openai", "openai", "xai"})
"""Providers whose models take `response_format` with a JSON schema, as servers for vLLM and llama.cpp do too."""


@dataclass(frozen=True)
class Chat:
    """A chat model that is ready to be asked.

    Attributes:
        asked: as the user named it (`openai:gpt-4o-mini`).
        model: LangChain's model; it never retries, streams, caches or traces by itself.
        address: who reads the texts (`api.openai.com`, `127.0.0.1:8000`, `this machine`).
        on_this_machine: whether that is this machine.
        json_schema: whether it takes `response_format` with a JSON schema.
        prices: what its tokens cost; None where nobody says.
    """

    asked: str
    model: BaseChatModel
    address: str
    on_this_machine: bool
    json_schema: bool
    prices: Price | None


def open_chat(asked: str, settings: LlmSettings) -> Chat:
    """Open a chat model; nothing is sent yet.

    Args:
        asked: `provider:model`; `local:smollm2-135m` is the model of the extra `local-llm`.
        settings: key, address, sampling, timeout.

    Raises:
        UsageError: there is no such provider or model, or its key is missing.
        MissingExtraError: the provider's package is not installed.
    """
    provider, name = providers.split_name(asked)
    providers.switch_tracing(settings)
    if provider == "local":
        return _local(asked, name, settings)
    with providers.opening(asked):
        model = _hosted(provider, name, settings)
    address = providers.address_of(provider, model, settings)
    near = providers.is_this_machine(address)
    listed = address == providers.HOSTS.get(provider)
    prices = find_price(provider, name, settings.prices, listed=listed) or (FREE if near else None)
    readers = f"{address}, and LangSmith (tracing)" if settings.tracing else address
    return Chat(asked, model, readers, near and not settings.tracing, provider in JSON_SCHEMA, prices)


def _hosted(provider: str, name: str, settings: LlmSettings) -> BaseChatModel:
    given = _arguments(provider, settings)
    from langchain.chat_models import init_chat_model

    model: BaseChatModel = init_chat_model(name, model_provider=provider, **given)
    return model


def _arguments(provider: str, settings: LlmSettings) -> dict[str, Any]:
    """Give the arguments of the model's class; it never retries, because we do (llm.md §2.6)."""
    given: dict[str, Any] = {"temperature": settings.temperature, "top_p": settings.top_p}
    given |= {"base_url": providers.base_url(settings), "api_key": providers.key_of(provider, settings)}
    given |= {"reasoning_effort": settings.reasoning_effort}
    given |= {"max_tokens": settings.max_output_tokens, "timeout": settings.timeout_seconds, "max_retries": 0}
    if provider == "ollama":  # has its own names, and no key
        given["num_predict"] = given.pop("max_tokens")
        given["client_kwargs"] = {"timeout": given.pop("timeout")}
        del given["api_key"], given["max_retries"], given["reasoning_effort"]
    if provider == "openai":  # the same endpoint for all servers that speak its language
        given["use_responses_api"] = False
    given |= {"disable_streaming": True, "cache": False}
    return {key: value for key, value in given.items() if value is not None}


def _local(asked: str, name: str, settings: LlmSettings) -> Chat:
    from llm_profiles.chat.local import open_local

    model = open_local(name, settings)
    readers = "this machine, and LangSmith (tracing)" if settings.tracing else providers.THIS_MACHINE
    return Chat(asked, model, readers, not settings.tracing, json_schema=False, prices=FREE)
