"""One process that trains a few steps and tells its memory: `python -m benchmarks.memory_of_training OPTIONS`.

It does what `spikegraph train` does in its first epoch (fewer steps, each needs the same): open the
snapshot, build, forecast, step, save the state, read validation.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import psutil
import torch

from export.snapshot import load_snapshot
from model.device import generator_of
from model.interactions import Interactions
from model.ranking import mean_metrics, rank_per_user
from model.recommender import Size, TrainedRecommender
from model.registry import build, configure, model_class
from model.runs.checkpoint import Progress, save_state

CPU = torch.device("cpu")


def main(options: Mapping[str, Any]) -> dict[str, float]:
    """Train as the options say.

    Args:
        options: `snapshot` (folder), `model`, `preset`, `model_options`, `batch_size`, and `steps` (None: an epoch).

    Returns:
        bytes `before` (imports done), `forecast` and `peak`; `steps`, their processor `seconds`, those of the reading.
    """
    torch.set_num_threads(1)
    before = psutil.Process().memory_info().rss
    snapshot = load_snapshot(Path(options["snapshot"]), verify=False)
    training = {"batch_size": options["batch_size"]}
    _, config, train = configure(options["model"], options["preset"], options["model_options"], training)
    seen, held_out = (Interactions.from_snapshot(snapshot, [split]) for split in ("train", "valid"))
    size = Size.of(snapshot, len(seen), train.batch_size_for(len(seen)))
    forecast = model_class(options["model"]).forecast_bytes(config, size)
    model = build(options["model"], config, snapshot, seen, 0, CPU)
    assert isinstance(model, TrainedRecommender)
    started = time.process_time()
    steps = _steps(model, seen, train.learning_rate, options["batch_size"], options["steps"])
    trained = time.process_time()
    values = rank_per_user(model.encode(), seen, held_out)
    found = {"recall@20": mean_metrics(values)["recall@20"]}
    seconds = {"seconds": trained - started, "reading_seconds": time.process_time() - trained}
    return {"before": before, "forecast": forecast, "peak": peak_bytes(), "steps": steps, **seconds, **found}


def _steps(model: TrainedRecommender[Any], seen: Interactions, rate: float, batch_size: int, most: int | None) -> int:
    draws = generator_of(0, "training", CPU)
    optimiser = torch.optim.Adam(model.parameters(), lr=rate, fused=True)
    steps = 0
    for batch in islice(model.sampler(seen).epoch(batch_size, draws), most):
        optimiser.zero_grad(set_to_none=True)
        torch.stack(list(model.loss(batch, draws).values())).sum().backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        steps += 1
    with tempfile.TemporaryDirectory() as folder:
        save_state(Path(folder) / "state.safetensors", model, optimiser, draws, Progress())
    return steps


def peak_bytes() -> int:
    """Give the most memory that this process held at once; files that it mapped count where it read them."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    kib = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))
    return 1024 * int(kib)


if __name__ == "__main__":
    print(json.dumps(main(json.loads(sys.argv[1]))))
