"""`spikegraph profile batch export | import`: requests as files, at half the price or for one's own machines."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from spikegraph import api
from spikegraph.cli import llm_options as given
from spikegraph.cli.command import Answer, Session, command
from spikegraph.cli.names import Name
from spikegraph.cli.tables import show_pairs


def add_to(group: typer.Typer) -> None:
    """Add the commands."""
    batch = typer.Typer(
        help="Requests as files: OpenAI's batch format, as vllm run-batch reads it.", no_args_is_help=True
    )
    command(batch, "export")(export)
    command(batch, "import")(import_answers)
    group.add_typer(batch, name="batch")


def export(
    session: Session,
    name: Name,
    llm: given.Llm,
    to: Annotated[Path | None, typer.Option(help="Where the files go; beside the profile sets by default.")] = None,
    set_name: given.SetName = "llm",
    plan: given.Plan = None,
    prompts: given.PromptsFolder = None,
    domain: given.DomainName = None,
    see: given.See = "train",
    kinds: given.Kinds = "item,entity,user",
    every_entity: given.EveryEntity = False,
    refresh: given.RefreshOf = "missing",
    sample: given.Sample = None,
    shard: given.Shard = None,
) -> Answer:
    """Hand out the next kind's requests: items, then entities, then users."""
    from llm_profiles.llm_run import LlmOptions
    from llm_profiles.terms import Refresh

    options = LlmOptions(
        llm=llm,
        set_name=set_name,
        plan=plan,
        domain=domain,
        splits=given.splits_of(see),
        kinds=given.kinds_of(kinds),
        every_entity=every_entity,
        refresh=given.one_of(Refresh, refresh, "--refresh"),
        sample=sample,
        shard=given.shard_of(shard),
    )
    report = api.batch_export(given.with_server(session.settings, None, prompts), name, options, to)

    def show(console: Console) -> None:
        left = {f"left out: {why}": count for why, count in report.left_out.items()}
        files = ", ".join(map(str, report.files)) or "none: nothing is left to be asked for"
        show_pairs(console, f"batch files of {name}", {"requests": report.requests, "files": files, **left})

    return Answer(report.model_dump(mode="json"), show)


def import_answers(
    session: Session,
    name: Name,
    files: Annotated[list[Path], typer.Argument(help="Output and error files, in any order.", metavar="FILE…")],
    set_name: given.SetName = "llm",
    handed_out: Annotated[Path | None, typer.Option(help="Where the handed out files lie, if elsewhere.")] = None,
) -> Answer:
    """Take answers in; what is broken, unknown or late is said and can be handed out again."""
    report, written = api.batch_import(session.settings, name, files, set_name=set_name, handed_out=handed_out)
    told = report.model_dump(mode="json")

    def show(console: Console) -> None:
        counts = {key: value for key, value in told.items() if key != "problems"}
        covered = {f"{kind} profiles": f"{part.profiles} of {part.nodes}" for kind, part in written.run.kinds.items()}
        show_pairs(console, f"answers for {name}", {**counts, **covered, "set": written.run.id})
        for problem in report.problems:
            console.print(f"- {problem}", highlight=False, markup=False, soft_wrap=True)
        console.print(f"next: spikegraph profile batch export {name} …, or profile activate {name} {set_name}")

    return Answer(told | {"run": written.run.model_dump(mode="json")}, show)
