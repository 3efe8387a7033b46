"""Asking for a search: everything is checked before anything is written or trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from export.snapshot import IntArray, Snapshot, Split
from model.device import find_device
from model.registry import configure
from model.runs.run_folder import snapshot_hash
from model.tune.folder import SearchFolder
from model.tune.identity import SearchIdentity
from model.tune.names import full_names
from model.tune.search import Search
from model.tune.space import Space, check_space
from model.tune.spaces import default_space
from model.tune.trial import Recipe
from spikegraph.errors import UsageError
from spikegraph.logs import get_logger

log = get_logger(__name__)

Settings = Mapping[str, Mapping[str, Any]]
"""Options by section: 'model', 'train'."""


def prepare(
    snapshot: Snapshot,
    folder: Path,
    *,
    model: str = "spike",
    preset: str | None = None,
    settings: Settings | None = None,
    space: Space | None = None,
    seed: int = 0,
    device: str = "auto",
    where: str = "space",
) -> Search:
    """Check everything that a search is asked for; nothing is written or trained yet.

    Args:
        snapshot: its test part is taken away before anything is done with it.
        folder: new, empty, or of this very search, which then goes on.
        model: its name.
        preset: what trial 0 is; None is 'recommended'.
        settings: options that every trial has, on top of the preset.
        space: what is tried; None takes the model's own, without what `settings` fix.
        seed: of the suggestions and of every training.
        device: 'auto', 'cpu' or 'cuda'.
        where: the space's file, for errors.

    Raises:
        UsageError: unknown names or options, values that are not allowed, no validation part, a folder that
            holds something else.
    """
    find_device(device)
    _require_validation(snapshot)
    fixed = {section: dict((settings or {}).get(section, {})) for section in ("model", "train")}
    preset, config, training = configure(model, preset, fixed["model"], fixed["train"])
    own = default_space(model, config, training)
    tried = check_space(_tried(own, space, full_names(fixed), where), config, training, where)
    resolved = {"model": config.model_dump(mode="json"), "train": training.model_dump(mode="json")}
    identity = SearchIdentity(
        snapshot=snapshot_hash(snapshot),
        model=model,
        preset=preset,
        seed=seed,
        fixed=full_names(fixed),
        options=full_names(resolved),
        space={key: parameter.model_dump(mode="json") for key, parameter in tried.items()},
    )
    place = SearchFolder(folder)
    place.check(identity)
    recipe = Recipe(without_test(snapshot), model, preset, fixed, resolved, seed, device)
    return Search(place, identity, recipe, tried, training)


def without_test(snapshot: Snapshot) -> Snapshot:
    """Take the test part away; the snapshot keeps its name and hash, so that its runs can be evaluated later."""
    kept: Mapping[Split, IntArray] = {
        "train": snapshot.interactions["train"],
        "valid": snapshot.interactions["valid"],
        "test": np.zeros((2, 0), dtype=np.int64),
    }
    manifest = snapshot.manifest.model_copy(update={"content_hash": snapshot_hash(snapshot)})
    return replace(snapshot, manifest=manifest, interactions=kept)


def _require_validation(snapshot: Snapshot) -> None:
    if not snapshot.interactions["valid"].shape[1]:
        raise UsageError(
            "the snapshot has no validation part to choose by",
            where=str(snapshot.folder or snapshot.manifest.dataset),
            hint="ingest with a split, then export again",
        )


def _tried(own: Space, space: Space | None, fixed: Mapping[str, Any], where: str) -> Space:
    """Give the space that is searched: what is set is not tried."""
    both = sorted((own if space is None else space).keys() & fixed)
    if space is None:
        if both:
            log.info("not tried, for it is set", options=", ".join(both))
        return {key: parameter for key, parameter in own.items() if key not in fixed}
    if both:
        raise UsageError(f"'{both[0]}' is set and tried at once", where=where, hint="set it, or try it")
    return space
