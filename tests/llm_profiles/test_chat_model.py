from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from llm_profiles.chat.model import open_chat
from llm_profiles.chat.prices import FREE
from llm_profiles.chat.providers import KEYS, models_at
from spikegraph.errors import MissingExtraError, ProviderError, SpikeGraphError, UsageError
from spikegraph.settings import LlmSettings
from tests.support.chat_server import ChatServer

SECRET = "sk-the-users-own-key"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No provider's variable of this machine takes part; tracing is as it was, afterwards."""
    import langsmith

    for name in os.environ:
        if name.startswith(("OPENAI_", "LANGSMITH_", "LANGCHAIN_", "OLLAMA_")) or name in KEYS.values():
            monkeypatch.delenv(name)
    yield
    langsmith.configure(enabled=None)


def ask(settings: LlmSettings) -> str:
    chat = open_chat("openai:test-model", settings)
    return chat.model.invoke([("system", "Answer."), ("user", "About Alien.")]).text


def test_a_server_of_ones_own_is_asked_once_with_the_settings_and_without_a_providers_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    with ChatServer() as server:
        settings = LlmSettings(base_url=server.url, max_output_tokens=77, temperature=0.5, top_p=0.9)
        assert ask(settings)
        ask(settings.model_copy(update={"api_key": SecretStr("of-this-server")}))
    first, second = server.asked
    assert (first.authorization, second.authorization) == ("Bearer none", "Bearer of-this-server")
    assert {"max_completion_tokens": 77, "temperature": 0.5, "top_p": 0.9}.items() <= first.body.items()
    assert not first.body.get("stream")


def test_the_model_never_retries_by_itself() -> None:
    with ChatServer(script=["server_error", None]) as server:
        with pytest.raises(Exception, match="500"):
            ask(LlmSettings(base_url=server.url))
        assert server.record.requests == 1


def test_who_reads_the_texts_is_said_without_path_user_or_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    hosted = open_chat("openai:gpt-4o-mini", LlmSettings())
    assert (hosted.address, hosted.on_this_machine, hosted.json_schema) == ("api.openai.com", False, True)
    assert hosted.prices is not None
    assert hosted.prices.input == 0.15
    far = open_chat("openai:gpt-4o-mini", LlmSettings(base_url="https://me:word@models.example:8443/v1"))
    assert (far.address, far.on_this_machine, far.prices) == ("models.example:8443", False, None)
    near = open_chat("openai:gpt-4o-mini", LlmSettings(base_url="http://localhost:8000/v1"))
    assert (near.address, near.on_this_machine, near.prices) == ("localhost:8000", True, FREE)


def test_an_address_in_the_environment_is_named_as_the_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    monkeypatch.setenv("OPENAI_BASE_URL", "https://proxy.example/v1")
    chat = open_chat("openai:gpt-4o-mini", LlmSettings())
    assert (chat.address, chat.prices) == ("proxy.example", None)


def test_keys_come_from_a_file(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text(f"{SECRET}\n")
    with ChatServer() as server:
        ask(LlmSettings(base_url=server.url, api_key_file=key))
    assert server.asked[0].authorization == f"Bearer {SECRET}"
    key.write_text("\n")
    with pytest.raises(UsageError, match="the key file is empty"):
        open_chat("openai:x", LlmSettings(api_key_file=key))
    with pytest.raises(UsageError, match="cannot be read"):
        open_chat("openai:x", LlmSettings(api_key_file=tmp_path / "absent"))


@pytest.mark.parametrize(
    ("asked", "settings", "says"),
    [
        ("gpt-4o-mini", LlmSettings(), "is not provider:model"),
        ("openai:", LlmSettings(), "is not provider:model"),
        ("openai:gpt-4o-mini", LlmSettings(), "OPENAI_API_KEY: there is no key for openai"),
        ("nobody:x", LlmSettings(), "there is no provider 'nobody'"),
        ("openai:x", LlmSettings(base_url="localhost:8000"), "is no address"),
        ("groq:x", LlmSettings(api_key=SecretStr(SECRET)), "'langchain-groq' is not installed"),
        ("local:gpt", LlmSettings(), "there is no local model 'gpt'"),
    ],
)
def test_what_cannot_be_opened_says_why_and_never_repeats_a_key(asked: str, settings: LlmSettings, says: str) -> None:
    with pytest.raises(SpikeGraphError, match=says) as raised:
        open_chat(asked, settings)
    assert raised.value.exit_code == 2
    assert SECRET not in str(raised.value)


def test_an_extra_of_ours_is_named_with_the_line_that_installs_it() -> None:
    if importlib.util.find_spec("langchain_ollama"):
        pytest.skip("the extra ollama is installed here")
    with pytest.raises(MissingExtraError, match=r"\.\[ollama\]"):
        open_chat("ollama:llama3.2", LlmSettings())


def test_tracing_is_off_whatever_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    from langsmith.utils import get_env_var, tracing_is_enabled

    get_env_var.cache_clear()
    monkeypatch.setenv("LANGSMITH_TRACING", "true")
    assert tracing_is_enabled()
    settings = LlmSettings(base_url="http://127.0.0.1:9/v1")
    chat = open_chat("openai:x", settings)
    assert not tracing_is_enabled()
    assert chat.on_this_machine
    traced = open_chat("openai:x", settings.model_copy(update={"tracing": True}))
    assert tracing_is_enabled()
    assert (traced.address, traced.on_this_machine) == ("127.0.0.1:9, and LangSmith (tracing)", False)
    get_env_var.cache_clear()


@pytest.mark.parametrize("variable", ["LANGSMITH_GATEWAY", "LANGCHAIN_TRACING"])
def test_variables_that_would_send_prompts_elsewhere_are_refused(
    monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "true")
    with pytest.raises(UsageError, match=variable):
        open_chat("openai:x", LlmSettings(base_url="http://127.0.0.1:9/v1"))


def test_the_models_of_a_server_are_listed_and_silence_is_an_error() -> None:
    with ChatServer() as server:
        assert models_at(LlmSettings(base_url=server.url), 5)
        gone = server.url
    with pytest.raises(ProviderError, match="does not answer"):
        models_at(LlmSettings(base_url=gone), 5)
