from __future__ import annotations

import pytest
from pydantic import SecretStr

from spikegraph.doctor import Finding, examine
from spikegraph.settings import LlmSettings, Neo4jSettings, Settings
from tests.support.chat_server import ChatServer
from tests.support.neo4j_server import Neo4jServer

NOWHERE = Neo4jSettings(uri="bolt://127.0.0.1:1")


def findings(llm: LlmSettings) -> dict[str, Finding]:
    return {found.what: found for found in examine(Settings(neo4j=NOWHERE, llm=llm))}


def test_keys_are_named_and_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MISTRAL_API_KEY", "secret-of-mistral")
    found = findings(LlmSettings())
    assert "MISTRAL_API_KEY" in found["keys of language models"].found
    assert not any("secret-of-mistral" in str(finding) for finding in found.values())


def test_a_server_is_asked_only_where_it_is_named() -> None:
    what = "server of language models"
    assert what not in findings(LlmSettings())
    with ChatServer() as server:
        there = findings(LlmSettings(base_url=server.url))[what]
        assert (there.state, there.found.split(":")[0]) == ("ok", "1 models")
    gone = findings(LlmSettings(base_url=server.url))[what]
    assert gone.state == "wrong"
    assert "does not answer" in gone.found


def test_it_says_whether_prompts_are_traced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGSMITH_TRACING", "true")
    assert findings(LlmSettings())["tracing"].found == "off, whatever LANGSMITH_TRACING says"
    assert findings(LlmSettings(tracing=True))["tracing"].found.startswith("on: prompts and answers go to LangSmith")


def test_the_local_model_is_there_or_says_how_to_get_it() -> None:
    found = findings(LlmSettings())["local:smollm2-135m"]
    assert found.state == "ok" or found.mend


def test_it_says_whether_the_server_has_the_plugin_of_gds(server: Neo4jServer) -> None:
    neo4j = Neo4jSettings(uri=server.uri, password=SecretStr(server.password))
    found = {finding.what: finding for finding in examine(Settings(neo4j=neo4j))}
    assert found["plugin Graph Data Science"].state == "ok"
    assert {"extra gds", "extra ray"} <= found.keys()
