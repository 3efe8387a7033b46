"""Which profiles are as the graph would have them today, which are not, and why.

Today's request of every node is made anew, without sending it. A profile is fresh where it answers just that
request and reads none that is stale itself; else the parts of the two requests say what became different.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal

from pydantic import BaseModel, ConfigDict

from llm_profiles.calls.ledger import Entry, Ledger
from llm_profiles.calls.request import Request
from llm_profiles.contract import KINDS, Kind
from llm_profiles.neighbourhood import Neighbourhood
from llm_profiles.prompts.requests import RequestMaker
from llm_profiles.stages import contexts_of

State = Literal["fresh", "stale", "missing", "dead", "submitted"]
"""As it should be; with a profile of another request; without one; given up; in a batch file that was handed out."""

NODES = 500
"""Nodes that are compared at once."""

_CHANGED = {
    "facts": "its facts changed",
    "texts": "its own texts changed",
    "reviews": "its reviews changed",
    "items": "the items that it is linked with changed",
    "sampling": "the model is asked in another way (temperature, length, form of the answer)",
    "generation": "everything was asked to be written again",
}


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a node is in its state, as a sentence in which `{node}` stands for another node."""

    words: str
    node: str = "another node"

    def __str__(self) -> str:
        return self.words.replace("{node}", self.node)


@dataclass(frozen=True, slots=True)
class NodeState:
    """The state of one node's profile.

    Attributes:
        node: its key.
        kind: what it is.
        state: fresh, stale …
        why: none where it is fresh.
    """

    node: str
    kind: Kind
    state: State
    why: tuple[Reason, ...] = ()


class Example(BaseModel):
    """A node that is not fresh, and why."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    node: str
    state: State
    why: tuple[str, ...]


class KindStatus(BaseModel):
    """The profiles of one kind of node.

    Attributes:
        states: how many nodes are in each.
        reasons: how many nodes have each reason, the most frequent first; other nodes are not named.
        examples: the first nodes of each state other than fresh.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    states: dict[State, int]
    reasons: dict[str, int]
    examples: tuple[Example, ...]


def status(
    neighbourhood: Neighbourhood,
    requests: RequestMaker,
    ledger: Ledger,
    keys: Mapping[Kind, Sequence[str]] | None = None,
    *,
    examples: int = 5,
) -> dict[Kind, KindStatus]:
    """Count the states of all nodes, and name the first few that are not fresh.

    Args:
        neighbourhood: reads the graph as it is now.
        requests: makes today's requests.
        ledger: of the profile set.
        keys: of the nodes; all by default.
        examples: the most nodes that are named, of each state.
    """
    found = {kind: _Counts(examples) for kind in KINDS}
    for state in states(neighbourhood, requests, ledger, keys):
        found[state.kind].add(state)
    return {kind: counts.told() for kind, counts in found.items()}


def states(
    neighbourhood: Neighbourhood,
    requests: RequestMaker,
    ledger: Ledger,
    keys: Mapping[Kind, Sequence[str]] | None = None,
) -> Iterator[NodeState]:
    """Give the states of nodes as they are found, bottom-up as they are written.

    Args:
        neighbourhood: reads the graph as it is now.
        requests: makes today's requests.
        ledger: of the profile set.
        keys: of the nodes; all by default. What they read must be among them to be known as stale.
    """
    wanted = neighbourhood.keys() if keys is None else keys
    outdated: set[str] = set()
    for kind in (kind for kind in KINDS if kind in wanted):
        contexts = contexts_of(neighbourhood, kind, wanted[kind], ledger.texts)
        while made := [requests.of(context) for context in islice(contexts, NODES)]:
            yield from _judged(made, ledger, outdated)


def state_of(
    neighbourhood: Neighbourhood, requests: RequestMaker, ledger: Ledger, kind: Kind, key: str
) -> tuple[Request, NodeState]:
    """Give today's request of one node, and its state."""
    request = next(map(requests.of, contexts_of(neighbourhood, kind, [key], ledger.texts)))
    wanted: dict[Kind, list[str]] = {kind: [key]}
    for near, entry in ledger.current(list(request.reads)).items():
        wanted.setdefault(entry.kind, []).append(near)
    return request, next(found for found in states(neighbourhood, requests, ledger, wanted) if found.node == key)


def _judged(requests: Sequence[Request], ledger: Ledger, outdated: set[str]) -> Iterator[NodeState]:
    """Judge nodes; those whose profile is not today's are added to `outdated`."""
    current = ledger.current([request.node for request in requests])
    calls = ledger.calls([request.key for request in requests])
    for request in requests:
        profile = current.get(request.node)
        state, why = _state(request, profile, calls.get(request.key), outdated)
        if profile and state != "fresh":
            outdated.add(request.node)
        yield NodeState(request.node, request.kind, state, why)


def _state(
    request: Request, profile: Entry | None, call: Entry | None, outdated: set[str]
) -> tuple[State, tuple[Reason, ...]]:
    """Judge one node by its profile and by what became of today's request."""
    if profile and profile.key == request.key:
        old = [near for near in sorted(request.reads) if near in outdated]
        return "stale" if old else "fresh", tuple(Reason("reads the profile of {node}, which is stale", n) for n in old)
    if call and call.status == "dead":
        return "dead", (Reason(call.error),)
    if call and call.status == "submitted":
        return "submitted", (Reason(f"is in the batch file {call.batch}"),)
    if profile:
        return "stale", _differences(profile, request)
    return "missing", _unanswered(call)


def _unanswered(call: Entry | None) -> tuple[Reason, ...]:
    if call is None:
        return ()
    if call.status == "done":
        return (Reason("another node asked just the same: the answer is there and costs nothing"),)
    return (Reason("its batch file ran out of time"),)


def _differences(profile: Entry, request: Request) -> tuple[Reason, ...]:
    """Say what is different between the request that a profile answers and today's."""
    parts = [part for part in request.parts if request.parts[part] != profile.parts.get(part)]
    found = [_part(part, profile, request) for part in parts] + _other_reads(profile.reads, request.reads)
    return tuple(found) or (Reason("it was asked for in other words"),)


def _part(part: str, profile: Entry, request: Request) -> Reason:
    if part == "model":
        return Reason("another model")
    if part == "prompt":
        before, now = profile.prompt.partition("@")[0], request.prompt.partition("@")[0]
        if before != now:
            return Reason(f"the prompt {before} became {now}")
        return Reason(f"the words of the prompt {now} or of its domain changed")
    return Reason(_CHANGED.get(part, f"its {part} changed"))


def _other_reads(before: Mapping[str, str], now: Mapping[str, str]) -> list[Reason]:
    rewritten = [near for near in sorted(now) if near in before and before[near] != now[near]]
    found = [Reason("the profile of {node}, which it reads, was written again", near) for near in rewritten]
    found += [Reason("now reads the profile of {node}", near) for near in sorted(now.keys() - before.keys())]
    return found + [Reason("no longer reads the profile of {node}", n) for n in sorted(before.keys() - now.keys())]


class _Counts:
    """Counts the states of one kind, and keeps the first examples."""

    def __init__(self, examples: int) -> None:
        self._states: Counter[State] = Counter()
        self._reasons: Counter[str] = Counter()
        self._examples: list[Example] = []
        self._most = examples

    def add(self, found: NodeState) -> None:
        self._states[found.state] += 1
        self._reasons.update({str(Reason(reason.words)) for reason in found.why})
        if found.state != "fresh" and self._states[found.state] <= self._most:
            self._examples.append(Example(node=found.node, state=found.state, why=tuple(map(str, found.why))))

    def told(self) -> KindStatus:
        states: dict[State, int] = dict(sorted(self._states.items()))
        return KindStatus(states=states, reasons=dict(self._reasons.most_common(20)), examples=tuple(self._examples))
