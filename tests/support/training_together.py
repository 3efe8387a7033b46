"""What the processes of a group do in tests: python -m tests.support.training_together FOLDER TASK…

Every task is done by two processes, forked here with the environment that torchrun would give them (so that torch
is loaded once); their exit codes go to stdout.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pyarrow.parquet  # noqa: F401  # here once, not in every process that is forked
import torch
import torch._dynamo

from model import fit
from model.distributed.group import group_on
from model.distributed.ranking import lists_together, rank_together
from model.evaluate import evaluate
from model.interactions import Interactions
from model.ranking import rank_per_user
from model.train import train
from model.types import Embeddings
from tests.support.snapshots import random_snapshot

PLAIN: dict[str, Any] = {
    "dimensions": 8,
    "profile_dimensions": 6,
    "graph_dropout": 0,
    "message_dropout": 0,
    "profile_dropout": 0,
}
MODELS: dict[str, tuple[str, dict[str, Any]]] = {
    "spike": ("spike", PLAIN),
    "spike-dropout": ("spike", {"dimensions": 8, "profile_dimensions": 6}),
    "softmax": ("spike", {**PLAIN, "objective": "softmax", "users_send_messages": True}),
    "lightgcn": ("lightgcn", {"dimensions": 8}),
    "ease": ("ease", {}),
}
TRAINING = {"epochs": 4, "evaluate_every": 2, "batch_size": 45}
"""The last batch of an epoch (180 pairs, 205 in the refit) is a small or uneven one."""


def train_all(folder: Path) -> None:
    """Train every model, then refit it and read test."""
    for name, (model, options) in MODELS.items():
        run(folder / name, model, options)
        evaluate(folder / name, random_snapshot(), final=True, device="cpu")


def run(folder: Path, model: str, options: dict[str, Any], *, resume: bool = False) -> None:
    """Train one model."""
    settings = {"model_config": options, "train_config": TRAINING, "device": "cpu", "resume": resume}
    train(random_snapshot(), folder, model=model, **settings)


def rank(folder: Path) -> None:
    """Compare shared evaluation with that of one process."""
    generator = torch.Generator().manual_seed(3)
    embeddings = Embeddings(*(torch.randn(rows, 16, generator=generator) for rows in (501, 300)))
    pairs = torch.randint(0, 300, (2, 4000), generator=generator)
    seen, relevant = (Interactions.from_pairs(part[0], part[1], 501, 300) for part in pairs.split(2000, dim=1))
    with group_on(torch.device("cpu")) as group:
        together = rank_together(group, embeddings, seen, relevant)
        assert together.equals(rank_per_user(embeddings, seen, relevant))
        lists = lists_together(group, embeddings, seen, relevant)
        assert lists.users.tolist() == together["user"].tolist()
        counts = group.gather(int(group.users_of(relevant).user_degrees.count_nonzero()))
    assert sum(counts) == len(together)
    assert max(counts) - min(counts) <= 1
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"ranked-{group.rank}").write_text(str(counts))


def die(folder: Path, name: str = "cut") -> None:
    """Let the second process be killed in the second epoch; the first one must not wait for ever."""
    if os.environ.get("RANK") == "1":
        original, steps = fit.Group.add_gradients, []

        def killed(*arguments: Any) -> None:
            steps.append(1)
            if len(steps) == 6:
                os.kill(os.getpid(), signal.SIGKILL)
            original(*arguments)

        fit.Group.add_gradients = killed  # type: ignore[method-assign]
    run(folder / name, *MODELS["spike"])


def resume(folder: Path) -> None:
    """Go on with the run that was cut, together."""
    run(folder / "cut", *MODELS["spike"], resume=True)


def fail(folder: Path) -> None:
    """The first process cannot write: all of them say so."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    fit.save_state = full
    run(folder / "full", *MODELS["lightgcn"])


def sample(folder: Path) -> None:
    """Train on surroundings, which each process draws for its own share: the weights must stay the same in all."""
    options = {"dimensions": 8, "profile_dimensions": 6, "neighbours": [1, 1]}
    added = fit.Group.add_gradients
    sums: list[float] = []

    def noted(group: fit.Group, parameters: Iterable[torch.nn.Parameter]) -> None:
        held = list(parameters)
        sums.append(sum(float(parameter.detach().double().sum()) for parameter in held))
        added(group, held)

    fit.Group.add_gradients = noted  # type: ignore[method-assign]
    run(folder / "sampled", "spike", options)
    with group_on(torch.device("cpu")) as group:
        everywhere = group.gather(sums)
    assert len(sums) > 10
    assert everywhere[0] == everywhere[1]


TASKS: dict[str, Callable[[Path], None]] = {
    "train": train_all,
    "rank": rank,
    "die": die,
    "die_again": lambda folder: die(folder, "again"),
    "resume": resume,
    "fail": fail,
    "sample": sample,
}


def member(task: str, folder: Path, rank: int, port: int) -> int:
    """Start one of two processes and give its id."""
    child = os.fork()
    if child:
        return child
    place = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": 2, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    os.environ |= {name: str(value) for name, value in place.items()} | {"TORCHELASTIC_RUN_ID": task}
    code = 1
    try:
        TASKS[task](folder)
        code = 0
    except Exception:
        traceback.print_exc()
    finally:
        os._exit(code)


def free_port() -> int:
    """Find a port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def main() -> None:
    """Do the tasks one after another."""
    folder, tasks = Path(sys.argv[1]), sys.argv[2:]
    codes = {}
    for task in tasks:
        port = free_port()
        children = [member(task, folder, rank, port) for rank in range(2)]
        codes[task] = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    sys.stdout.write(json.dumps(codes) + "\n")


if __name__ == "__main__":
    main()
