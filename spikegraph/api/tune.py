"""Searching for a model's options. Torch and optuna are imported by `tune` only."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from spikegraph.errors import UsageError
from spikegraph.settings import Settings

if TYPE_CHECKING:
    from model.tune.identity import SearchReport

DEFAULT_TRIALS = 20


def tune(
    settings: Settings,
    snapshot: Path,
    folder: Path,
    *,
    models: Sequence[str] = ("spike",),
    preset: str | None = None,
    trials: int | None = None,
    minutes: float | None = None,
    space: Path | None = None,
    seed: int = 0,
    device: str = "auto",
    workers: int | None = None,
    ray: str | None = None,
) -> list[SearchReport]:
    """Search for the options with the best validation recall@20; the test part is not read.

    Every model is given the same budget. Nothing begins before all of it was checked.

    Args:
        settings: `model.*` and `train.*` are fixed in every trial.
        snapshot: the snapshot's folder.
        folder: where the search stands; of several models each has a folder of its name in it. A search that
            is there already goes on.
        models: their names.
        preset: what trial 0 is; the models' recommended ones by default.
        trials: finished trials of each model; 20 where no minutes are given either.
        minutes: of finished trials of each model.
        space: a TOML file with what is tried, of one model; the model's own by default.
        seed: of the suggestions and of every training.
        device: 'auto', 'cpu' or 'cuda'.
        workers: trials at once, by Ray; without `ray` in processes of this machine.
        ray: address of a cluster of Ray, whose machines see `folder` under the same path.

    Returns:
        a report a model, in their order.

    Raises:
        UsageError: unknown names, options or values, or a folder that holds something else.
        KeyboardInterrupt: passed on; the same call goes on.
    """
    from export.snapshot import load_snapshot
    from model.tune.identity import Budget
    from model.tune.prepare import prepare
    from model.tune.space_file import read_space

    if len(set(models)) < len(models) or not models:
        raise UsageError("each model is named once", where="model", hint="--model ease --model spike")
    if space is not None and len(models) > 1:
        raise UsageError("a space is of one model", where="space", hint="tune one model at a time")
    budget = Budget(DEFAULT_TRIALS if trials is None and minutes is None else trials, minutes)
    place = folder if workers is None and ray is None else folder.resolve()  # workers have folders of their own
    tried, opened = read_space(space) if space else None, load_snapshot(snapshot)
    searches = [
        prepare(
            opened,
            place / model if len(models) > 1 else place,
            model=model,
            preset=preset,
            settings={"model": settings.model, "train": settings.train},
            space=tried,
            seed=seed,
            device=device,
            where=str(space or "space"),
        )
        for model in models
    ]
    if workers is None and ray is None:
        return [search.run(budget) for search in searches]
    from model.distributed.ray_pool import ray_pool
    from model.tune.ray_workers import RayWorkers

    with ray_pool(workers, ray) as pool:
        return [search.run(budget, RayWorkers(pool)) for search in searches]
