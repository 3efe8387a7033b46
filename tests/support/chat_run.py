"""Films that a chat model writes about through the test server, and a process that does so until it is killed.

python -m tests.support.chat_run URL FOLDER --nodes 600 --workers 24        (prints what it took as JSON)
python -m tests.support.chat_run URL HOME --dataset NAME --uri BOLT --workers 24 < password
"""

from __future__ import annotations

import argparse
import json
import resource
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from cypher.store import Store
from llm_profiles.activate import activate
from llm_profiles.calls.budget import Budget
from llm_profiles.calls.ledger import Ledger, ledger_path
from llm_profiles.calls.request import Sampling
from llm_profiles.chat.model import Chat, open_chat
from llm_profiles.contract import Context, Facts, Neighbour
from llm_profiles.prompts.domains import load_domain
from llm_profiles.prompts.requests import RequestMaker, load_prompts
from llm_profiles.write import write_profiles
from llm_profiles.writers.chat import ChatWriter
from spikegraph import logs
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


def write(url: str, path: Path, contexts: Iterable[Context], workers: int) -> dict[str, float]:
    """Write, and give what it took."""
    with (
        opened(path, url, concurrency=workers) as (writer, _),
        closing(writer.write(contexts)) as profiles,  # type: ignore[type-var]
    ):
        return taken(lambda: sum(1 for _ in profiles))


def write_graph(url: str, home: Path, dataset: str, workers: int, uri: str, password: str) -> dict[str, float]:
    """Write all nodes of a data set, save the set and put it onto the graph; give what it took."""

    def work() -> int:
        run = write_profiles(store, dataset, home, writer, set_name="llm").run
        activate(store, home, dataset, "llm")
        return sum(kind.profiles for kind in run.kinds.values())

    with (
        Store.connect(uri, "neo4j", password) as store,
        opened(ledger_path(home, dataset, "llm"), url, concurrency=workers) as (writer, _),
    ):
        return taken(work)


def taken(work: Callable[[], int]) -> dict[str, float]:
    """Give the profiles that work gives, its seconds, and the memory that this process had at its most."""
    started, before = time.perf_counter(), time.process_time()
    found = work()
    took = {"seconds": time.perf_counter() - started, "cpu_seconds": time.process_time() - before}
    return {"profiles": found, "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024} | took


def main() -> None:
    """Write until the process ends, one way or another."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--nodes", type=int, default=0)
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument("--dataset")
    parser.add_argument("--uri")
    words = parser.parse_args()
    # A shell that runs tests in the background lets them ignore Ctrl-C, and their children with them.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    logs.configure()
    if words.dataset:
        password = sys.stdin.readline().strip()
        took = write_graph(words.url, words.folder, words.dataset, words.workers, words.uri, password)
    else:
        took = write(words.url, words.folder / "ledger.sqlite", films(words.nodes), words.workers)
    print(json.dumps(took))  # noqa: T201


if __name__ == "__main__":
    main()
