"""The demo: the pipeline on the bundled data, then one viewer's recommendations with their reasons."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spikegraph import api, server
from spikegraph.pipeline import StepReport, load_pipeline, run_pipeline
from spikegraph.settings import Settings

if TYPE_CHECKING:
    from cypher.answers.recommendation import Recommendation

PIPELINE = Path(__file__).with_name("demo.toml")
VIEWER = "user/101"
"""Whose recommendations are shown."""


@dataclass(frozen=True)
class Demo:
    """What the demo did.

    Attributes:
        steps: the pipeline's steps.
        runs: per model the document that `evaluate --final` gives.
        viewer: whose recommendations these are.
        recommendations: best first, each with its reasons.
        browser: the address of Neo4j Browser, or None where the server is not ours.
        seconds: the whole demo, the downloads included.
    """

    steps: list[StepReport]
    runs: dict[str, dict[str, Any]]
    viewer: str
    recommendations: list[Recommendation]
    browser: str | None
    seconds: float


def run_demo(settings: Settings, *, count: int = 5) -> Demo:
    """Start the local server where no other is named, walk the road, and ask for one viewer's list."""
    started = time.perf_counter()
    browser = None
    if settings.neo4j.uri is None:
        browser = server.start(settings.server).browser_url
    steps = run_pipeline(settings, load_pipeline(PIPELINE))
    trained = {step.result["model"]: step.result for step in steps if step.step.startswith("train ")}
    recommendations = api.recommend(settings, "demo", VIEWER, k=count)
    return Demo(steps, trained, VIEWER, recommendations, browser, time.perf_counter() - started)
