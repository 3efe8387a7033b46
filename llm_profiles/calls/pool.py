"""A bounded number of threads over tasks that are made as they are needed, results as they come (llm.md §2.8)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from queue import SimpleQueue
from types import TracebackType
from typing import Generic, Self, TypeVar

from spikegraph.logs import get_logger

log = get_logger(__name__)

Task = TypeVar("Task")
Result = TypeVar("Result")


class StoppedError(Exception):
    """Raised by a task that would begin something new while everything stops; it gives no result."""


class Pool(Generic[Task, Result]):
    """Does tasks in threads.

    When an error is met, or the block is left by one (Ctrl-C is one), nothing new begins, and what is in flight
    ends: a model's answer that is under way is paid for and has to be booked.
    """

    def __init__(self, do: Callable[[Task], Result], workers: int, stop: threading.Event) -> None:
        """Choose what is done.

        Args:
            do: does one task, in a thread.
            workers: how many tasks at once; as many again wait, so that no worker does.
            stop: is set when nothing new may begin; waits in `do` should end with it.
        """
        self.error: BaseException | None = None
        self._do, self._workers, self._stop = do, workers, stop
        self._tasks: SimpleQueue[Task | None] = SimpleQueue()
        self._results: SimpleQueue[Result | BaseException] = SimpleQueue()
        self._open = 0
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _: type[BaseException] | None, error: BaseException | None, __: TracebackType | None) -> None:
        if error is not None:
            self._stop.set()
        for _thread in self._threads:
            self._tasks.put(None)
        if isinstance(error, KeyboardInterrupt) and self._threads:
            log.warning("calls in flight are waited for, so that what they cost is kept; Ctrl-C again leaves at once")
        for thread in self._threads:
            thread.join()

    def submit(self, task: Task) -> list[Result]:
        """Hand over a task, and give the results that are there; waits while enough tasks are handed over."""
        ready = [self._next()] if self._open >= 2 * self._workers else []
        while not self._results.empty():
            ready.append(self._next())
        if self.error is None:
            self._open += 1
            self._tasks.put(task)
            if len(self._threads) < min(self._workers, self._open):
                self._begin_thread()
        return [result for found in ready for result in found]

    def finish(self) -> Iterator[Result]:
        """Give the results of all tasks that are in flight.

        Raises:
            BaseException: the first error of a task, after all results.
        """
        while self._open:
            yield from self._next()
        if self.error is not None:
            raise self.error

    def _begin_thread(self) -> None:
        # Daemons, so that a second Ctrl-C is not held up by a server that is slow to answer.
        thread = threading.Thread(target=self._work, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _next(self) -> list[Result]:
        result = self._results.get()
        self._open -= 1
        if not isinstance(result, BaseException):
            return [result]
        if self.error is None and not isinstance(result, StoppedError):
            self.error = result
        return []

    def _work(self) -> None:
        while (task := self._tasks.get()) is not None:
            try:
                if self._stop.is_set():
                    raise StoppedError
                result: Result | BaseException = self._do(task)
            except BaseException as error:
                if not isinstance(error, StoppedError):
                    self._stop.set()
                result = error
            self._results.put(result)
