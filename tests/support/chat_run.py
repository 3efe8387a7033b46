"""Films that a chat model writes about through the test server, and a process that does so until it is killed.

python -m tests.support.chat_run URL LEDGER NODES WORKERS (prints the nodes that it wrote)
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from llm_profiles.calls.budget import Budget
from llm_profiles.calls.ledger import Ledger
from llm_profiles.calls.request import Sampling
from llm_profiles.chat.model import Chat, open_chat
from llm_profiles.contract import Context, Facts, Neighbour
from llm_profiles.prompts.domains import load_domain
from llm_profiles.prompts.requests import RequestMaker, load_prompts
from llm_profiles.writers.chat import ChatWriter
from spikegraph.settings import LlmSettings

FIRST = ("Amber", "Bitter", "Crimson", "Distant", "Endless", "Fallen", "Golden", "Hidden", "Iron", "Jade")
SECOND = ("River", "Empire", "Summer", "Garden", "Voyage", "Mirror", "Winter", "Harbour", "Letter", "Mountain")


def film(number: int, **changes: Any) -> Context:
    """One film among many, with a name and facts of its own."""
    name = f"{FIRST[number % 10]} {SECOND[number // 10 % 10]} {number}"
    director = Neighbour(f"d/person/{number % 97}", f"Director Of{number % 97}")
    facts = Facts("DIRECTED_BY", "directed by", "{head} was directed by {tail}", True, False, (director,), 1)
    told = f"A story about {FIRST[number % 7]} people who look for the {SECOND[number % 9]} of number {number}."
    given: dict[str, Any] = {"label": "Film", "facts": (facts,), "texts": (told,)} | changes
    return Context("item", f"d/film/{number}", name, **given)


def films(count: int, start: int = 0) -> Iterator[Context]:
    """Films, made as they are needed."""
    return (film(number) for number in range(start, start + count))


def settings_of(url: str, **changes: Any) -> LlmSettings:
    """The settings for a test server."""
    return LlmSettings(**{"base_url": url, "api_key": "test", "timeout_seconds": 10.0, "concurrency": 4} | changes)


def request_maker(settings: LlmSettings, ledger: Ledger, **changes: Any) -> RequestMaker:
    """The requests of films."""
    sampling = Sampling(settings.temperature, settings.top_p, settings.max_output_tokens, settings.answers)
    given = {"model": "openai:test", "sampling": sampling, "prompts": load_prompts(), "domain": load_domain("films")}
    return RequestMaker(**given | {"salt": ledger.about()["salt"]} | changes)


def chat_of(settings: LlmSettings) -> Chat:
    """The test server's model."""
    return open_chat("openai:test", settings)


def chat_writer(settings: LlmSettings, ledger: Ledger, **changes: Any) -> ChatWriter:
    """A writer that waits less between attempts than it would for a real server."""
    limits = {name: changes.pop(name) for name in ("max_cost", "max_tokens", "max_nodes") if name in changes}
    chat = changes.pop("chat", None) or chat_of(settings)
    requests = changes.pop("requests", None) or request_maker(settings, ledger)
    writer = ChatWriter(chat, requests, ledger, Budget(ledger, **limits), settings, **changes)
    writer.sender.backoff = 0.01
    return writer


@contextmanager
def opened(path: Path, url: str, **changes: Any) -> Iterator[tuple[ChatWriter, Ledger]]:
    """A writer with its ledger."""
    names = LlmSettings.model_fields.keys() & changes.keys()
    settings = settings_of(url, **{name: changes.pop(name) for name in names})
    with Ledger(path) as ledger:
        yield chat_writer(settings, ledger, **changes), ledger


def write(url: str, path: Path, contexts: Iterable[Context], workers: int) -> None:
    """Write, and print each node that is written."""
    with (
        opened(path, url, concurrency=workers) as (writer, _),
        closing(writer.write(contexts)) as profiles,  # type: ignore[type-var]
    ):
        for profile in profiles:
            print(profile.key, flush=True)  # noqa: T201


def main() -> None:
    """Write films until the process ends, one way or another."""
    url, path, nodes, workers = sys.argv[1:5]
    write(url, Path(path), films(int(nodes)), int(workers))


if __name__ == "__main__":
    main()
