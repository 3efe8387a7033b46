"""Reading the answers of batch files into the ledger: in any order, in part, broken, or a second time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from llm_profiles.batch.lines import Answered, BrokenLineError, Failed, read_line
from llm_profiles.batch.prompts import Prompts
from llm_profiles.calls.check import Check, Verdict
from llm_profiles.calls.ledger import Attempt, Entry, Ledger, Status
from llm_profiles.calls.request import Request
from llm_profiles.chat.prices import Price
from spikegraph.errors import DataError

PROBLEMS = 10
"""The most problems that are told one by one."""


class BatchReport(BaseModel):
    """What was read.

    Attributes:
        done: answers that became profiles; `repaired` of them from broken JSON.
        dead: answers that cannot be used, and requests that the server refused for good.
        expired: requests that were not answered and may be another time.
        again: lines that were read before.
        unknown: lines of requests that the ledger does not know.
        broken: lines that are no answer.
        waiting: requests of batch files that are still without an answer.
        tokens_in: of the answers read now.
        tokens_out: the same.
        cost: the same, at the price of batch files; None where no price is known.
        problems: the first broken, unknown, dead and expired lines, with their place and reason.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    done: int
    repaired: int
    dead: int
    expired: int
    again: int
    unknown: int
    broken: int
    waiting: int
    tokens_in: int
    tokens_out: int
    cost: float | None
    problems: tuple[str, ...]


def importing(
    paths: Sequence[Path], ledger: Ledger, check: Check, price: Price | None = None, *, handed_out: Path | None = None
) -> BatchReport:
    """Read output and error files; each answer is in the ledger before the next is read.

    Args:
        paths: in any order; files of several batches, error files, parts of files.
        ledger: of the profile set.
        check: judges answers, as it does those of a server.
        price: of the model; batch files cost a part of it.
        handed_out: the folder of the batch files that were handed out; without it no answer can be compared with
            what was asked, and copies of the prompt pass.

    Raises:
        DataError: a file cannot be read, or holds no line of a batch at all.
    """
    reader = _Reader(ledger, check, price, Prompts(handed_out))
    for path in paths:
        before = reader.counts["broken"]
        lines = 0
        for where, line in _lines(path):
            lines += 1
            reader.read(line, where)
        if lines == reader.counts["broken"] - before:
            hint = "name the output or error file of a batch, as the server gave it"
            raise DataError("holds no answers", where=str(path), hint=hint)
    return reader.report()


def _lines(path: Path) -> Iterator[tuple[str, bytes]]:
    try:
        with path.open("rb") as handle:
            for number, line in enumerate(handle, start=1):
                bare = line.removeprefix(b"\xef\xbb\xbf").strip()
                if bare:
                    yield f"{path.name}:{number}", bare
    except OSError as error:
        raise DataError(f"cannot be read: {error.strerror}", where=str(path)) from error


class _Reader:
    """Books lines, one by one, and counts what became of them."""

    def __init__(self, ledger: Ledger, check: Check, price: Price | None, prompts: Prompts) -> None:
        self.counts: Counter[str] = Counter()
        self._ledger, self._check, self._price, self._prompts = ledger, check, price, prompts
        self._problems: list[str] = []
        self._cost = 0.0

    def read(self, line: bytes, where: str) -> None:
        """Read one line."""
        try:
            found = read_line(line)
        except BrokenLineError as error:
            self._problem("broken", where, str(error))
            return
        entry = self._ledger.by_custom_id([found.custom_id]).get(found.custom_id)
        if entry is None:
            self._problem("unknown", where, f"'{found.custom_id[:64]}' is no request of this profile set")
        elif entry.status == "done":
            self.counts["again"] += 1
        elif isinstance(found, Failed):
            self._failed(entry, found, where)
        else:
            self._answered(entry, found, where)

    def report(self) -> BatchReport:
        """Give the counts."""
        names = ("done", "repaired", "dead", "expired", "again", "unknown", "broken", "tokens_in", "tokens_out")
        waiting = self._ledger.totals().calls.get("submitted", 0)
        cost = None if self._price is None else self._cost
        counts = {name: self.counts[name] for name in names}
        return BatchReport(**counts, waiting=waiting, cost=cost, problems=tuple(self._problems))

    def _failed(self, entry: Entry, found: Failed, where: str) -> None:
        attempt = Attempt(found.outcome)
        if self._known(entry, attempt):
            return
        status: Status = "expired" if found.transient else "dead"
        self._problem(status, where, f"{entry.node}: {found.message}")
        self._ledger.dead(_request(entry), found.message, attempt, mode="batch", status=status)

    def _answered(self, entry: Entry, found: Answered, where: str) -> None:
        request = _request(entry)
        verdict = self._verdict(entry, found)
        attempt = self._attempt(found, verdict.outcome)
        if self._known(entry, attempt):
            return
        self.counts.update({"tokens_in": found.tokens_in, "tokens_out": found.tokens_out})
        self._cost += attempt.cost or 0.0
        model, reason = found.model, found.finish_reason
        if verdict.text:
            self.counts.update({"done": 1, "repaired": int(verdict.repaired)})
            self._ledger.done(
                request,
                verdict.text,
                attempt,
                model=model,
                finish_reason=reason,
                mode="batch",
                repaired=verdict.repaired,
            )
        else:
            self._problem("dead", where, f"{entry.node}: {verdict.error}")
            self._ledger.dead(request, verdict.error, attempt, model=model, finish_reason=reason, mode="batch")

    def _verdict(self, entry: Entry, found: Answered) -> Verdict:
        prompt = self._prompts.of(entry.batch, found.custom_id)
        reason, refusal = found.finish_reason, found.refusal
        return self._check.of(entry.kind, found.text, finish_reason=reason, refusal=refusal, prompt=prompt)

    def _attempt(self, found: Answered, outcome: str) -> Attempt:
        tokens = (found.tokens_in, found.tokens_out, found.tokens_cached)
        return Attempt(outcome, *tokens, cost=self._price.cost(*tokens, batch=True) if self._price else None)

    def _known(self, entry: Entry, attempt: Attempt) -> bool:
        """Say whether just this line was read before; a request that was submitted again waits for another."""
        if entry.status == "submitted" or attempt not in self._ledger.attempts(entry.key)[-1:]:
            return False
        self.counts["again"] += 1
        return True

    def _problem(self, what: str, where: str, reason: str) -> None:
        self.counts[what] += 1
        if len(self._problems) < PROBLEMS:
            self._problems.append(f"{where}: {reason}")


def _request(entry: Entry) -> Request:
    """Give the request of a call, without the messages: the batch file has them, the ledger does not."""
    return Request(entry.kind, entry.node, "", "", entry.prompt, entry.key, parts=entry.parts, reads=entry.reads)
