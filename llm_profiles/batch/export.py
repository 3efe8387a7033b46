"""Handing requests out as batch files.

A file is there before its requests count as submitted, and its name is a hash of them: after an interruption the same
call writes the same files again, and nothing is in two of them.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from llm_profiles.batch.lines import MAX_BYTES, MAX_REQUESTS, request_line
from llm_profiles.calls.check import RESPONSE_FORMAT
from llm_profiles.calls.ledger import Entry, Ledger
from llm_profiles.calls.request import Request, Sampling
from llm_profiles.terms import Refresh
from spikegraph.errors import UsageError

LOOKED_UP = 500
"""Requests that are looked up in the ledger at once."""


class ExportReport(BaseModel):
    """What was handed out.

    Attributes:
        files: the batch files, in the order in which they were written.
        requests: how many stand in them.
        left_out: why other requests do not: `answered` before, `kept` (the node has a profile), `submitted` in a file
            before, `dead`, `repeated` (another node asks just the same).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    files: tuple[Path, ...]
    requests: int
    left_out: dict[str, int]


def export(
    requests: Iterable[Request],
    model: str,
    sampling: Sampling,
    ledger: Ledger,
    folder: Path,
    *,
    refresh: Refresh = "missing",
    json_schema: bool = True,
    max_requests: int = MAX_REQUESTS,
    max_bytes: int = MAX_BYTES,
) -> ExportReport:
    """Write requests that are still to be answered into batch files, and note them as submitted.

    Args:
        requests: taken as they are needed; a kind of node at a time, for entities and users read profiles.
        model: as it was asked for (`openai:gpt-4o-mini`), or as the server names it.
        sampling: how answers are drawn.
        ledger: of the profile set.
        folder: where the files go; made where it is not there.
        refresh: which nodes are asked for, as for a run that sends requests itself.
        json_schema: whether the server takes `response_format` with a JSON schema.
        max_requests: the most requests of a file.
        max_bytes: the most bytes of a file.

    Raises:
        UsageError: a single request has more than `max_bytes`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    served = model.partition(":")[2] or model
    left_out: Counter[str] = Counter()
    schema = RESPONSE_FORMAT if json_schema and sampling.answers == "json" else None
    due = _due(requests, ledger, refresh, left_out)
    lines = ((_light(request), request_line(request, served, sampling, schema)) for request in due)
    files: list[Path] = []
    count = 0
    for batch in _batches(lines, folder, max_requests, max_bytes):
        ledger.submitted(batch.requests, batch.path.stem)
        files.append(batch.path)
        count += len(batch.requests)
    return ExportReport(files=tuple(files), requests=count, left_out=dict(sorted(left_out.items())))


class _Batch:
    """A batch file that is being written, or whole."""

    def __init__(self, folder: Path) -> None:
        self.requests: list[Request] = []
        self.bytes = 0
        self.path = folder / "batch.jsonl.part"
        self._names = hashlib.sha256()

    def add(self, request: Request, size: int) -> None:
        """Note a request."""
        self.requests.append(request)
        self.bytes += size
        self._names.update(request.key.encode())

    def named(self) -> None:
        """Give the file its name, now that it is whole."""
        self.path = self.path.replace(self.path.with_name(f"batch-{self._names.hexdigest()[:12]}.jsonl"))


def _batches(
    lines: Iterator[tuple[Request, bytes]], folder: Path, max_requests: int, max_bytes: int
) -> Iterator[_Batch]:
    """Fill files one after the other."""
    pending = next(lines, None)
    while pending:
        batch = _Batch(folder)
        with _durable(batch.path) as write:
            while pending and len(batch.requests) < max_requests and batch.bytes + len(pending[1]) <= max_bytes:
                write(pending[1])
                batch.add(pending[0], len(pending[1]))
                pending = next(lines, None)
        if not batch.requests:
            raise UsageError("a request has more bytes than a file may have", where=pending[0].node if pending else "")
        batch.named()
        yield batch


@contextmanager
def _durable(path: Path) -> Iterator[Callable[[bytes], int]]:
    with path.open("wb") as handle:
        yield handle.write
        handle.flush()
        os.fsync(handle.fileno())


def _due(requests: Iterable[Request], ledger: Ledger, refresh: Refresh, left_out: Counter[str]) -> Iterator[Request]:
    """Give the requests that are to be answered; the others are counted by why they are not."""
    stream, seen = iter(requests), set[str]()
    while part := list(islice(stream, LOOKED_UP)):
        calls = ledger.calls([request.key for request in part])
        current = ledger.current([request.node for request in part])
        for request in part:
            call, profile = calls.get(request.key), current.get(request.node)
            why = "repeated" if request.key in seen else _left_out(call, profile, refresh)
            if why == "answered" and (profile is None or profile.key != request.key):
                ledger.keep(request.node, request.kind, request.key)
            seen.add(request.key)
            if why:
                left_out[why] += 1
            else:
                yield request


def _left_out(call: Entry | None, profile: Entry | None, refresh: Refresh) -> str:
    """Say why a request is not to be answered; empty where it is."""
    if profile and refresh in ("missing", "failed"):
        return "kept"
    if call is None or call.status == "expired":
        return ""
    if call.status == "done":
        return "answered"
    return "" if call.status == "dead" and refresh in ("failed", "all") else call.status


def _light(request: Request) -> Request:
    """Give a request without its messages: the ledger keeps none, and a file's requests stay in memory."""
    return replace(request, system="", user="")
