"""What text of a data set leaves for a language model, said before the first call."""

from __future__ import annotations

from collections.abc import Iterable

from llm_profiles.llm_run import LlmRun
from llm_profiles.plans.plan import EntityPlan


def disclosure(run: LlmRun) -> tuple[str, ...]:
    """Say who reads what, in sentences."""
    plan, users = run.terms.plan, run.terms.plan.users
    where = "stays on this machine" if run.chat.on_this_machine else f"leaves for {run.chat.address}"
    said = [f"what is read of the graph {where}, to be read by {run.chat.asked}"]
    if run.chosen.get("item"):
        said.append(f"of {len(run.chosen['item'])} items: {_parts(plan.items.values())}")
    if run.chosen.get("entity"):
        said.append(
            f"of {len(run.chosen['entity'])} entities: {_parts(plan.entities.values())}, profiles of their items"
        )
    if run.chosen.get("user"):
        reviews = f", up to {users.reviews} reviews that they wrote" if users.reviews else ""
        said.append(
            f"of {len(run.chosen['user'])} users: up to {users.items} items that they took{reviews};"
            " no key and no name of a user"
        )
    held_out = "the test part" if "valid" in run.terms.splits else "the validation and the test part"
    return (*said, f"{held_out} of the interactions is not read")


def _parts(plans: Iterable[EntityPlan]) -> str:
    """Name what plans read: names, facts, texts, reviews."""
    parts = list(plans)
    texts = sorted({field for plan in parts for field in plan.texts})
    reviews = max((plan.reviews for plan in parts), default=0)
    told = ["names and facts"] if any(plan.relations for plan in parts) else ["names"]
    told += [f"texts ({', '.join(texts)})"] if texts else []
    told += [f"up to {reviews} reviews by users"] if reviews else []
    return ", ".join(told)
