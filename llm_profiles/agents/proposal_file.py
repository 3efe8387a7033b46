"""A proposed plan as a YAML file: the plan as `load_plan` reads it, with the planner's reasons as comments."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from llm_profiles.plans.plan import EntityPlan, NeighbourhoodPlan, RelationPlan
from spikegraph.files import replace_text

HEAD = """\
A plan of what is read around each node before its profile is written, proposed by {model} for '{dataset}'
after a look at {nodes} nodes. Read it, change what you know better, keep it: nothing is read beyond it.
relation, direction (out: the described node is the head), limit, order (popular or name), then: second hops."""


@dataclass(frozen=True, slots=True)
class ProposedPlan:
    """A plan and why it is as it is.

    Attributes:
        plan: valid for the data set.
        reasons: by the path of a part (`items/Film`, `items/Film/DIRECTED_BY out`, `users`).
        model: who proposed it.
        dataset: whose plan it is.
        nodes: how many nodes were shown to the model.
    """

    plan: NeighbourhoodPlan
    reasons: Mapping[str, str] = field(default_factory=dict)
    model: str = ""
    dataset: str = ""
    nodes: int = 0


def write_proposal(proposed: ProposedPlan, path: Path) -> None:
    """Write the file, whole or not at all."""
    replace_text(path, proposal_text(proposed))


def proposal_text(proposed: ProposedPlan) -> str:
    """Give the text of the file."""
    head = HEAD.format(model=proposed.model, dataset=proposed.dataset, nodes=proposed.nodes)
    lines = [*_comment(head, 0), f"version: {proposed.plan.version}"]
    for section in ("items", "entities"):
        lines += ["", f"{section}:"]
        for label, plan in getattr(proposed.plan, section).items():
            lines += _entity(f"{section}/{label}", label, plan, proposed.reasons)
    lines += ["", *_reason("users", proposed.reasons, 0), *_yaml({"users": _fields(proposed.plan.users)}, 0)]
    return "\n".join(lines) + "\n"


def _entity(path: str, label: str, plan: EntityPlan, reasons: Mapping[str, str]) -> Iterable[str]:
    fields = _fields(plan)
    del fields["relations"]
    yield from _reason(path, reasons, 2)
    yield from _yaml({label: fields}, 2)
    yield f"    relations:{'' if plan.relations else ' []'}"
    for part in plan.relations:
        yield from _reason(f"{path}/{part.relation} {part.direction}", reasons, 6)
        yield from _yaml([_relation(part)], 6)


def _relation(part: RelationPlan) -> dict[str, Any]:
    fields = _fields(part)
    return fields if fields["then"] else {name: value for name, value in fields.items() if name != "then"}


def _fields(part: EntityPlan | RelationPlan | Any) -> dict[str, Any]:
    return dict(part.model_dump(mode="json"))


def _yaml(value: Any, indent: int) -> list[str]:
    text = yaml.safe_dump(value, sort_keys=False, allow_unicode=True, default_flow_style=False, width=110)
    return textwrap.indent(text, " " * indent).splitlines()


def _reason(path: str, reasons: Mapping[str, str], indent: int) -> list[str]:
    return _comment(reasons[path], indent) if reasons.get(path) else []


def _comment(text: str, indent: int) -> list[str]:
    """Comment lines; what a model wrote can open no line of its own, for every line starts with `#`."""
    lines = [part for line in text.splitlines() for part in textwrap.wrap(line, 110 - indent)]
    return [f"{' ' * indent}# {line}" for line in lines]
