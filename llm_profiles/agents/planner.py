"""The planner: an agent looks at sampled nodes of each type and proposes what is read around all of them.

The default plan is its start; what it proposes is checked against the graph's own schema, and a type for which no
proposal is valid keeps its default. Nothing is taken over by itself: the proposal is a file to be read and edited.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml
from pydantic import create_model

from llm_profiles.agents.proposal import MOST_NEIGHBOURS, EntityProposal, Known, UserProposal, checked
from llm_profiles.agents.proposal_file import ProposedPlan
from llm_profiles.agents.run import run_agent
from llm_profiles.agents.sending import BookedSend
from llm_profiles.agents.tools import sample_tools
from llm_profiles.agents.words import marked
from llm_profiles.calls.request import Request, request_key, sampling_of
from llm_profiles.calls.send import Sender, UnansweredError
from llm_profiles.contract import WORD_CAPS, Kind
from llm_profiles.graph_schema import RelationSchema, TypeSchema
from llm_profiles.graph_tools import GraphTools
from llm_profiles.node_tools import NodeTools
from llm_profiles.plans.default import default_plan
from llm_profiles.plans.plan import ANY, Direction, NeighbourhoodPlan
from llm_profiles.prompts.domains import Domain
from llm_profiles.prompts.prompt import Prompt
from llm_profiles.prompts.untrusted import lines_around, mark, plain
from spikegraph.errors import LimitReachedError
from spikegraph.logs import get_logger
from spikegraph.settings import LlmSettings

log = get_logger(__name__)

MOST_TYPES = 12
"""The most types that are looked at, those of most nodes; others keep their default."""

PLAN_TOKENS = 2000
"""Tokens that a plan with its reasons may take: more than a profile."""

Proposal = EntityProposal | UserProposal


@dataclass(frozen=True, slots=True)
class PlannedType:
    """A type of nodes that gets a plan.

    Attributes:
        path: its part of a plan (`items/Film`, `users`).
        kind: of its nodes.
        label: its type label; empty where it has none.
        keys: of its nodes.
        relations: a line for each relation and direction, for the model.
        known: what a proposal may name.
    """

    path: str
    kind: Kind
    label: str
    keys: Sequence[str]
    relations: tuple[str, ...] = ()
    known: Known = field(default_factory=lambda: Known((), (), ()))

    def answer(self) -> type[Proposal]:
        """Give what the model must hand in."""
        if self.kind == "user":
            return create_model("Plan", __base__=UserProposal, __doc__=UserProposal.__doc__)
        return checked(self.known)


def planner_settings(settings: LlmSettings) -> LlmSettings:
    """Give the settings with which the planner's chat model is to be opened: with room for a plan."""
    return settings.model_copy(update={"max_output_tokens": max(settings.max_output_tokens, PLAN_TOKENS)})


def propose_plan(
    tools: GraphTools, sender: Sender, domain: Domain, prompt: Prompt, *, rng: random.Random, sample: int = 20
) -> ProposedPlan:
    """Let a model propose a plan.

    Args:
        tools: of the data set.
        sender: sends and books the model's calls; its chat is opened with `planner_settings`.
        domain: the words for the items.
        prompt: `planner`.
        rng: draws the nodes that are shown.
        sample: how many nodes of each type.

    Raises:
        ProviderError: the model cannot be asked.
    """
    start = default_plan(tools)
    planner = _Planner(tools, sender, domain, prompt, start)
    proposals: dict[str, Proposal] = {}
    reasons: dict[str, str] = {}
    shown = 0
    for part in planned_types(tools):
        keys = rng.sample(part.keys, min(sample, len(part.keys)))
        proposal, error = planner.propose(part, keys)
        shown += len(keys)
        if proposal:
            proposals[part.path] = proposal
            reasons |= dict(_reasons(part.path, proposal))
        else:
            reasons[part.path] = plain(f"the default, for no proposal could be taken: {error}", 400)
            log.warning("a type keeps its default plan", type=part.path, why=error)
    return ProposedPlan(_joined(start, proposals), reasons, sender.chat.asked, tools.record.name, shown)


@dataclass(frozen=True, slots=True)
class _Planner:
    tools: GraphTools
    sender: Sender
    domain: Domain
    prompt: Prompt
    start: NeighbourhoodPlan

    def propose(self, part: PlannedType, keys: Sequence[str]) -> tuple[Proposal | None, str]:
        """Give the proposal for one type, or why there is none."""
        salt = self.sender.ledger.about()["salt"]
        messages = self._messages(part, keys, salt)
        request = self._request(part, messages)
        nodes = [NodeTools(self.tools, part.kind, key, {}) for key in keys]
        send = BookedSend(self.sender, request)
        try:
            result = run_agent(self.sender.chat.model, sample_tools(nodes, marked(salt)), messages, part.answer(), send)
        except (UnansweredError, LimitReachedError) as error:
            return None, str(error)  # what was proposed for other types is paid for, and kept
        return result.answer, result.error

    def _messages(self, part: PlannedType, keys: Sequence[str], salt: str) -> tuple[str, str]:
        about = {"domain": self.domain, "kind": part.kind, "words": WORD_CAPS[part.kind]}
        data: dict[str, Any] = {
            "label": part.label or part.kind,
            "nodes": len(part.keys),
            "relations": part.relations,
            "texts": list(part.known.texts),
            "sample": self._names(part, keys),
            "plan": yaml.safe_dump(self._current(part), sort_keys=False).splitlines(),
        }
        code = mark(salt, str(data))
        around = lines_around(code)
        system = self.prompt.render("system", neighbours=MOST_NEIGHBOURS, **about)
        return system, self.prompt.render("user", **about, **data, **around)

    def _names(self, part: PlannedType, keys: Sequence[str]) -> list[str]:
        if part.kind == "user":
            return [f"a {self.domain.person}" for _ in keys]  # whose name is nobody's business
        found = self.tools.describe(keys)
        return [plain(found[key].name, 100) for key in keys]

    def _current(self, part: PlannedType) -> dict[str, Any]:
        plan = self.start.users if part.kind == "user" else self.start.of(part.kind, part.label)
        return dict(plan.model_dump(mode="json"))

    def _request(self, part: PlannedType, messages: tuple[str, str]) -> Request:
        sampling = sampling_of(self.sender.settings)
        key = request_key(self.sender.chat.asked, sampling, self.prompt.label, messages, mode="plan")
        return Request(part.kind, f"{self.tools.record.name}/plan/{part.path}", *messages, self.prompt.label, key)


def planned_types(tools: GraphTools) -> Iterator[PlannedType]:
    """Give the types that get a plan: those of most nodes, items first, then users."""
    schema, keys = tools.schema(), tools.keys_by_type()
    hops = {_name(relation) for part in schema for relation in part.relations}
    largest = sorted(schema, key=lambda part: -part.nodes)[:MOST_TYPES]
    for part in (part for part in schema if part in largest):
        section = "items" if part.kind == "item" else "entities"
        known = Known({_name(relation) for relation in part.relations}, hops, part.texts)
        path = f"{section}/{part.label or ANY}"
        yield PlannedType(path, part.kind, part.label, keys[part.kind, part.label], _lines(part), known)
    users = tools.keys()["user"]
    if users:
        yield PlannedType("users", "user", "", users)


def _lines(part: TypeSchema) -> tuple[str, ...]:
    return tuple(
        f"{' '.join(_name(relation))}: {relation.share:.0%} of the nodes have it, {relation.degree:.1f} neighbours,"
        f" {'items' if relation.are_items else 'no items'} ({', '.join(relation.labels[:5])}),"
        f" {relation.common:.0%} of them lead to the same one"
        for relation in part.relations
    )


def _name(relation: RelationSchema) -> tuple[str, Direction]:
    return relation.type, "out" if relation.outgoing else "in"


def _joined(start: NeighbourhoodPlan, proposals: Mapping[str, Proposal]) -> NeighbourhoodPlan:
    """Give the plan with the proposals in the place of the parts that it had."""
    parts: dict[str, Any] = {"items": dict(start.items), "entities": dict(start.entities), "users": start.users}
    for path, proposal in proposals.items():
        section, _, label = path.partition("/")
        if label:
            parts[section][label] = proposal.plan()
        else:
            parts[section] = proposal.plan()
    return NeighbourhoodPlan(**parts)


def _reasons(path: str, proposal: Proposal) -> Iterator[tuple[str, str]]:
    yield path, proposal.reason
    if isinstance(proposal, EntityProposal):
        for part in proposal.relations:
            yield f"{path}/{part.relation} {part.direction}", part.reason
