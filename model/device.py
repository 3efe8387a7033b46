"""Where a model runs: the device, the CPU threads, the memory there is."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal, get_args

import numpy as np
import psutil
import torch

from model.types import DeviceName
from spikegraph.errors import UsageError

FEW_CORES = 2

Purpose = Literal["weights", "training", "control"]
"""What a run draws random numbers for."""


def find_device(name: str) -> torch.device:
    """Give the device of this name; 'auto' is a GPU where there is one.

    Raises:
        UsageError: it is not one of 'auto', 'cpu', 'cuda', or there is no GPU.
    """
    if name not in get_args(DeviceName):
        raise UsageError(f"there is no device '{name}'", where="device", hint="auto, cpu or cuda")
    if name == "cuda" and not torch.cuda.is_available():
        raise UsageError("torch finds no GPU", where="device", hint="--device cpu")
    wanted = ("cuda" if torch.cuda.is_available() else "cpu") if name == "auto" else name
    return torch.device(wanted)


@contextmanager
def few_threads() -> Iterator[None]:
    """Use one CPU thread where there are two cores or fewer and OMP_NUM_THREADS says nothing.

    Two threads that wait for each other beside any other program were measured ten times slower than one.
    """
    before = torch.get_num_threads()
    if "OMP_NUM_THREADS" not in os.environ and (os.cpu_count() or 1) <= FEW_CORES:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def free_bytes(device: torch.device) -> int:
    """Give the memory that is free on a device."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    return int(psutil.virtual_memory().available)


def generator_of(seed: int, purpose: Purpose, device: torch.device) -> torch.Generator:
    """Make a generator on a device; a run's seed gives an independent stream for each purpose."""
    state = np.random.SeedSequence([seed, get_args(Purpose).index(purpose)]).generate_state(1, np.uint64)
    return torch.Generator(device).manual_seed(int(state[0]))


def made_with(device: torch.device) -> dict[str, str]:
    """Name versions, device and threads, for the record."""
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.machine()
    return {
        "torch": torch.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
        "device": f"{device.type} ({name})",
        "threads": str(torch.get_num_threads()),
    }
