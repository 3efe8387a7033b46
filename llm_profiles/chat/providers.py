"""Language models by `provider:model`: names, keys, addresses, and what goes wrong on the way, for chat and embeddings.

Which provider is asked is always named by the user; nothing is chosen by an environment variable or an open port.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from pydantic import SecretStr, ValidationError

from spikegraph.errors import MissingExtraError, ProviderError, UsageError
from spikegraph.settings import LlmSettings

THIS_MACHINE = "this machine"

KEYS = {
    "anthropic": "ANTHROPIC_API_KEY",
    "azure_openai": "AZURE_OPENAI_API_KEY",
    "cohere": "COHERE_API_KEY",
    "deepseek": "DEEPSEEK_API_KEY",
    "google_genai": "GOOGLE_API_KEY",
    "groq": "GROQ_API_KEY",
    "mistralai": "MISTRAL_API_KEY",
    "openai": "OPENAI_API_KEY",
    "openrouter": "OPENROUTER_API_KEY",
    "together": "TOGETHER_API_KEY",
    "xai": "XAI_API_KEY",
}
"""The environment variable in which each provider's package looks for the key."""

HOSTS = {
    "anthropic": "api.anthropic.com",
    "cohere": "api.cohere.com",
    "deepseek": "api.deepseek.com",
    "google_genai": "generativelanguage.googleapis.com",
    "groq": "api.groq.com",
    "mistralai": "api.mistral.ai",
    "openai": "api.openai.com",
    "xai": "api.x.ai",
}
"""Where the texts go unless another address is named."""

EXTRAS = {"anthropic": "anthropic", "ollama": "ollama", "local": "local-llm"}
"""Providers whose package is an extra of ours."""

_ADDRESS_FIELDS = ("openai_api_base", "anthropic_api_url", "azure_endpoint", "endpoint", "base_url")
"""Where LangChain's models keep the address, variables such as OPENAI_BASE_URL already read."""


def split_name(asked: str) -> tuple[str, str]:
    """Split `provider:model`.

    Raises:
        UsageError: it is not in that form.
    """
    provider, separator, name = asked.strip().partition(":")
    if not (separator and provider and name):
        raise UsageError(f"'{asked}' is not provider:model", hint="openai:gpt-4o-mini, ollama:NAME, local:smollm2-135m")
    return provider.replace("-", "_").lower(), name


def key_of(provider: str, settings: LlmSettings) -> SecretStr | None:
    """Give the key that the settings hold, or None where the provider's own variable counts.

    A server at `base_url` never gets a provider's key; servers that ask for none get the word `none`.

    Raises:
        UsageError: the key file cannot be read or is empty, or the provider's variable is not set.
    """
    if settings.api_key_file is not None:
        return SecretStr(_file_key(settings))
    if settings.api_key is not None:
        return settings.api_key
    if settings.base_url is not None:
        return SecretStr("none")
    variable = KEYS.get(provider)
    if variable and not os.environ.get(variable):
        raise UsageError(
            f"there is no key for {provider}", where=variable, hint=f"export {variable}=… or llm.api_key_file"
        )
    return None


def _file_key(settings: LlmSettings) -> str:
    try:
        key = str(settings.api_key_file and settings.api_key_file.expanduser().read_text(encoding="utf-8")).strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError("the key file cannot be read", where=str(settings.api_key_file)) from error
    if not key:
        raise UsageError("the key file is empty", where=str(settings.api_key_file))
    return key


def base_url(settings: LlmSettings) -> str | None:
    """Give the address of a server of the user's own.

    Raises:
        UsageError: it is no address.
    """
    url = settings.base_url
    if url is not None and (urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).hostname):
        raise UsageError(f"'{url}' is no address", where="llm.base_url", hint="http://127.0.0.1:8000/v1")
    return url


def address_of(provider: str, model: object, settings: LlmSettings) -> str:
    """Say who reads the texts, as a host (`api.openai.com`, `127.0.0.1:8000`); never a path, user or key."""
    url = settings.base_url or _address_field(model)
    if not url and provider == "openai":
        url = os.environ.get("OPENAI_BASE_URL")
    if not url and provider == "ollama":
        url = os.environ.get("OLLAMA_HOST") or "127.0.0.1:11434"
    if not url:
        return HOSTS.get(provider, provider)
    return urlsplit(url if "//" in url else f"//{url}").netloc.rpartition("@")[2]


def _address_field(model: object) -> str | None:
    found = (getattr(model, field, None) for field in _ADDRESS_FIELDS)
    return next((url for url in found if isinstance(url, str) and url), None)


def is_this_machine(address: str) -> bool:
    """Say whether an address is that of this machine; a server there may itself send texts on."""
    host = urlsplit(f"//{address}").hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def models_at(settings: LlmSettings, seconds: float) -> list[str]:
    """Give the names of the models that the server at `base_url` has.

    Args:
        settings: its address and key.
        seconds: to wait for it.

    Raises:
        UsageError: there is no address, or the key file cannot be read.
        ProviderError: it does not answer as such servers do.
    """
    import requests

    url, key = base_url(settings), key_of("openai", settings)
    headers = {"Authorization": f"Bearer {key.get_secret_value()}"} if key else {}
    where = address_of("openai", None, settings)
    try:
        answer = requests.get(f"{str(url).rstrip('/')}/models", headers=headers, timeout=seconds)
        answer.raise_for_status()
        return [str(model["id"]) for model in answer.json()["data"]]
    except requests.RequestException as error:
        code = f"answers {error.response.status_code}" if error.response is not None else "does not answer"
        raise ProviderError(code, where=where, hint="llm.base_url ends with /v1 for most servers") from error
    except (LookupError, TypeError) as error:
        raise ProviderError("does not list its models", where=where, hint="llm.base_url ends with /v1") from error


def switch_tracing(settings: LlmSettings) -> None:
    """Send traces to LangSmith only when the settings ask for it, whatever the environment says (llm.md §2.12).

    Raises:
        UsageError: the environment would send prompts there in another way, or stop every call.
    """
    import langsmith

    langsmith.configure(enabled=settings.tracing)
    if not settings.tracing and os.environ.get("LANGSMITH_GATEWAY", "").lower() not in {"", "0", "false", "no"}:
        raise UsageError(
            "would send every prompt through LangSmith",
            where="LANGSMITH_GATEWAY",
            hint="unset LANGSMITH_GATEWAY, or --set llm.tracing=true",
        )
    old = next((name for name in ("LANGCHAIN_TRACING", "LANGCHAIN_HANDLER") if os.environ.get(name)), None)
    if old and not settings.tracing:
        raise UsageError("LangChain refuses to work with this variable", where=old, hint=f"unset {old}")


@contextmanager
def opening(asked: str) -> Iterator[None]:
    """Turn what LangChain raises while it opens a model into errors of ours; a key is never repeated.

    Raises:
        UsageError: there is no such provider, or the model refuses what it was given.
        MissingExtraError: the provider's package is an extra of ours and not installed.
    """
    provider, _ = split_name(asked)
    try:
        yield
    except ImportError as error:
        raise _missing_package(provider, error) from error
    except ValidationError as error:  # its text repeats what was given, keys too
        reasons = "; ".join(found["msg"] for found in error.errors(include_input=False, include_url=False))
        raise UsageError(f"{asked} cannot be opened: {reasons}", hint="see docs/profiles.md") from None
    except ValueError as error:
        if "Unsupported" in str(error) or "not supported" in str(error):
            raise UsageError(
                f"there is no provider '{provider}'", hint=f"for example {', '.join(KEYS)}, ollama, local"
            ) from error
        raise UsageError(f"{asked} cannot be opened: {error}") from error


def _missing_package(provider: str, error: ImportError) -> UsageError:
    if provider in EXTRAS:
        return MissingExtraError(f"langchain-{provider}", EXTRAS[provider])
    package = next((word.strip("`.") for word in str(error).split() if word.startswith("langchain-")), provider)
    line = f".venv/bin/pip install --constraint constraints.txt {package}"
    return UsageError(f"the package '{package}' is not installed", hint=line)
