"""A profile, and the state of all profiles, as a person reads them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from rich.console import Console

from spikegraph.cli.tables import show_pairs

if TYPE_CHECKING:
    from llm_profiles.contract import Kind
    from llm_profiles.show import ProfileView
    from llm_profiles.staleness import KindStatus


def show_profile(console: Console, found: ProfileView, *, prompt: bool) -> None:
    """Show one node's profile and what is known of it."""
    writer = f"{found.writer} ({found.model})" if found.model else found.writer or "nobody"
    cost = "no price is known" if found.cost is None else f"{found.cost:.6f} USD"
    spent = {"calls": len(found.calls), "tokens": f"{found.tokens_in} in, {found.tokens_out} out", "cost": cost}
    pairs: dict[str, object] = {"set": found.set, "kind": found.kind, "written by": writer}
    pairs |= {"state": "; ".join([found.state, *found.why])} if found.state else {}
    pairs |= spent if found.calls else {}
    pairs |= {"bears it out": ", ".join(found.evidence) or "nothing that it names"}
    pairs |= {"not in the data": ", ".join(found.unfounded)} if found.unfounded else {}
    show_pairs(console, f"{found.name} ({found.key})", pairs)
    _text(console, "profile", found.profile or "none")
    if prompt or not found.profile:
        _text(console, "system message", found.system or "none")
    _text(console, "what it was written from", found.user or "no prompt: see --json for the context")
    for error in (call.error for call in found.calls if call.error):
        _text(console, "given up", error)


def show_staleness(console: Console, set_name: str, found: Mapping[Kind, KindStatus]) -> None:
    """Show how many profiles are in which state, why, and the first few of them."""
    for kind, part in found.items():
        states: dict[str, str] = {state: f"{count:,}" for state, count in part.states.items()}
        reasons = {f"because {why}": f"{count:,}" for why, count in part.reasons.items()}
        show_pairs(console, f"{kind} profiles of the set '{set_name}'", {**states, **reasons})
        for example in part.examples:
            _line(console, f"    {example.node}: {example.state}; {'; '.join(example.why)}")


def _text(console: Console, title: str, text: str) -> None:
    console.print(f"\n[bold]{title}[/]")
    _line(console, text)


def _line(console: Console, text: str) -> None:
    console.print(text, highlight=False, markup=False, soft_wrap=True)
