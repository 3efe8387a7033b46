"""The whole road as one file: each step is skipped when what goes into it has not changed.

What a step was made from is kept in `pipeline.json` of the pipeline's folder; whether its result is still
there is asked of the graph or the folder itself, never of the file alone.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

from export.snapshot import Selection, load_snapshot
from spikegraph import api, logs
from spikegraph.errors import DataError, UsageError
from spikegraph.files import read_toml, replace_text
from spikegraph.settings import Section, Settings, configuration_error

STATE_FILE = "pipeline.json"


class IngestStep(Section):
    """Which data set is read, by which reader, and how it is split."""

    source: str
    path: Path | None = None
    split: api.SplitChoice = "auto"
    options: dict[str, str] = Field(default_factory=dict)


class ProfileStep(Section):
    """Who writes the profiles, and how they become vectors; `llm`, `plan` and the limits are those of `profile llm`."""

    writer: Literal["template", "import", "llm"] = "template"
    path: Path | None = None
    llm: str | None = None
    plan: Path | None = None
    max_cost: float | None = None
    max_tokens: int | None = None
    embedding: str = "lsa"


class SimilarityStep(Section):
    """What items are compared by, with weights, and how many edges each gets; the edges go into the snapshot."""

    sources: dict[str, float] = Field(default_factory=lambda: dict(api.SIMILARITY_SOURCES))
    neighbours: int = Field(default=20, ge=1)


class TrainStep(Section):
    """One model to train, once for each seed; `config` and `training` override its preset; `final` reads the test part.

    `control` trains it on a changed snapshot (`model.controls`); such a run is never written back. `name` tells steps
    of one model apart.
    """

    model: str
    name: str | None = Field(default=None, pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._-]*$")
    preset: str | None = None
    control: str = "none"
    seed: int | tuple[int, ...] = 0
    final: bool = True
    config: dict[str, Any] = Field(default_factory=dict)
    training: dict[str, Any] = Field(default_factory=dict)

    @property
    def label(self) -> str:
        """What the step is called: its name, or the model, and the control if there is one."""
        return (self.name or self.model) + ("" if self.control == "none" else f" ({self.control})")

    def by_seed(self) -> list[tuple[str, TrainStep]]:
        """Give a step for each seed, with what it is called."""
        if isinstance(self.seed, int):
            return [(self.label, self)]
        return [(f"{self.label}, seed {seed}", self.model_copy(update={"seed": seed})) for seed in self.seed]


class WriteBackStep(Section):
    """Which trained step's lists go into the graph (of several seeds, the first), and how many items each.

    Those of the steps `beside` go there too, to be compared with, and are never active.
    """

    model: str
    beside: tuple[str, ...] = ()
    top: int = 20

    @property
    def labels(self) -> tuple[str, ...]:
        """All steps whose lists are written."""
        return (*self.beside, self.model)


class Pipeline(Section):
    """The file's contents."""

    name: str
    folder: Path | None = None
    ingest: IngestStep
    profiles: ProfileStep = ProfileStep()
    similarity: SimilarityStep | None = None
    export: Selection = Selection()
    train: tuple[TrainStep, ...] = Field(min_length=1)
    write_back: WriteBackStep | None = None


@dataclass(frozen=True)
class StepReport:
    """What a step did: `skipped` where its inputs had not changed and its result still stood."""

    step: str
    skipped: bool
    seconds: float
    result: dict[str, Any]


@dataclass
class State:
    """Per step: the hash of its inputs, and its result."""

    file: Path
    steps: dict[str, dict[str, Any]] = field(default_factory=dict)

    @classmethod
    def load(cls, folder: Path) -> State:
        """Read the state of a pipeline's folder; a folder without one has done nothing yet."""
        file = folder / STATE_FILE
        if not file.exists():
            return cls(file)
        try:
            return cls(file, json.loads(file.read_text(encoding="utf-8")))
        except json.JSONDecodeError as error:
            raise DataError("is damaged", where=str(file), hint="delete it: every step is then done again") from error

    def keep(self, step: str, inputs: str, result: dict[str, Any]) -> None:
        """Remember a step that was done; the file is replaced whole."""
        self.steps[step] = {"inputs": inputs, "result": result}
        self.file.parent.mkdir(parents=True, exist_ok=True)
        replace_text(self.file, json.dumps(self.steps, indent=2) + "\n")


def load_pipeline(file: Path) -> Pipeline:
    """Read a pipeline file; relative paths in it start at the file's own folder.

    Raises:
        UsageError: the file cannot be read, or holds a key that we do not know.
    """
    contents = read_toml(file)
    try:
        pipeline = Pipeline.model_validate(contents)
    except ValidationError as error:
        raise configuration_error(error, str(file)) from error
    _require_different(pipeline, file)
    if pipeline.write_back:
        _require_trained(pipeline, pipeline.write_back)
    return _anchored(pipeline, file.parent)


def _require_trained(pipeline: Pipeline, step: WriteBackStep) -> None:
    trained = [one.label for one in pipeline.train if one.control == "none"]
    for label in step.labels:
        where = "write_back.model" if label == step.model else "write_back.beside"
        if label not in trained:
            message = f"'{label}' is not among the models to train"
            raise UsageError(message, where=where, hint=f"one of: {', '.join(trained)}")
        if step.labels.count(label) > 1:
            raise UsageError(f"'{label}' is named twice", where="write_back.beside", hint="each is written once")


def _require_different(pipeline: Pipeline, file: Path) -> None:
    labels = [step.label for step in pipeline.train]
    twice = next((label for label in labels if labels.count(label) > 1), None)
    if twice:
        message = f"two steps train '{twice}'"
        raise UsageError(message, where=f"{file}: train", hint='give one of them a name: name = "another"')


def _anchored(pipeline: Pipeline, folder: Path) -> Pipeline:
    def anchor(path: Path | None) -> Path | None:
        return None if path is None else folder / path

    return pipeline.model_copy(
        update={
            "folder": anchor(pipeline.folder),
            "ingest": pipeline.ingest.model_copy(update={"path": anchor(pipeline.ingest.path)}),
            "profiles": pipeline.profiles.model_copy(
                update={"path": anchor(pipeline.profiles.path), "plan": anchor(pipeline.profiles.plan)}
            ),
        }
    )


def run_pipeline(settings: Settings, pipeline: Pipeline) -> list[StepReport]:
    """Do every step whose inputs have changed, in order, and report each."""
    return _Road(settings, pipeline).walk()


class _Road:
    """One walk along the pipeline."""

    def __init__(self, settings: Settings, pipeline: Pipeline) -> None:
        self.settings = settings
        self.pipeline = pipeline
        self.folder = pipeline.folder or settings.work_home / pipeline.name
        self.state = State.load(self.folder)
        self.reports: list[StepReport] = []
        self.log = logs.get_logger(__name__)

    def walk(self) -> list[StepReport]:
        ingested = self._ingest()
        profiles = self._profiles(ingested["sha256"])
        snapshot = self._export(
            ingested["sha256"], profiles["run"], self._selection(ingested["sha256"], profiles["run"])
        )
        runs: dict[str, dict[str, Any]] = {}
        for step in self.pipeline.train:
            results = [self._train(name, one, snapshot["content_hash"]) for name, one in step.by_seed()]
            runs[step.label] = results[0]
        if self.pipeline.write_back:
            self._write_back(self.pipeline.write_back, runs)
        return self.reports

    def _step(
        self,
        name: str,
        inputs: dict[str, Any],
        stands: Callable[[dict[str, Any]], bool],
        do: Callable[[], dict[str, Any]],
    ) -> dict[str, Any]:
        started = time.perf_counter()
        key = _hash(inputs)
        kept = self.state.steps.get(name)
        skipped = kept is not None and kept["inputs"] == key and stands(kept["result"])
        result: dict[str, Any] = kept["result"] if kept is not None and skipped else do()
        seconds = time.perf_counter() - started
        self.reports.append(StepReport(name, skipped, seconds, result))
        self.log.info("step", step=name, state="unchanged" if skipped else "done", seconds=round(seconds, 1))
        if not skipped:
            self.state.keep(name, key, result)
        return result

    def _ingest(self) -> dict[str, Any]:
        step = self.pipeline.ingest

        def do() -> dict[str, Any]:
            report = api.ingest(
                self.settings,
                step.source,
                step.path,
                name=self.pipeline.name,
                split=step.split,
                replace=True,
                options=step.options,
            )
            return {"sha256": report.dataset.sha256, "counts": dict(report.counts), "unchanged": report.unchanged}

        # Only reading the files tells whether they changed, and an unchanged ingest writes nothing.
        return self._step("ingest", {}, lambda _: False, do)

    def _profiles(self, dataset: str) -> dict[str, Any]:
        step, name = self.pipeline.profiles, self.pipeline.name

        def do() -> dict[str, Any]:
            if step.writer == "import":
                path, source = step.path or self.pipeline.ingest.path, self.pipeline.ingest.source
                if path is None:
                    raise UsageError("an import needs a path", where="profiles.path")
                return asdict(api.profile_import(self.settings, name, path, source=source, embedding=step.embedding))
            if step.writer == "llm":
                return asdict(self._by_model(step))
            return asdict(api.profile_template(self.settings, name, embedding=step.embedding))

        inputs = {"dataset": dataset, "step": step.model_dump()}
        return self._step("profiles", inputs, lambda kept: api.active_profiles(self.settings, name) == kept["run"], do)

    def _by_model(self, step: ProfileStep) -> api.Profiled:
        from llm_profiles.llm_run import LlmOptions

        if step.llm is None:
            raise UsageError("no language model is named", where="profiles.llm", hint='llm = "openai:gpt-4o-mini"')
        options = LlmOptions(
            llm=step.llm, plan=step.plan, refresh="stale", max_cost=step.max_cost, max_tokens=step.max_tokens
        )
        _, active = api.profile_llm(self.settings, self.pipeline.name, options, embedding=step.embedding)
        assert active is not None  # a whole data set was asked for
        return active

    def _selection(self, dataset: str, profile_run: str) -> Selection:
        """Give what is exported: with the edges of the similarity, where the pipeline makes one."""
        step, chosen, name = self.pipeline.similarity, self.pipeline.export, self.pipeline.name
        if step is None:
            return chosen
        embedding = self.pipeline.profiles.embedding

        def do() -> dict[str, Any]:
            made = api.similarity(self.settings, name, step.sources, neighbours=step.neighbours, embedding=embedding)
            return {"run": made.run_id, "edges": made.counts["similar_items"]}

        inputs = {"dataset": dataset, "profiles": profile_run, "step": step.model_dump(), "embedding": embedding}
        made = self._step("similarity", inputs, lambda kept: self._is_in_graph(kept["run"]), do)
        return chosen.model_copy(update={"similarity_runs": (*chosen.similarity_runs, made["run"])})

    def _export(self, dataset: str, profile_run: str, chosen: Selection) -> dict[str, Any]:
        folder = self.folder / "snapshot"

        def stands(kept: dict[str, Any]) -> bool:
            try:
                return load_snapshot(folder).manifest.content_hash == str(kept["content_hash"])
            except DataError:
                return False

        def do() -> dict[str, Any]:
            embedding = self.pipeline.profiles.embedding
            snapshot = api.export(self.settings, self.pipeline.name, folder, chosen, embedding=embedding)
            return {"content_hash": snapshot.manifest.content_hash, "counts": snapshot.manifest.counts}

        inputs = {"dataset": dataset, "profiles": profile_run, "selection": chosen.model_dump()}
        return self._step("export", inputs, stands, do)

    def _train(self, name: str, step: TrainStep, content_hash: str) -> dict[str, Any]:
        assert isinstance(step.seed, int)
        seed = step.seed
        inputs = {"snapshot": content_hash, "step": step.model_dump()}
        # A folder of its own for each configuration: a changed one never meets another's checkpoint,
        # and one that was interrupted is found again and resumed.
        folder = self.folder / "runs" / f"{(step.name or step.model).replace(' ', '-')}-{_hash(inputs)[:10]}"
        own = {"model": step.config, "train": step.training}
        settings = self.settings.model_copy(update=own)

        def do() -> dict[str, Any]:
            snapshot = self.folder / "snapshot"
            resume = (folder / "run.json").exists()
            api.train(
                settings,
                snapshot,
                folder,
                model=step.model,
                preset=step.preset,
                seed=seed,
                resume=resume,
                control=step.control,
            )
            record = api.evaluate(folder, final=step.final)
            return record.summary() | {"folder": str(folder)}

        return self._step(f"train {name}", inputs, lambda kept: Path(kept["folder"]).is_dir(), do)

    def _write_back(self, step: WriteBackStep, runs: dict[str, dict[str, Any]]) -> None:
        for label in step.beside:
            self._write_beside(f"write-back {label}", Path(runs[label]["folder"]), step.top)
        folder = Path(runs[step.model]["folder"])

        def do() -> dict[str, Any]:
            return asdict(api.write_back(self.settings, folder, top=step.top))

        self._step(
            "write-back", {"run": folder.name, "top": step.top}, lambda kept: self._is_active(kept["run_id"]), do
        )

    def _write_beside(self, name: str, folder: Path, top: int) -> None:
        """Write a run that readers never see; the one that this step wrote before goes."""
        before = self.state.steps.get(name, {}).get("result", {}).get("run_id")

        def do() -> dict[str, Any]:
            report = api.write_back(self.settings, folder, top=top, activate=False)
            standing = [run.id for run in api.list_runs(self.settings, self.pipeline.name) if not run.activation]
            if before in standing and before != report.run_id:
                api.remove_runs(self.settings, self.pipeline.name, [before])
            return asdict(report)

        self._step(name, {"run": folder.name, "top": top}, lambda kept: self._is_in_graph(kept["run_id"]), do)

    def _is_active(self, run: str) -> bool:
        return api.active_run(self.settings, self.pipeline.name) == run

    def _is_in_graph(self, run: str) -> bool:
        return run in {found.id for found in api.list_runs(self.settings, self.pipeline.name)}


def _hash(inputs: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(inputs, sort_keys=True, default=str).encode()).hexdigest()
