"""The writer that asks a chat model, once a node: what the ledger has is not asked for again (llm.md §1, §3)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from llm_profiles.calls.ask import Asked, Asker, Repair, Task
from llm_profiles.calls.budget import Budget
from llm_profiles.calls.ledger import Entry, Ledger
from llm_profiles.calls.pool import Pool
from llm_profiles.calls.send import Sender
from llm_profiles.contract import Context, Profile, ProfileWriter
from llm_profiles.terms import Refresh
from spikegraph.logs import get_logger
from spikegraph.settings import LlmSettings

if TYPE_CHECKING:
    from llm_profiles.chat.model import Chat
    from llm_profiles.prompts.requests import RequestMaker

log = get_logger(__name__)

LOOKED_UP = 100
"""Nodes that are looked up in the ledger at once."""

Item = TypeVar("Item")


class ChatWriter:
    """Writes profiles with a chat model, many at once.

    Close the iterator that `write` gives (`contextlib.closing`) where not all of it is taken: that ends calls in
    flight and books them.

    Attributes:
        name: what the profile run says wrote them.
        model: as it was asked for.
        reads_profiles: prompts of entities and users hold profiles of their neighbours.
        counts: nodes so far: `kept` (as the ledger has them), `done`, `dead`, `submitted` (in a batch file, left
            out), `fallback`.
    """

    name = "llm-chain"
    reads_profiles = True

    def __init__(
        self,
        chat: Chat,
        requests: RequestMaker,
        ledger: Ledger,
        budget: Budget,
        settings: LlmSettings,
        *,
        refresh: Refresh = "missing",
        fallback: ProfileWriter | None = None,
        repair: Repair | None = None,
        sender: Sender | None = None,
    ) -> None:
        """Choose who writes what.

        Args:
            chat: the model.
            requests: makes its requests.
            ledger: of the profile set.
            budget: hard limits.
            settings: `concurrency` and `attempts`.
            refresh: `missing` asks for nodes without a profile, `stale` also for those whose request is another one
                today, `failed` for those without a profile, given up ones among them; `all` as `stale`, with
                requests of a new generation.
            fallback: writes for nodes that were given up and have no profile.
            repair: tries what the model did not get right.
            sender: shared with `repair`, so that a rate limit holds both back.
        """
        self.model: str | None = chat.asked
        self.counts: Counter[str] = Counter()
        self._requests, self._ledger, self._settings = requests, ledger, settings
        self._refresh, self._fallback = refresh, fallback
        self.sender = sender or Sender(chat, ledger, budget, settings)
        thin = fallback is not None
        self._asker = Asker(self.sender, requests, ledger, budget, repair=repair, leave_thin=thin)

    def write(self, contexts: Iterable[Context]) -> Generator[Profile, None, None]:
        """Write profiles of nodes of one kind, as they are ready.

        Raises:
            ProviderError: the model cannot be asked.
            LimitReachedError: the budget is spent; what was asked for before is given first.
        """
        desk = _Desk(self._ledger)
        with Pool(self._asker, self._settings.concurrency, self.sender.stop) as pool:
            for task in self._tasks(contexts, desk):
                if isinstance(task, Profile):
                    yield task
                    continue
                yield from self._profiles(pool.submit(task), desk)
                if pool.error:
                    break
            for asked in pool.finish():
                yield from self._profiles([asked], desk)
        self._asker.outage.finish()
        if self.counts["submitted"]:
            log.info("nodes whose requests are in batch files were left out", nodes=self.counts["submitted"])

    def _tasks(self, contexts: Iterable[Context], desk: _Desk) -> Iterator[Task | Profile]:
        """Give what is to be asked for, and the profiles that need no asking."""
        for part in _parts(contexts, LOOKED_UP):
            tasks = [Task(context, self._requests.of(context)) for context in part]
            desk.look_up(tasks)
            for task in tasks:
                yield from self._step(task, desk)

    def _step(self, task: Task, desk: _Desk) -> Iterator[Task | Profile]:
        call, profile = desk.call(task), desk.profile(task)
        if profile and self._refresh in ("missing", "failed"):
            yield self._kept(task, profile)
        elif call and call.status == "done":
            if profile is None or profile.key != call.key:
                self._ledger.keep(task.context.key, task.context.kind, call.key)
            yield self._kept(task, call)
        elif call is None or (self._refresh == "failed" and call.status != "submitted"):
            if desk.is_first(task):
                yield task
        else:
            self.counts["submitted" if call.status == "submitted" else "dead"] += 1
            yield from self._instead(task, profile, submitted=call.status == "submitted")

    def _profiles(self, results: list[Asked], desk: _Desk) -> Iterator[Profile]:
        """Give the profiles of what was asked for, also of other nodes that ask just the same."""
        for asked in results:
            for task, profile in desk.settle(asked):
                self.counts[asked.status] += 1
                if asked.status == "dead":
                    yield from self._instead(task, profile)
                    continue
                if task is not asked.task:
                    self._ledger.keep(task.context.key, task.context.kind, task.request.key)
                yield self._profile(task, asked.text, asked.model)

    def _instead(self, task: Task, profile: Entry | None, *, submitted: bool = False) -> Iterator[Profile]:
        """Give a node without an answer the profile that it had, or the fallback's."""
        if profile:
            yield self._profile(task, profile.text, profile.model)
        elif self._fallback and not submitted:
            self.counts["fallback"] += 1
            yield from self._fallback.write([task.context])

    def _kept(self, task: Task, entry: Entry) -> Profile:
        self.counts["kept"] += 1
        return self._profile(task, entry.text, entry.model)

    def _profile(self, task: Task, text: str, model: str) -> Profile:
        return Profile(task.context.key, task.context.kind, text, self.name, model or self.model)


class _Desk:
    """What the ledger has of the nodes that are looked at, and which requests are on their way."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._calls: dict[str, Entry] = {}
        self._current: dict[str, Entry] = {}
        self._asking: dict[str, list[tuple[Task, Entry | None]]] = {}
        self._settled: set[str] = set()

    def look_up(self, tasks: list[Task]) -> None:
        """Look a part of the nodes up, all at once."""
        self._settled.clear()
        self._calls = self._ledger.calls([task.request.key for task in tasks])
        self._current = self._ledger.current([task.context.key for task in tasks])

    def call(self, task: Task) -> Entry | None:
        """Give the call of a request, if there was one, also one that ended since the part was looked up."""
        key = task.request.key
        return self._ledger.calls([key]).get(key) if key in self._settled else self._calls.get(key)

    def profile(self, task: Task) -> Entry | None:
        """Give the profile that a node has."""
        return self._current.get(task.context.key)

    def is_first(self, task: Task) -> bool:
        """Whether nobody asks for just the same at the moment; otherwise the node waits for that answer."""
        waiting = self._asking.setdefault(task.request.key, [])
        waiting.append((task, self.profile(task)))
        return len(waiting) == 1

    def settle(self, asked: Asked) -> list[tuple[Task, Entry | None]]:
        """Give the nodes that waited for an answer, with the profiles that they had."""
        self._settled.add(asked.task.request.key)
        return self._asking.pop(asked.task.request.key)


def _parts(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    stream = iter(items)
    while part := list(islice(stream, size)):
        yield part
