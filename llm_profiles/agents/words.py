"""The words of agents: those of the kind (item, entity, user) with the agent's own after them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace

from llm_profiles.agents.tools import Shown
from llm_profiles.contract import Kind
from llm_profiles.prompts.prompt import Prompt
from llm_profiles.prompts.untrusted import lines_around, mark


def with_tools(prompts: Mapping[Kind, Prompt], agent: Prompt) -> dict[Kind, Prompt]:
    """Give the prompts of all kinds for an agent that writes: requests made from them say so in their key."""
    return {kind: _joined(prompt, agent) for kind, prompt in prompts.items()}


def _joined(prompt: Prompt, agent: Prompt) -> Prompt:
    return replace(
        prompt,
        version=f"{prompt.version}+{agent.id}",
        sha=hashlib.sha256(f"{prompt.sha} {agent.sha}".encode()).hexdigest(),
        where=f"{prompt.where}, {agent.where}",
        system=f"{prompt.system}\n{agent.system}",
        user=f"{prompt.user}\n{agent.user}",
    )


def marked(salt: str) -> Shown:
    """Give what puts the answer of a tool between marks that its text cannot know."""

    def shown(text: str) -> str:
        code = mark(salt, text)
        lines = lines_around(code)
        return f"{lines['begin']}\n{text}\n{lines['end']}"

    return shown
