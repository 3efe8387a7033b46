"""The whole road, timed and scored as a user walks it: the demo, and Last.FM with its LLM-written profiles."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from benchmarks.data import data_folder
from benchmarks.result import Row, at_least, at_most, within
from spikegraph import api, server
from spikegraph.demo import run_demo
from spikegraph.settings import Settings

Result = TypeVar("Result")

DEMO_SECONDS = 150.0
ROAD_SECONDS = 120.0


def demo(settings: Settings) -> list[Row]:
    """Time `spikegraph demo` in an empty home, the server's start in it, its jars in the cache already."""
    server.stop(settings.server)
    done = run_demo(settings)
    again = run_demo(settings)
    test = {model: run["metrics"]["test"]["recall@20"] for model, run in done.runs.items()}
    return [
        at_most("demo, first time, seconds", done.seconds, DEMO_SECONDS),
        at_most("demo, second time, seconds", again.seconds, DEMO_SECONDS),
        at_least("demo, SPiKE over popularity, test recall@20", test["spike"] / test["popularity"], 1.0),
    ]


def lastfm(settings: Settings) -> list[Row]:
    """Walk the README's Last.FM road: imported profiles, lsa, honest protocol, one seed."""
    folder, work = data_folder("lastfm-llm"), settings.work_home / "lastfm"
    watch = _Watch()
    watch.time("ingest", lambda: api.ingest(settings, "lastfm", folder, name="lastfm", replace=True))
    watch.time("profiles", lambda: api.profile_import(settings, "lastfm", folder, source="lastfm"))
    watch.time("export", lambda: api.export(settings, "lastfm", work / "snapshot"))
    test = {model: _tested(settings, work, model, watch) for model in ("popularity", "ease", "spike")}
    watch.time("write-back", lambda: api.write_back(settings, work / "spike"))
    road = [part for part in watch.seconds if not part.startswith("train")]
    return [
        *(Row(f"{part}, seconds", watch.seconds[part], None, None, None, holds=True) for part in watch.seconds),
        at_most("road without training, seconds", sum(watch.seconds[part] for part in road), ROAD_SECONDS),
        at_least("SPiKE recommended, test recall@20", test["spike"]["recall@20"], 0.340),
        at_least("SPiKE recommended, test ndcg@20", test["spike"]["ndcg@20"], 0.300),
        within("popularity, test recall@20", test["popularity"]["recall@20"], 0.122, 0.126),
        within("EASE, test recall@20", test["ease"]["recall@20"], 0.335, 0.342),
    ]


def _tested(settings: Settings, work: Path, model: str, watch: _Watch) -> dict[str, float]:
    def train() -> dict[str, float]:
        api.train(settings, work / "snapshot", work / model, model=model)
        return api.evaluate(work / model, final=True).metrics["test"]

    return watch.time(f"train and refit {model}", train)


class _Watch:
    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def time(self, part: str, do: Callable[[], Result]) -> Result:
        started = time.perf_counter()
        result = do()
        self.seconds[part] = time.perf_counter() - started
        return result
