"""One node's profile with all that is known of it: what it was written from, what it cost, what bears it out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from cypher.store import Store
from llm_profiles.calls.ledger import Attempt, Ledger, ledger_path
from llm_profiles.contract import Context, Kind, Profile
from llm_profiles.llm_run import Books, open_books
from llm_profiles.neighbourhood import Neighbourhood
from llm_profiles.profile_store import list_sets, load_run, load_set
from llm_profiles.report.names import context_names, mentions, plain_words, unfounded
from llm_profiles.stages import contexts_of
from llm_profiles.staleness import State, state_of
from spikegraph.errors import NotFoundError
from spikegraph.settings import LlmSettings


class CallView(BaseModel):
    """A call that was made for the node.

    Attributes:
        key: the start of the request's key.
        status: done, dead, submitted or expired.
        mode: how it was asked.
        model: as the server named it.
        prompt: id and SHA of the prompt.
        error: why it was given up.
        repaired: whether the answer's form had to be mended.
        created_at: of its last change.
        attempts: what went out, the first first; as `Attempt`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    key: str
    status: str
    mode: str
    model: str
    prompt: str
    error: str
    repaired: bool
    created_at: str
    attempts: tuple[Attempt, ...]


class ProfileView(BaseModel):
    """What is known of a node's profile.

    Attributes:
        key: of the node.
        kind: what it is.
        name: its name.
        set: the profile set.
        profile: the text; empty where there is none.
        writer: who wrote it (`template`, `llm-chain` …).
        model: the language model, if one did.
        state: whether it is as the graph would have it today; None for sets without a ledger.
        why: why not.
        context: all that it may be written from today.
        system: today's system message; empty for sets without a ledger.
        user: today's user message.
        calls: those made for the node, the first first.
        tokens_in: of all its calls.
        tokens_out: the same.
        cost: of those with a known price; None where none is known.
        evidence: names of the context that the profile mentions.
        unfounded: names and years in the profile that the context does not hold.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    key: str
    kind: Kind
    name: str
    set: str
    profile: str
    writer: str
    model: str | None
    state: State | None
    why: tuple[str, ...]
    context: dict[str, Any]
    system: str
    user: str
    calls: tuple[CallView, ...]
    tokens_in: int
    tokens_out: int
    cost: float | None
    evidence: tuple[str, ...]
    unfounded: tuple[str, ...]


def show(store: Store, home: Path, dataset: str, set_name: str, key: str, settings: LlmSettings) -> ProfileView:
    """Gather what is known of one node's profile; nothing is sent or written.

    Args:
        store: where the graph is.
        home: folder of all profile sets.
        dataset: name of the data set.
        set_name: the profile set.
        key: of the node, with or without the data set's name before it.
        settings: where own prompts lie.

    Raises:
        NotFoundError: there is no such data set, node or profile set.
    """
    if not ledger_path(home, dataset, set_name).exists():
        return _without_ledger(store, home, dataset, set_name, key)
    with open_books(store, dataset, home, set_name, settings) as books:
        kind, full = _node(books.keys, dataset, key)
        return _with_ledger(books, set_name, kind, full)


def _without_ledger(store: Store, home: Path, dataset: str, set_name: str, key: str) -> ProfileView:
    load_run(home, dataset, set_name)
    neighbourhood = Neighbourhood(store, dataset)
    kind, full = _node(neighbourhood.keys(), dataset, key)
    context = next(contexts_of(neighbourhood, kind, [full], None))
    return _view(context, set_name, _saved(home, dataset, set_name, full))


def _with_ledger(books: Books, set_name: str, kind: Kind, key: str) -> ProfileView:
    request, state = state_of(books.neighbourhood, books.requests, books.ledger, kind, key)
    context = next(contexts_of(books.neighbourhood, kind, [key], books.ledger.texts))
    calls = _calls(books.ledger, key)
    attempts = [attempt for call in calls for attempt in call.attempts]
    priced = [attempt.cost for attempt in attempts if attempt.cost is not None]
    entry = books.ledger.current([key]).get(key)
    profile = entry.profile() if entry else _saved(books.home, books.terms.dataset, set_name, key)
    return _view(context, set_name, profile).model_copy(
        update={
            "state": state.state,
            "why": tuple(map(str, state.why)),
            "system": request.system,
            "user": request.user,
            "calls": calls,
            "tokens_in": sum(attempt.tokens_in for attempt in attempts),
            "tokens_out": sum(attempt.tokens_out for attempt in attempts),
            "cost": sum(priced) if priced else None,
        }
    )


def _saved(home: Path, dataset: str, set_name: str, key: str) -> Profile | None:
    """Give the profile that the set on disk has of a node, such as the template's where a model gave up."""
    if set_name not in {run.set for run in list_sets(home, dataset)}:
        return None
    return next((profile for profile in load_set(home, dataset, set_name)[1] if profile.key == key), None)


def _calls(ledger: Ledger, node: str) -> tuple[CallView, ...]:
    names = ("status", "mode", "model", "prompt", "error", "repaired", "created_at")
    return tuple(
        CallView(
            key=call.key[:12],
            attempts=tuple(ledger.attempts(call.key)),
            **{name: getattr(call, name) for name in names},
        )
        for call in ledger.of_node(node)
    )


def _view(context: Context, set_name: str, profile: Profile | None) -> ProfileView:
    text = profile.text if profile else ""
    words = plain_words(text)
    return ProfileView(
        key=context.key,
        kind=context.kind,
        name=context.name,
        set=set_name,
        profile=text,
        writer=profile.writer if profile else "",
        model=profile.model if profile else None,
        state=None,
        why=(),
        context=asdict(context),
        system="",
        user="",
        calls=(),
        tokens_in=0,
        tokens_out=0,
        cost=None,
        evidence=tuple(name for name in context_names(context) if mentions(words, name)),
        unfounded=tuple(unfounded(text, context)),
    )


def _node(keys: Mapping[Kind, Sequence[str]], dataset: str, key: str) -> tuple[Kind, str]:
    """Find a node by its key, which may leave out the data set's name."""
    for full in (key, f"{dataset}/{key}"):
        for kind, known in keys.items():
            if full in known:
                return kind, full
    raise NotFoundError(f"the data set has no node '{key[:100]}'", where=dataset, hint="keys look like 'artist/51'")
