"""Snapshots and runs: export, train, evaluate. Torch is imported by `train` and `evaluate` only."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from spikegraph.api.connection import connect
from spikegraph.errors import UsageError
from spikegraph.settings import Settings

if TYPE_CHECKING:
    from export.read_graph import ProfileSet
    from export.snapshot import Selection, Snapshot
    from model.runs.run_folder import RunRecord


def export(
    settings: Settings, name: str, folder: Path, selection: Selection | None = None, *, embedding: str = "lsa"
) -> Snapshot:
    """Write a data set, or a chosen subgraph of it, as a snapshot.

    Args:
        settings: where the graph and the text vectors are.
        name: the data set.
        folder: where the snapshot goes.
        selection: the subgraph; everything by default.
        embedding: which text vectors of the profiles go along; 'none' for a snapshot without.
    """
    from export.read_graph import export_snapshot
    from export.snapshot import Selection
    from llm_profiles.activate import active_set
    from llm_profiles.embed import embed
    from llm_profiles.vector_store import vectors

    home, chosen = settings.profiles_home, selection or Selection()
    with connect(settings) as store:
        if embedding == "none":
            return export_snapshot(store, name, folder, chosen)
        made = embed(home, name, chosen.profile_set or active_set(store, name), embedding, settings=settings.llm)
        return export_snapshot(
            store,
            name,
            folder,
            chosen,
            vectors=vectors(home, name, made.name),
            text_embedding=made.name,
            profile_set=_profile_set(settings, name, chosen.profile_set) if chosen.profile_set else None,
        )


def _profile_set(settings: Settings, name: str, set_name: str) -> ProfileSet:
    """Give a profile set that lies on disk, active or not, as export wants it."""
    from export.read_graph import ProfileSet
    from llm_profiles.profile_store import load_set

    run, profiles = load_set(settings.profiles_home, name, set_name)
    return ProfileSet(run.id, run.exposed_to, {profile.key: profile.hash for profile in profiles})


def train(
    settings: Settings,
    snapshot: Path,
    folder: Path,
    *,
    model: str = "spike",
    preset: str | None = None,
    seed: int = 0,
    device: str = "auto",
    resume: bool = False,
    control: str = "none",
) -> RunRecord:
    """Train a model on a snapshot into a run folder.

    Args:
        settings: `model.*` and `train.*` go on top of the preset.
        snapshot: the snapshot's folder.
        folder: the run folder; new or empty, or this very run when `resume`.
        model: its name.
        preset: its preset; the model's recommended one by default.
        seed: of everything that is drawn.
        device: 'auto', 'cpu' or 'cuda'.
        resume: go on exactly with a run that was interrupted.
        control: what the model is trained without, or with in the wrong places (`model.controls`).
    """
    from export.snapshot import load_snapshot
    from model.train import train as train_model

    return train_model(
        load_snapshot(snapshot),
        folder,
        model=model,
        preset=preset,
        model_config=settings.model,
        train_config=settings.train,
        seed=seed,
        device=device,
        resume=resume,
        control=control,
    )


def evaluate(
    folder: Path, *, final: bool = False, device: str = "auto", workers: int | None = None, ray: str | None = None
) -> RunRecord:
    """Measure a run on validation; with `final` refit it, read test, and note the reading in the run.

    Args:
        folder: the run folder.
        final: read the test part.
        device: 'auto', 'cpu' or 'cuda'; with workers it is the CPU.
        workers: processes of Ray that rank, each for its share of the users; without `ray` on this machine.
        ray: address of a cluster of Ray.
    """
    from model.evaluate import evaluate as evaluate_run

    if workers is None and ray is None:
        return evaluate_run(folder, final=final, device=device)
    from model.distributed.ray_pool import ray_pool
    from model.distributed.ray_ranking import ranking_on

    if device == "cuda":
        raise UsageError("workers rank on CPUs", where="--device", hint="--device cpu, or no workers")
    with ray_pool(workers, ray) as pool:
        return evaluate_run(folder, final=final, device="cpu", rank=ranking_on(pool))
