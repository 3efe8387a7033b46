from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from cypher.store import Store
from ingest.split import SplitRule
from ingest.write import ingest, remove
from llm_profiles.calls.ledger import Attempt, Ledger, ledger_path
from llm_profiles.llm_run import open_books
from llm_profiles.neighbourhood import Neighbourhood
from llm_profiles.plans.default import default_plan
from llm_profiles.show import show
from llm_profiles.stages import contexts_of
from llm_profiles.terms import Terms, keep
from llm_profiles.write import write_template
from spikegraph.errors import NotFoundError
from spikegraph.settings import LlmSettings
from tests.support.tables import CANARY, tiny_tables

SETTINGS = LlmSettings()
TEXT = "Alpha Station, directed by Ada Ames, is a Drama set in Berlin."


@pytest.fixture(scope="module")
def tiny(store: Store) -> Iterator[str]:
    name = f"t-show-{uuid.uuid4().hex[:8]}"
    ingest(store, name, tiny_tables(), split=SplitRule("given"))
    yield name
    remove(store, name)


@pytest.fixture
def home(store: Store, tiny: str, tmp_path: Path) -> Path:
    """A home in which a language model has written one film after a refusal and a dead letter for a user."""
    neighbourhood = Neighbourhood(store, tiny)
    plan = default_plan(neighbourhood.tools)
    terms = Terms(
        dataset=tiny,
        set="llm",
        model="openai:m",
        domain="films",
        split_id=neighbourhood.record.split_id,
        splits=("train",),
        plan=plan,
    )
    with Ledger(ledger_path(tmp_path, tiny, "llm")) as ledger:
        keep(ledger, terms)
    with open_books(store, tiny, tmp_path, "llm", SETTINGS) as books:
        (film,) = contexts_of(books.neighbourhood, "item", [f"{tiny}/film/0"], books.ledger.texts)
        request = books.requests.of(film)
        books.ledger.book(request, Attempt("rate_limit"))
        books.ledger.done(request, TEXT, Attempt("ok", 500, 40, 0, 0.002), model="m-2026")
        (user,) = contexts_of(books.neighbourhood, "user", [f"{tiny}/user/0"], books.ledger.texts)
        books.ledger.dead(books.requests.of(user), "it refused", Attempt("refusal", 300, 5))
    return tmp_path


def test_a_profile_comes_with_its_prompt_calls_cost_and_evidence(store: Store, tiny: str, home: Path) -> None:
    view = show(store, home, tiny, "llm", "film/0", SETTINGS)
    assert (view.key, view.kind, view.profile, view.writer, view.model) == (
        f"{tiny}/film/0",
        "item",
        TEXT,
        "llm-chain",
        "m-2026",
    )
    assert (view.state, view.why) == ("fresh", ())
    assert "Ada Ames" in view.user
    assert view.context["name"] == "Alpha Station"
    assert [[attempt.outcome for attempt in call.attempts] for call in view.calls] == [["rate_limit", "ok"]]
    assert (view.tokens_in, view.tokens_out, view.cost) == (500, 40, 0.002)
    assert set(view.evidence) == {"Alpha Station", "Ada Ames", "Drama"}
    assert view.unfounded == ("Berlin",)


def test_a_node_that_was_given_up_says_why_and_shows_no_secret(store: Store, tiny: str, home: Path) -> None:
    view = show(store, home, tiny, "llm", f"{tiny}/user/0", SETTINGS)
    assert (view.state, view.why, view.profile, view.writer) == ("dead", ("it refused",), "", "")
    assert TEXT in view.user
    assert (view.tokens_in, view.cost) == (300, None)
    assert CANARY not in view.model_dump_json()


def test_a_node_that_was_never_asked_for_is_missing(store: Store, tiny: str, home: Path) -> None:
    view = show(store, home, tiny, "llm", "person/0", SETTINGS)
    assert (view.state, view.calls, view.profile) == ("missing", (), "")


def test_a_set_without_a_ledger_shows_what_it_has(store: Store, tiny: str, home: Path) -> None:
    write_template(store, tiny, home)
    view = show(store, home, tiny, "template", "film/0", SETTINGS)
    assert view.profile.startswith("Alpha Station is a film.")
    assert (view.writer, view.model, view.state, view.user) == ("template", None, None, "")
    assert "Ada Ames" in view.evidence
    assert view.unfounded == ()


def test_what_is_not_there_is_said_so(store: Store, tiny: str, home: Path) -> None:
    with pytest.raises(NotFoundError, match="no node 'film/99'"):
        show(store, home, tiny, "llm", "film/99", SETTINGS)
    with pytest.raises(NotFoundError, match="no profile set 'other'"):
        show(store, home, tiny, "other", "film/0", SETTINGS)
