"""What is installed, found and missing, with the line that mends it."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

from spikegraph.errors import SpikeGraphError, install_line
from spikegraph.settings import Settings

State = Literal["ok", "absent", "wrong"]

ROOMS = ("cypher", "ingest", "llm_profiles", "export", "model")
PACKAGES = ("neo4j", "neo4j-rust-ext", "numpy", "pandas", "torch", "torch-geometric", "optuna", "scikit-learn", "jgo")
EXTRAS = {
    "anthropic": "langchain_anthropic",
    "gds": "graphdatascience",
    "minilm": "sentence_transformers",
    "ollama": "langchain_ollama",
    "ray": "ray",
}
TRACING = ("LANGSMITH_TRACING", "LANGSMITH_TRACING_V2", "LANGCHAIN_TRACING_V2")
SERVER_SECONDS = 5.0


@dataclass(frozen=True)
class Finding:
    """One thing looked at: `absent` is optional, `wrong` needs the mend."""

    what: str
    state: State
    found: str
    mend: str | None = None

    def as_dict(self) -> dict[str, str | None]:
        """Give the finding as a JSON object."""
        return asdict(self)


def examine(settings: Settings) -> list[Finding]:
    """Look at everything a command may need; no value of a key or password is ever read out."""
    looks: tuple[Callable[[], Iterator[Finding]], ...] = (
        *(_python, _rooms, _packages, _java),
        lambda: _database(settings),
        *(_gpu, _extras, _local_model, _keys),
        lambda: _language_server(settings),
        lambda: _tracing(settings),
        _data,
    )
    return [finding for look in looks for finding in look()]


def _python() -> Iterator[Finding]:
    found = ".".join(map(str, sys.version_info[:3]))
    yield Finding("Python", "ok" if sys.version_info >= (3, 11) else "wrong", found, None)


def _rooms() -> Iterator[Finding]:
    """Name what shadows a room: the folders are import packages with common names."""
    home = Path(__file__).resolve().parent.parent
    for room in ROOMS:
        spec = importlib.util.find_spec(room)
        origin = Path(spec.origin).resolve() if spec and spec.origin else None
        if origin is None or home not in origin.parents:
            yield Finding(f"package {room}", "wrong", f"shadowed by {origin}", "rename that file or run elsewhere")


def _packages() -> Iterator[Finding]:
    for package in PACKAGES:
        try:
            yield Finding(package, "ok", version(package))
        except PackageNotFoundError:
            yield Finding(package, "wrong", "not installed", "make setup")


def _java() -> Iterator[Finding]:
    from spikegraph.server.java import find_java

    try:
        found = find_java()
    except SpikeGraphError as error:
        yield Finding("Java", "wrong", error.message, error.hint)
    else:
        yield Finding("Java", "ok", f"{found.version} ({found.source})")


def _database(settings: Settings) -> Iterator[Finding]:
    from export.gds.client import available
    from spikegraph.api import connect

    try:
        with connect(settings) as store:
            yield Finding("Neo4j", "ok", f"{store.version.text} at {store.where}")
            yield _plugin(available(store))
    except SpikeGraphError as error:
        yield Finding("Neo4j", "wrong", error.message, error.hint)


def _plugin(found: bool) -> Finding:
    what = "plugin Graph Data Science"
    return Finding(what, "ok", "there") if found else Finding(what, "absent", "not there: `spikegraph gds` needs it")


def _gpu() -> Iterator[Finding]:
    import torch

    if torch.cuda.is_available():
        yield Finding("GPU", "ok", torch.cuda.get_device_name(0))
    else:
        yield Finding("GPU", "absent", f"none: the CPU trains ({torch.get_num_threads()} threads)")


def _extras() -> Iterator[Finding]:
    for extra, module in EXTRAS.items():
        if importlib.util.find_spec(module):
            yield Finding(f"extra {extra}", "ok", "installed")
        else:
            yield Finding(f"extra {extra}", "absent", "not installed", install_line(extra))


def _local_model() -> Iterator[Finding]:
    from llm_profiles.chat.weights import NAME, weights_file

    try:
        weights_file()
    except SpikeGraphError as error:
        yield Finding(f"local:{NAME}", "absent", error.message, error.hint)
    else:
        yield Finding(f"local:{NAME}", "ok", "installed")


def _keys() -> Iterator[Finding]:
    from llm_profiles.chat.providers import KEYS

    found = [name for name in (*KEYS.values(), "LANGSMITH_API_KEY") if os.environ.get(name)]
    yield Finding("keys of language models", "ok" if found else "absent", ", ".join(found) or "none: not needed")


def _language_server(settings: Settings) -> Iterator[Finding]:
    """Ask the server that the settings name, and no other: nothing is chosen because it listens."""
    from llm_profiles.chat.providers import models_at

    if settings.llm.base_url is None:
        return
    what = "server of language models"
    try:
        names = models_at(settings.llm, SERVER_SECONDS)
    except SpikeGraphError as error:
        yield Finding(what, "wrong", str(error).split("\n")[0], error.hint)
    else:
        yield Finding(what, "ok", f"{len(names)} models: {', '.join(names[:5])}")


def _tracing(settings: Settings) -> Iterator[Finding]:
    asked = next((name for name in TRACING if os.environ.get(name, "").lower() == "true"), None)
    if settings.llm.tracing:
        yield Finding("tracing", "ok", "on: prompts and answers go to LangSmith, for llm.tracing says so")
    else:
        yield Finding("tracing", "ok", f"off, whatever {asked} says" if asked else "off")


def _data() -> Iterator[Finding]:
    folder = Path(os.environ.get("SPIKEGRAPH_DATA", "../shared/data"))
    if folder.is_dir():
        names = sorted(entry.name for entry in folder.iterdir() if entry.is_dir())
        yield Finding("data folder", "ok", f"{len(names)} data sets: {', '.join(names)}")
    else:
        yield Finding("data folder", "absent", "not found", "SPIKEGRAPH_DATA=DIR, for tests and benchmarks")
