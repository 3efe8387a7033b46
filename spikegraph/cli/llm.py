"""`spikegraph profile llm | plan | merge | show`: profiles by language models."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from spikegraph import api
from spikegraph.cli import llm_options as given
from spikegraph.cli.command import Answer, Session, command
from spikegraph.cli.estimate import ask, show_estimate, show_run
from spikegraph.cli.names import Embedding, Name
from spikegraph.cli.profile_tables import show_profile

if TYPE_CHECKING:
    from llm_profiles.estimate import Estimate

Mode = Literal["chain", "agent"]


def add_to(group: typer.Typer) -> None:
    """Add the commands."""
    for function in (llm, plan, merge, show):
        command(group)(function)


def llm(
    session: Session,
    name: Name,
    llm: given.Llm,
    base_url: given.BaseUrl = None,
    set_name: given.SetName = "llm",
    mode: Annotated[str, typer.Option(help="chain (one call a node) or agent (about four).")] = "chain",
    plan: given.Plan = None,
    prompts: given.PromptsFolder = None,
    domain: given.DomainName = None,
    see: given.See = "train",
    kinds: given.Kinds = "item,entity,user",
    every_entity: given.EveryEntity = False,
    refresh: given.RefreshOf = "missing",
    fallback: Annotated[bool, typer.Option("--fallback", help="Let the template fill what is given up.")] = False,
    repair: Annotated[float, typer.Option(help="The share of calls that the repair agent may make.", min=0, max=1)] = 0,
    sample: given.Sample = None,
    shard: given.Shard = None,
    max_cost: Annotated[float | None, typer.Option(help="The most that the set may cost, in US dollars.")] = None,
    max_tokens: Annotated[int | None, typer.Option(help="The most tokens, both ways.")] = None,
    max_nodes: Annotated[int | None, typer.Option(help="The most nodes that are asked for.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what it would take, and send nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before the first call.")] = False,
    embedding: Embedding = "lsa",
) -> Answer:
    """Write profiles with a language model; it goes on where an earlier run ended."""
    from llm_profiles.llm_run import LlmOptions
    from llm_profiles.terms import Refresh

    options = LlmOptions(
        llm=llm,
        set_name=set_name,
        mode=given.one_of(Mode, mode, "--mode"),
        plan=plan,
        domain=domain,
        splits=given.splits_of(see),
        kinds=given.kinds_of(kinds),
        every_entity=every_entity,
        refresh=given.one_of(Refresh, refresh, "--refresh"),
        fallback=fallback,
        repair_share=repair,
        sample=sample,
        shard=given.shard_of(shard),
        max_cost=max_cost,
        max_tokens=max_tokens,
        max_nodes=max_nodes,
    )
    settings = given.with_server(session.settings, base_url, prompts)
    if dry_run:
        estimate, told = api.profile_estimate(settings, name, options)
        document: dict[str, Any] = estimate.model_dump(mode="json") | {"disclosure": told}
        return Answer(document, lambda console: show_estimate(console, estimate, told))

    def before(estimate: Estimate, told: tuple[str, ...]) -> None:
        ask(estimate, told, certain=yes or session.as_json)

    report, active = api.profile_llm(settings, name, options, embedding=embedding, before=before)
    run = report.run.model_dump(mode="json")
    outcome = {"run": run, "seconds": report.seconds, "active": active is not None}
    embedded = {"embedding": active.embedding} if active else {}
    return Answer(outcome | embedded, lambda console: show_run(console, report, active))


def plan(
    session: Session,
    name: Name,
    to: Annotated[Path, typer.Option(help="The file that is written.", metavar="FILE.yaml")] = Path("plan.yaml"),
    llm: Annotated[str | None, typer.Option(help="Let an agent of this model look at nodes and propose it.")] = None,
    base_url: given.BaseUrl = None,
    sample: Annotated[int, typer.Option(help="Nodes of each type that the agent may look at.", min=1)] = 20,
) -> Answer:
    """Write what is read around each node to a file, to be read, edited, and given to profile llm --plan."""
    settings = given.with_server(session.settings, base_url)
    api.profile_plan(settings, name, to, llm=llm, sample=sample)
    return Answer.line(f"plan written: {to}", {"plan": str(to)})


def merge(
    session: Session,
    name: Name,
    ledgers: Annotated[list[Path], typer.Argument(help="Ledgers of shards.", metavar="LEDGER…")],
    set_name: given.SetName = "llm",
) -> Answer:
    """Take the calls that shards made into the set's ledger."""
    new = api.profile_merge(session.settings, name, ledgers, set_name=set_name)
    return Answer.line(f"{new} new calls", {"new": new})


def show(
    session: Session,
    name: Name,
    key: Annotated[str, typer.Argument(help="The node: artist/51 or lastfm/artist/51.", metavar="KEY")],
    set_name: Annotated[str | None, typer.Option(help="The profile set; the active one by default.")] = None,
    prompt: Annotated[bool, typer.Option("--prompt", help="Show the whole prompt too.")] = False,
) -> Answer:
    """Show a profile with what it was written from, what it cost, and what bears it out."""
    found = api.profile_show(session.settings, name, key, set_name=set_name)
    return Answer(found.model_dump(mode="json"), lambda console: show_profile(console, found, prompt=prompt))
