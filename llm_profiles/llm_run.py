"""A language model's run over a data set: everything that it needs, opened together, and what it wrote.

with open_run(store, "films", home, LlmOptions(llm="openai:gpt-4o-mini"), settings.llm) as run:
    report = write(run)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from filelock import FileLock, Timeout

from cypher.store import Store
from llm_profiles.agents.words import with_tools
from llm_profiles.calls.ledger import Ledger, ledger_path
from llm_profiles.calls.request import sampling_of
from llm_profiles.contract import KINDS, Kind, Split
from llm_profiles.items import domain_of_items
from llm_profiles.neighbourhood import Neighbourhood
from llm_profiles.plans.default import default_plan
from llm_profiles.plans.files import load_plan
from llm_profiles.plans.plan import NeighbourhoodPlan
from llm_profiles.prompts.domains import load_domain
from llm_profiles.prompts.prompt import load_prompt
from llm_profiles.prompts.requests import RequestMaker, load_prompts
from llm_profiles.shard import in_shard
from llm_profiles.stages import contexts_of
from llm_profiles.terms import Refresh, Terms, agree, terms_of
from spikegraph.errors import DataError, NotFoundError
from spikegraph.settings import LlmSettings

if TYPE_CHECKING:
    from llm_profiles.chat.model import Chat
    from llm_profiles.contract import Context


@dataclass(frozen=True)
class LlmOptions:
    """What is asked of a run.

    Attributes:
        llm: the model (`openai:gpt-4o-mini`, `ollama:llama3.2`, `local:smollm2-135m`).
        set_name: the profile set that is written.
        mode: one call a node, or an agent a node.
        plan: a plan's file; by default the set's own, or one made from the graph's schema.
        domain: whose words the prompts use; by default guessed from the types of the items.
        splits: what the texts may see.
        kinds: which kinds of nodes are written.
        every_entity: also auxiliary entities that no item is linked with, of which nothing is to be told.
        refresh: which of their nodes.
        fallback: whether the template writes for nodes that were given up.
        repair_share: the share of the nodes that the repair agent may try.
        sample: only so many nodes of each kind, spread evenly.
        shard: only the i-th of n parts, counted from 1.
        max_cost: the most that the set may cost, earlier runs counted.
        max_tokens: the most tokens, both ways, earlier runs counted.
        max_nodes: the most nodes that are written, earlier runs counted.
    """

    llm: str
    set_name: str = "llm"
    mode: Literal["chain", "agent"] = "chain"
    plan: Path | None = None
    domain: str | None = None
    splits: tuple[Split, ...] = ("train",)
    kinds: tuple[Kind, ...] = KINDS
    every_entity: bool = False
    refresh: Refresh = "missing"
    fallback: bool = False
    repair_share: float = 0.0
    sample: int | None = None
    shard: tuple[int, int] | None = None
    max_cost: float | None = None
    max_tokens: int | None = None
    max_nodes: int | None = None

    @property
    def is_whole(self) -> bool:
        """Whether no part of the data set is left for another run."""
        return self.sample is None and self.shard is None


@dataclass(frozen=True)
class Books:
    """A set's terms and ledger beside the graph as it is now; no language model.

    Attributes:
        home: folder of all profile sets.
        neighbourhood: reads contexts by the set's plan.
        keys: of all nodes, by kind.
        requests: makes requests of contexts, as the set's terms say.
        ledger: what was done.
        terms: what it is done by.
    """

    home: Path
    neighbourhood: Neighbourhood
    keys: Mapping[Kind, Sequence[str]]
    requests: RequestMaker
    ledger: Ledger
    terms: Terms

    def expected(self) -> dict[Kind, Sequence[str]]:
        """Give the keys of the nodes that are to have a profile.

        An entity that no item is linked with has one only where it was asked for once.
        """
        linked = set(self.neighbourhood.tools.linked_entities())
        asked = self.ledger.current([key for key in self.keys["entity"] if key not in linked])
        return {**self.keys, "entity": [key for key in self.keys["entity"] if key in linked or key in asked]}

    def contexts(self, kind: Kind, keys: Sequence[str]) -> Iterator[Context]:
        """Give contexts that carry the profiles of the stages before."""
        return contexts_of(self.neighbourhood, kind, keys, self.ledger.texts)


@dataclass(frozen=True)
class Choice(Books):
    """Books in which a part of the nodes is to be written.

    Attributes:
        options: what is asked.
        settings: how models are asked.
        chosen: the keys that are to be written, by kind.
    """

    options: LlmOptions
    settings: LlmSettings
    chosen: Mapping[Kind, Sequence[str]]


@dataclass(frozen=True)
class LlmRun(Choice):
    """A choice with the language model that is to write it."""

    chat: Chat


@contextmanager
def open_run(
    store: Store, dataset: str, home: Path, options: LlmOptions, settings: LlmSettings, *, begin: bool = True
) -> Iterator[LlmRun]:
    """Open the model, the graph and the ledger of a run (see `open_choice`).

    Raises:
        UsageError: there is no such model, or no key for it.
    """
    from llm_profiles.chat.model import open_chat

    chat = open_chat(options.llm, settings)
    with open_choice(store, dataset, home, options, settings, begin=begin) as choice:
        if begin:
            choice.ledger.set_about(address=chat.address, prices=chat.prices.read if chat.prices else "")
        yield LlmRun(**vars(choice), chat=chat)


@contextmanager
def open_choice(
    store: Store, dataset: str, home: Path, options: LlmOptions, settings: LlmSettings, *, begin: bool = True
) -> Iterator[Choice]:
    """Open the graph and the ledger, and choose what is to be written; no language model is needed.

    Args:
        store: where the graph is.
        dataset: name of the data set.
        home: folder of all profile sets.
        options: what is asked.
        settings: how the model is asked.
        begin: keep the terms in the ledger; an estimate does not.

    Raises:
        NotFoundError: there is no such data set.
        UsageError: no such domain, a plan that does not fit, a set that was begun on other terms.
        DataError: another process writes this set.
    """
    path = ledger_path(home, dataset, options.set_name)
    with _alone(path), Ledger(path) as ledger:
        neighbourhood = Neighbourhood(store, dataset, splits=options.splits)
        terms = _terms(neighbourhood, ledger, options, settings)
        if begin:
            terms = agree(ledger, terms, options.refresh)
        neighbourhood = Neighbourhood(store, dataset, terms.plan, splits=terms.splits)
        keys = neighbourhood.keys()
        requests = _requests(terms, ledger, settings)
        chosen = _chosen(neighbourhood, keys, options)
        yield Choice(home, neighbourhood, keys, requests, ledger, terms, options, settings, chosen)


@contextmanager
def open_books(store: Store, dataset: str, home: Path, set_name: str, settings: LlmSettings) -> Iterator[Books]:
    """Open the ledger of a set that was begun, on its own terms; no language model is needed.

    Raises:
        NotFoundError: there is no such data set, or no such ledger.
    """
    path = ledger_path(home, dataset, set_name)
    if not path.exists():
        hint = f"spikegraph profile llm {dataset} --llm provider:model --set-name {set_name}"
        raise NotFoundError(f"no language model has written a profile set '{set_name}'", where=dataset, hint=hint)
    with Ledger(path) as ledger:
        terms = terms_of(ledger)
        if terms is None:
            raise NotFoundError("the ledger is empty", where=set_name)
        neighbourhood = Neighbourhood(store, dataset, terms.plan, splits=terms.splits)
        requests = _requests(terms, ledger, settings)
        yield Books(home, neighbourhood, neighbourhood.keys(), requests, ledger, terms)


def _terms(neighbourhood: Neighbourhood, ledger: Ledger, options: LlmOptions, settings: LlmSettings) -> Terms:
    before = terms_of(ledger)
    return Terms(
        dataset=neighbourhood.record.name,
        set=options.set_name,
        model=options.llm,
        mode=options.mode,
        domain=options.domain or (before.domain if before else _guessed_domain(neighbourhood, settings)),
        split_id=neighbourhood.record.split_id,
        splits=options.splits,
        plan=_plan(neighbourhood, before, options),
        generation=before.generation if before else 0,
        **asdict(sampling_of(settings)),
    )


def _guessed_domain(neighbourhood: Neighbourhood, settings: LlmSettings) -> str:
    return domain_of_items(neighbourhood.tools, settings.prompts).name


def _plan(neighbourhood: Neighbourhood, before: Terms | None, options: LlmOptions) -> NeighbourhoodPlan:
    if options.plan:
        return load_plan(options.plan, neighbourhood.tools)
    return before.plan if before else default_plan(neighbourhood.tools)


def _requests(terms: Terms, ledger: Ledger, settings: LlmSettings) -> RequestMaker:
    prompts = load_prompts(settings.prompts)
    if terms.mode == "agent":
        prompts = with_tools(prompts, load_prompt("agent", settings.prompts))
    salt = ledger.about()["salt"]
    domain = load_domain(terms.domain, settings.prompts)
    return RequestMaker(terms.model, terms.sampling, prompts, domain, salt, terms.mode, terms.generation)


def _chosen(
    neighbourhood: Neighbourhood, keys: Mapping[Kind, Sequence[str]], options: LlmOptions
) -> dict[Kind, Sequence[str]]:
    """Give the keys that are to be written; entities that no item is linked with only where they were asked for."""
    chosen = {kind: keys[kind] for kind in KINDS if kind in options.kinds}
    if "entity" in chosen and not options.every_entity:
        chosen["entity"] = neighbourhood.tools.linked_entities()
    return {kind: _part(of_kind, options) for kind, of_kind in chosen.items()}


def _part(keys: Sequence[str], options: LlmOptions) -> list[str]:
    found = [key for key in keys if in_shard(key, *options.shard)] if options.shard else list(keys)
    if options.sample is None or options.sample >= len(found):
        return found
    return [found[place * len(found) // options.sample] for place in range(options.sample)]


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Two processes that write one set would pay for every node twice."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(f"{path}.lock", timeout=0):
            yield
    except Timeout as error:
        raise DataError(
            "another process writes this profile set", where=path.stem, hint="wait until it ends"
        ) from error
