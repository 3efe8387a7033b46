from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cypher.store import Store
from ingest.split import SplitRule
from ingest.write import ingest, remove
from llm_profiles.calls.ledger import Attempt, Ledger
from llm_profiles.calls.request import Request
from llm_profiles.contract import Profile
from llm_profiles.neighbourhood import Neighbourhood
from llm_profiles.report.quality import QualityReport, quality_report
from llm_profiles.write import written
from llm_profiles.writers.template import TemplateWriter
from tests.support.tables import tiny_tables

NODES = {"item": 6, "entity": 5, "user": 6}


@pytest.fixture(scope="module")
def tiny(store: Store) -> Iterator[Neighbourhood]:
    name = f"t-report-{uuid.uuid4().hex[:8]}"
    ingest(store, name, tiny_tables(), split=SplitRule("given"))
    yield Neighbourhood(store, name)
    remove(store, name)


@pytest.fixture(scope="module")
def template(tiny: Neighbourhood) -> list[Profile]:
    return written(tiny, TemplateWriter(), tiny.keys())


def report(
    tiny: Neighbourhood, profiles: list[Profile], ledger: Ledger | None = None, sample: int = 100
) -> QualityReport:
    return quality_report(tiny, profiles, NODES, ledger, np.random.default_rng(0), sample=sample)


def test_the_templates_own_texts_are_founded_and_are_their_own_floor(
    tiny: Neighbourhood, template: list[Profile]
) -> None:
    found = report(tiny, template)
    assert {kind: (part.nodes, part.profiles, part.coverage) for kind, part in found.kinds.items()} == {
        "item": (6, 6, 1.0),
        "entity": (5, 5, 1.0),
        "user": (6, 6, 1.0),
    }
    assert found.kinds["item"].names_itself == 1.0
    assert found.kinds["user"].names_itself is None
    assert all(part.founded == part.template_founded == 1.0 for part in found.kinds.values())
    assert found.ranking is not None
    assert found.ranking.auc == found.ranking.floor
    assert found.neighbours is None  # six films are too few
    assert all(part.calls is None for part in found.kinds.values())


def test_inventions_gaps_and_equal_texts_show(tiny: Neighbourhood, template: list[Profile]) -> None:
    items = [profile for profile in template if profile.kind == "item"][:4]
    invented = [Profile(p.key, "item", "A film that Orson Welles shot in Rome.", "llm-chain", "m") for p in items]
    part = report(tiny, invented).kinds["item"]
    assert (part.coverage, part.same_text, part.near_duplicates, part.names_itself) == (4 / 6, 1.0, 1.0, 0.0)
    assert (part.named, part.founded, part.template_founded) == (8, 0.0, 1.0)
    assert part.writers == {"llm-chain": 4}


def test_calls_are_counted_from_the_ledger(tiny: Neighbourhood, template: list[Profile], tmp_path: Path) -> None:
    items = [profile for profile in template if profile.kind == "item"]
    with Ledger(tmp_path / "llm.sqlite") as ledger:
        for n, profile in enumerate(items):
            request = Request("item", profile.key, "s", "u", "item/1", f"{n:064x}")
            if n:
                ledger.done(request, profile.text, Attempt("ok"), repaired=n == 1, mode="repair" if n == 2 else "chain")
            else:
                ledger.dead(request, "no", Attempt("refusal"))
        calls = report(tiny, items[1:], ledger).kinds["item"].calls
    assert calls is not None
    assert (calls.dead, calls.refused, calls.attempts, calls.repaired) == (1, 1, 6, 2 / 5)


def test_the_same_generator_gives_the_same_report_and_it_is_json(tiny: Neighbourhood, template: list[Profile]) -> None:
    one, two = report(tiny, template, sample=4), report(tiny, template, sample=4)
    assert one == two
    assert QualityReport.model_validate(json.loads(one.model_dump_json())) == one


def test_profiles_without_texts_are_left_out(tiny: Neighbourhood, template: list[Profile]) -> None:
    nameless = [replace(profile, text="", hash="a vector's") for profile in template]
    found = report(tiny, nameless)
    assert (found.kinds, found.neighbours, found.ranking) == ({}, None, None)
