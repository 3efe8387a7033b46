"""`python -m benchmarks NAME [--json]`, `--list`, `--all`: measured claims, each in a home of its own."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks import (
    answers,
    cold_items,
    evaluation,
    export_rate,
    faithfulness,
    ingest_rate,
    list_nodes,
    matching,
    memory,
    negatives,
    prefetch,
    profile_calls,
    roads,
    scale_sets,
    spike_step,
    surroundings,
    time_to_score,
    write_back_rate,
)
from benchmarks.result import Row, device
from spikegraph import api, logs, server
from spikegraph.errors import SpikeGraphError
from spikegraph.settings import Settings, load_settings

RESULTS = Path(__file__).parent / "results"


def _with_store(run: Callable[..., list[Row]]) -> Callable[[Settings], list[Row]]:
    def measured(settings: Settings) -> list[Row]:
        with api.connect(settings) as store:
            store.ensure_schema()
            return run(store)

    return measured


BENCHMARKS: dict[str, Callable[[Settings], list[Row]]] = {
    "ingest": _with_store(ingest_rate.run),
    "export": _with_store(export_rate.run),
    "prefetch": _with_store(prefetch.run),
    "faithfulness": faithfulness.run,
    "profile-calls": profile_calls.run,
    "demo": roads.demo,
    "lastfm": roads.lastfm,
}
"""Those that need a server, which each gets fresh."""

SERVERLESS: dict[str, Callable[[], list[Row]]] = {
    "cold-items": cold_items.run,
    "evaluation": evaluation.run,
    "matching": matching.run,
    "memory": memory.run,
    "negatives": negatives.run,
    "scale-alibaba-ifashion": scale_sets.alibaba_ifashion,
    "scale-last-fm-kgat": scale_sets.last_fm,
    "spike-step": spike_step.run,
    "surroundings": surroundings.run,
    "time-to-score": time_to_score.run,
}
"""Those that need tensors only."""

WITH_BIG_GRAPH: dict[str, Callable[[], list[Row]]] = {
    "answers": answers.run,
    "list-nodes": list_nodes.run,
    "write-back": write_back_rate.run,
}
"""Those that ask or fill the synthetic graph, for which they make a server themselves."""

ALONE = {**SERVERLESS, **WITH_BIG_GRAPH}

NAMES = sorted([*BENCHMARKS, *ALONE])


def measure(name: str) -> dict[str, Any]:
    """Run one benchmark, against a server of its own where it needs one, and give its document."""
    rows = ALONE[name]() if name in ALONE else _measured_with_server(name)
    return {"name": name, "device": device(), "rows": [row.as_dict() for row in rows]}


def _measured_with_server(name: str) -> list[Row]:
    with _own_server() as settings:
        return BENCHMARKS[name](settings)


@contextmanager
def _own_server() -> Iterator[Settings]:
    with tempfile.TemporaryDirectory() as folder:
        settings = load_settings(assignments=[f"home={folder}"], environment={})
        server.start(settings.server)
        try:
            yield settings
        finally:
            server.stop(settings.server)


def show(document: dict[str, Any]) -> None:
    """Print a benchmark's table."""
    table = Table(title=f"{document['name']}: {document['device']}", title_justify="left")
    for column in ("what", "ours", "rival or limit", "ratio", "at least", "holds"):
        table.add_column(column, justify="left" if column == "what" else "right")
    for row in document["rows"]:
        figures = [row[key] for key in ("ours", "rival", "ratio", "at_least")]
        cells = ["" if value is None else f"{value:,.4g}" for value in figures]
        table.add_row(row["what"], *cells, "yes" if row["holds"] else "NO")
    Console().print(table)


def main() -> int:
    """Run what the words ask for; 0 if every row holds."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("name", nargs="?", choices=NAMES)
    parser.add_argument("--list", action="store_true", help="print the names")
    parser.add_argument("--all", action="store_true", help="run all, and keep the results in benchmarks/results")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    words = parser.parse_args()
    logs.configure()
    if words.list or not (words.name or words.all):
        print(json.dumps(NAMES) if words.json else "\n".join(NAMES))
        return 0
    documents = []
    for name in NAMES if words.all else [words.name]:
        document = measure(name)
        documents.append(document)
        if words.all:
            RESULTS.mkdir(exist_ok=True)
            (RESULTS / f"{name}.json").write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
        if not words.json:
            show(document)
    if words.json:
        print(json.dumps(documents if words.all else documents[0], indent=2))
    return 0 if all(row["holds"] for document in documents for row in document["rows"]) else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except SpikeGraphError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)
