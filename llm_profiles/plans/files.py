"""Plans as YAML files that a person can read, edit and commit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from pydantic import ValidationError

from llm_profiles.plans.plan import ANY, EntityPlan, Hop, NeighbourhoodPlan, RelationPlan, UserPlan
from spikegraph.errors import UsageError
from spikegraph.files import replace_text

if TYPE_CHECKING:
    from llm_profiles.graph_tools import GraphTools

HEAD = """\
# What is read around each node before its profile is written; nothing is read beyond it.
#
# items, entities   by type label, '*' for all other types
#   relations       in the order in which they are told:
#     relation, direction (out: the described node is the head), limit (the most neighbours),
#     order (popular, telling or name), then (second hops: relation, direction, limit)
#   texts           properties that hold a text; text_characters is the most of each
#   reviews         the most train reviews of an item; review_characters is the most of each
# users             items (the most named), order (latest or popular), item_profiles (how many of them come with
#                   their profile), shared (entities that several of shared_from items lead to), reviews

"""


def load_plan(path: Path, tools: GraphTools) -> NeighbourhoodPlan:
    """Read a plan, and check that what it asks for is in the graph.

    Raises:
        UsageError: the file is not there or no YAML, a key or value is wrong, a relation or type label is not in
            the data set; with the file, the key and what there is.
    """
    plan = _validated(_read(path), path)
    labels: dict[str, set[str]] = {"items": {ANY}, "entities": {ANY}}
    for kind, label in tools.keys_by_type():
        labels["items" if kind == "item" else "entities"].add(label)
    for section in ("items", "entities"):
        for label, part in getattr(plan, section).items():
            _require(label, labels[section], "type label", f"{path}: {section}")
            _check_relations(part, tools, f"{path}: {section}.{label}")
    return plan


def save_plan(plan: NeighbourhoodPlan, path: Path) -> None:
    """Write a plan, whole or not at all, with comments that say what its keys mean."""
    body = yaml.safe_dump(_short(plan.model_dump(mode="json")), sort_keys=False, allow_unicode=True, width=110)
    replace_text(path, HEAD + body)


def _read(path: Path) -> Any:
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError("the plan cannot be read", where=str(path), hint=error.strerror) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError("the plan is no YAML", where=_place(path, error), hint=str(error).splitlines()[0]) from error


def _place(path: Path, error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    return f"{path}:{mark.line + 1}" if mark else str(path)


def _validated(content: Any, path: Path) -> NeighbourhoodPlan:
    try:
        return NeighbourhoodPlan.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        raise UsageError(first["msg"], where=f"{path}: {key}" if key else str(path), hint=_keys(first)) from error


def _keys(error: Mapping[str, Any]) -> str | None:
    """Say which keys there are where one is not known."""
    if error["type"] != "extra_forbidden":
        return None
    fields: list[str] = list(NeighbourhoodPlan.model_fields)
    node: Any = NeighbourhoodPlan
    for step in error["loc"][:-1]:
        node = _inside(node, step)
    if hasattr(node, "model_fields"):
        fields = list(node.model_fields)
    return f"there are: {', '.join(fields)}"


def _inside(model: Any, step: str | int) -> Any:
    inner: dict[str | int, Any] = {"relations": RelationPlan, "then": Hop, "users": UserPlan}
    if step in ("items", "entities"):
        return EntityPlan
    return inner.get(step, model)


def _check_relations(part: EntityPlan, tools: GraphTools, where: str) -> None:
    for relation in part.relations:
        _require(relation.relation, tools.relations, "relation", f"{where}.relations")
        for hop in relation.then:
            _require(hop.relation, tools.relations, "relation", f"{where}.relations.then")


def _require(name: str, known: Iterable[str], what: str, where: str) -> None:
    there = sorted(known)
    if name not in there:
        hint = f"there are: {', '.join(label for label in there[:60] if label)}"
        raise UsageError(f"the data set has no {what} '{name}'", where=where, hint=hint)


def _short(plan: dict[str, Any]) -> dict[str, Any]:
    """Leave second hops out where there are none."""
    for section in ("items", "entities"):
        for part in plan[section].values():
            part["relations"] = [{k: v for k, v in r.items() if k != "then" or v} for r in part["relations"]]
    return plan
