"""What a planner may propose, and the file in which a person reads it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from llm_profiles.agents.proposal import MOST_NEIGHBOURS, Known, UserProposal, checked
from llm_profiles.agents.proposal_file import ProposedPlan, proposal_text, write_proposal
from llm_profiles.plans.plan import EntityPlan, Hop, NeighbourhoodPlan, RelationPlan, UserPlan

FILM = Known(
    relations=[("DIRECTED_BY", "out"), ("HAS_GENRE", "out"), ("SEQUEL_OF", "in")],
    hops=[("DIRECTED_BY", "out"), ("HAS_GENRE", "out"), ("SEQUEL_OF", "in"), ("BORN_IN", "out")],
    texts=["plot"],
)


def chosen(relation: str = "DIRECTED_BY", direction: str = "out", **more: Any) -> dict[str, Any]:
    return {"relation": relation, "direction": direction, "reason": "the director shapes a film", **more}


def proposal(*relations: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"relations": list(relations), "reason": "films are known by who made them", **more}


def test_a_proposal_becomes_the_part_of_a_plan() -> None:
    given = proposal(chosen(limit=3, then=[{"relation": "BORN_IN"}]), chosen("SEQUEL_OF", "in"), texts=["plot"])
    plan = checked(FILM).model_validate(given).plan()
    director = RelationPlan(relation="DIRECTED_BY", limit=3, then=(Hop(relation="BORN_IN"),))
    assert plan == EntityPlan(relations=(director, RelationPlan(relation="SEQUEL_OF", direction="in")), texts=("plot",))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (proposal(chosen("ACTED_IN")), "no relation ACTED_IN out; there are: DIRECTED_BY out, HAS_GENRE out, SEQUEL"),
        (proposal(chosen("SEQUEL_OF", "out")), "no relation SEQUEL_OF out"),
        (proposal(chosen(then=[{"relation": "KNOWS"}])), "the data set has no relation KNOWS out; there are: BORN_IN"),
        (proposal(chosen(), texts=["secret"]), "there is no text secret; there are: plot"),
        (proposal(chosen(), chosen()), "chosen twice: DIRECTED_BY out"),
        (proposal(), "at least one relation"),
        (proposal(chosen(limit=31)), "less than or equal to 30"),
        (
            proposal(chosen(limit=30), chosen("HAS_GENRE", limit=30), chosen("SEQUEL_OF", "in", limit=1)),
            f"61 neighbours, the most is {MOST_NEIGHBOURS}",
        ),
        (proposal(chosen(), hops=3), "Extra inputs are not permitted"),
        (proposal(chosen(direction="sideways")), "'out' or 'in'"),
    ],
)
def test_what_is_not_there_or_too_much_is_refused_with_what_there_is(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError) as refused:
        checked(FILM).model_validate(given)
    assert message in str(refused.value)


def test_a_type_without_relations_needs_none() -> None:
    assert checked(Known([], [], [])).model_validate(proposal()).plan() == EntityPlan()


def test_users_have_bounds_too() -> None:
    assert UserProposal(reason="short histories").plan() == UserPlan()
    with pytest.raises(ValidationError):
        UserProposal(items=400, reason="all")


PLAN = NeighbourhoodPlan(
    items={
        "Film": EntityPlan(
            relations=(
                RelationPlan(relation="DIRECTED_BY", limit=3, then=(Hop(relation="BORN_IN"),)),
                RelationPlan(relation="SEQUEL_OF", direction="in", order="name"),
            ),
            texts=("plot",),
        ),
        "*": EntityPlan(),
    },
    entities={"Odd: label # here": EntityPlan(relations=(RelationPlan(relation="DIRECTED_BY", direction="in"),))},
    users=UserPlan(items=7),
)
REASONS = {
    "items/Film": "films are known by who made them",
    "items/Film/DIRECTED_BY out": "the director shapes a film " * 20,
    "users": "histories are short\nusers: {items: 500}\n\u2028users: 1",
}


def test_the_file_is_the_plan_with_reasons_as_comments(tmp_path: Path) -> None:
    write_proposal(ProposedPlan(PLAN, REASONS, "openai:test", "films", 40), tmp_path / "plan.yaml")
    text = (tmp_path / "plan.yaml").read_text(encoding="utf-8")
    assert NeighbourhoodPlan.model_validate(yaml.safe_load(text)) == PLAN
    assert text.startswith("# A plan of what is read")
    assert "openai:test for 'films'" in text
    lines = text.splitlines()
    assert lines[lines.index("  # films are known by who made them") + 1] == "  Film:"
    assert lines[lines.index("      - relation: DIRECTED_BY") - 1].startswith("      # ")
    assert max(map(len, lines)) <= 120


def test_a_reason_cannot_open_a_line_of_the_plan() -> None:
    assert "# users: {items: 500}" in proposal_text(ProposedPlan(PLAN, REASONS))


def test_a_reason_is_one_short_line_without_control_characters() -> None:
    reason = UserProposal(reason="a\x00b\nc " + "long " * 100).reason
    assert reason.startswith("a b c long")
    assert len(reason) <= 300
