"""Trainings and refits that are killed at chosen moments, each in a process of its own.

    python -m tests.support.training_that_dies FOLDER MODEL OPTIONS operations FIRST STEP
    python -m tests.support.training_that_dies FOLDER MODEL OPTIONS moments SEED COUNT

`operations` kills before the file operations FIRST, FIRST + STEP, … of a run (1 1 is every single one), `moments`
at COUNT random times. FOLDER/whole is the run that nobody disturbs; every killed run is FOLDER/at-…, resumed to
its end. Processes are forked from one that has torch loaded, so that a kill costs no start.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet  # noqa: F401  # here once, not in every process that is forked
import torch._dynamo  # noqa: F401

from model.evaluate import evaluate
from model.train import train
from tests.support.snapshots import random_snapshot

TRAINING = {"epochs": 4, "evaluate_every": 1, "patience": 2, "batch_size": 90}
FILE_OPERATIONS = ("open", "os.rename", "os.remove", "os.mkdir", "os.truncate")


def run(folder: Path, model: str, options: dict[str, Any]) -> None:
    """Train, refit and read test; go on where that was interrupted."""
    snapshot = random_snapshot()
    train(snapshot, folder, model=model, model_config=options, train_config=TRAINING, device="cpu", resume=True)
    evaluate(folder, snapshot, final=True, device="cpu")


def forked(action: Callable[[], None]) -> int:
    """Start a process that does something, and give its id."""
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        action()
        code = 0
    finally:
        os._exit(code)


def ended(child: int) -> int:
    """Wait for a process and give its exit code, negative for a signal."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def watch(folder: Path, before: Callable[[], None]) -> None:
    """Call `before` ahead of every file operation in a folder."""

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event in FILE_OPERATIONS and str(arguments[0]).startswith(str(folder)):
            before()

    sys.addaudithook(hook)


def count_operations(folder: Path, log: Path, *work: Any) -> int:
    def action() -> None:
        counted: list[int] = []
        watch(folder, lambda: counted.append(1))
        run(folder, *work)
        log.write_text(str(len(counted)))

    assert ended(forked(action)) == 0
    return int(log.read_text())


def killed_before(number: int, folder: Path, *work: Any) -> None:
    def action() -> None:
        left = [number]

        def before() -> None:
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)

        watch(folder, before)
        run(folder, *work)

    assert ended(forked(action)) == -signal.SIGKILL, number
    assert ended(forked(lambda: run(folder, *work))) == 0, f"cannot be resumed: {number}"


def killed_after(seconds: float, folder: Path, *work: Any) -> bool:
    child = forked(lambda: run(folder, *work))
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    killed = ended(child) == -signal.SIGKILL
    assert ended(forked(lambda: run(folder, *work))) == 0, f"cannot be resumed: {seconds}"
    return killed


def main() -> None:
    """Do what the command line says and print how many runs were killed."""
    root, model, options, kind, *numbers = sys.argv[1:]
    folder, work = Path(root).resolve(), (model, json.loads(options))
    started = time.perf_counter()
    operations = count_operations(folder / "whole", folder / "operations", *work)
    seconds = time.perf_counter() - started
    first, second = (int(number) for number in numbers)
    if kind == "operations":
        chosen = range(first, operations + 1, second)
        for number in chosen:
            killed_before(number, folder / f"at-{number}", *work)
        sys.stdout.write(f"{len(chosen)}\n")
        return
    moments = random.Random(first)
    count = sum(killed_after(moments.uniform(0, seconds), folder / f"at-{n}", *work) for n in range(second))
    sys.stdout.write(f"{count}\n")


if __name__ == "__main__":
    main()
