"""What writing profiles would take, before anything is sent: tokens, money and time, for three ways of asking."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict

from llm_profiles.calls.ledger import Ledger
from llm_profiles.contract import KINDS, WORD_CAPS, Context, Kind
from llm_profiles.neighbourhood import Neighbourhood
from llm_profiles.prompts.requests import RequestMaker
from llm_profiles.stages import read_by, with_profiles
from spikegraph.settings import LlmSettings

if TYPE_CHECKING:
    from llm_profiles.chat.model import Chat

Way = Literal["chain", "batch", "agent"]

ERROR = 0.25
"""Tokens are counted by characters: providers count up to so much more or less of the same text."""

TOKENS_A_WORD = 4 / 3
SHARE_OF_CAP = 0.8
"""Models stop short of the words that they may write."""

AGENT_CALLS = 4
AGENT_INPUT = 4807 / 1413
"""Three rounds of tools beside one prefetched prompt: each call sends again what was said before (llm.md §1)."""

AGENT_OUTPUT_TOKENS = 90
"""What three tool calls add to the answer."""

HOSTED_TOKENS_A_SECOND = 60.0
"""Of one answer while it is written: a middling figure, for models differ by ten times."""

LOCAL_TOKENS_A_SECOND = 20.0
"""Of all answers together, SmolLM2 on two cores (llm.md §5.4)."""

_PAGE = 5000


class Part(BaseModel):
    """A part of an estimate."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Stage(Part):
    """One kind of nodes, as one call a node.

    Attributes:
        kind: of the nodes.
        nodes: how many were chosen.
        written: those whose profile the ledger holds already: they cost nothing.
        sampled: nodes whose prompts were rendered and counted; the others are taken to be like them.
        tokens_in: of all calls that are left, prompts not found in a cache.
        tokens_out: the same.
    """

    kind: Kind
    nodes: int
    written: int
    sampled: int
    tokens_in: int
    tokens_out: int


class WayCost(Part):
    """A way of asking for all that is left.

    Attributes:
        way: `chain` (one call a node), `batch` (the same in batch files) or `agent` (tools, about four calls a node).
        calls: how many.
        tokens_in: sent.
        tokens_out: written.
        cost: US dollars; None where no price is known.
        seconds: at the settings' concurrency; None for batch files, which come back within a day.
    """

    way: Way
    calls: int
    tokens_in: int
    tokens_out: int
    cost: float | None
    seconds: float | None


class Estimate(Part):
    """What writing would take.

    Attributes:
        model: as asked for.
        address: who would read the texts.
        stages: by kind.
        ways: the three ways, side by side.
        prices: the day of the price, or None.
        error: the share by which tokens, and so the cost, may be off either way.
    """

    model: str
    address: str
    stages: tuple[Stage, ...]
    ways: tuple[WayCost, ...]
    prices: str | None
    error: float = ERROR


def estimate(
    neighbourhood: Neighbourhood,
    keys: Mapping[Kind, Sequence[str]],
    requests: RequestMaker,
    ledger: Ledger,
    chat: Chat,
    settings: LlmSettings,
    *,
    sample: int = 50,
) -> Estimate:
    """Estimate what is left to write; nothing is sent and nothing is kept.

    Prompts of a sample are read and rendered as they would be sent; where they would hold profiles that are not
    written yet, words of the usual number stand in. Retries come on top.

    Args:
        neighbourhood: reads the contexts.
        keys: the chosen nodes by kind.
        requests: renders the prompts.
        ledger: what is written already.
        chat: who would be asked.
        settings: concurrency.
        sample: nodes of each kind that are rendered.
    """
    chosen = (kind for kind in KINDS if kind in keys)
    stages = tuple(_stage(neighbourhood, kind, keys[kind], requests, ledger, sample) for kind in chosen)
    ways = tuple(_way(way, stages, chat, settings) for way in ("chain", "batch", "agent"))
    read = chat.prices.read or None if chat.prices else None
    return Estimate(model=chat.asked, address=chat.address, stages=stages, ways=ways, prices=read)


def _stage(
    neighbourhood: Neighbourhood, kind: Kind, keys: Sequence[str], requests: RequestMaker, ledger: Ledger, sample: int
) -> Stage:
    left = _unwritten(ledger, keys)
    chosen = left if len(left) <= sample else [left[place * len(left) // sample] for place in range(sample)]
    counts = [_tokens(requests, context) for context in _contexts(neighbourhood, kind, chosen, ledger)]
    mean = sum(counts) / len(counts) if counts else 0.0
    answer = _answer_tokens(kind, ledger)
    return Stage(
        kind=kind,
        nodes=len(keys),
        written=len(keys) - len(left),
        sampled=len(counts),
        tokens_in=round(mean * len(left)),
        tokens_out=round(answer * len(left)),
    )


def _unwritten(ledger: Ledger, keys: Sequence[str]) -> list[str]:
    left: list[str] = []
    for start in range(0, len(keys), _PAGE):
        page = keys[start : start + _PAGE]
        written = ledger.current(page)
        left += [key for key in page if key not in written]
    return left


def _contexts(neighbourhood: Neighbourhood, kind: Kind, keys: Sequence[str], ledger: Ledger) -> Iterator[Context]:
    """Give contexts as they would be by then: with the profiles of the kinds below, or words in their place."""
    profiles = neighbourhood.plan.users.item_profiles
    filler = " ".join(["words"] * round(WORD_CAPS["item"] * SHARE_OF_CAP))
    for contexts in neighbourhood.contexts(kind, keys):
        for context in contexts:
            near = [neighbour.key for neighbour in read_by(context, profiles)]
            texts = dict.fromkeys(near, filler) | {key: entry.text for key, entry in ledger.current(near).items()}
            yield with_profiles(context, texts, profiles)


def _tokens(requests: RequestMaker, context: Context) -> int:
    from langchain_core.messages import HumanMessage, SystemMessage
    from langchain_core.messages.utils import count_tokens_approximately

    request = requests.of(context)
    return count_tokens_approximately([SystemMessage(request.system), HumanMessage(request.user)])


def _answer_tokens(kind: Kind, ledger: Ledger) -> float:
    """Give the tokens of an answer: as the answers so far had them, else by the words that may be written."""
    totals = ledger.totals(kind)
    answered = totals.outcomes.get("ok", 0)
    return totals.tokens_out / answered if answered else WORD_CAPS[kind] * SHARE_OF_CAP * TOKENS_A_WORD


def _way(way: Way, stages: Sequence[Stage], chat: Chat, settings: LlmSettings) -> WayCost:
    nodes = sum(stage.nodes - stage.written for stage in stages)
    calls = nodes * (AGENT_CALLS if way == "agent" else 1)
    tokens_in = sum(stage.tokens_in for stage in stages)
    tokens_out = sum(stage.tokens_out for stage in stages)
    if way == "agent":
        tokens_in, tokens_out = round(tokens_in * AGENT_INPUT), tokens_out + nodes * AGENT_OUTPUT_TOKENS
    cost = chat.prices.cost(tokens_in, tokens_out, batch=way == "batch") if chat.prices else None
    seconds = None if way == "batch" else _seconds(calls, tokens_out, chat, settings)
    return WayCost(way=way, calls=calls, tokens_in=tokens_in, tokens_out=tokens_out, cost=cost, seconds=seconds)


def _seconds(calls: int, tokens_out: int, chat: Chat, settings: LlmSettings) -> float:
    if chat.asked.startswith("local:"):
        return tokens_out / LOCAL_TOKENS_A_SECOND
    return tokens_out / HOSTED_TOKENS_A_SECOND / max(1, min(calls, settings.concurrency))
