"""Workers of Ray: some on this machine for as long as a block runs, or those of a cluster that is there."""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from spikegraph.errors import MissingExtraError, UsageError

OBJECT_STORE_BYTES = 512 * 2**20
"""Memory for what workers of this machine are sent; what does not fit goes to the disk, into a folder that vanishes."""


@dataclass(frozen=True)
class RayPool:
    """Workers that take functions.

    Attributes:
        ray: the package.
        size: how many functions run at once.
    """

    ray: ModuleType
    size: int

    def put(self, value: Any) -> Any:
        """Send a value to all workers once; what comes back stands for it as an argument of `submit`."""
        return self.ray.put(value)

    def submit(self, function: Callable[..., Any], *arguments: Any, gpu: bool = False, retries: int = 0) -> Any:
        """Let a worker call a function; what comes back is given to `get`.

        Args:
            function: of a module that the workers can import.
            arguments: values, or what `put` gave.
            gpu: whether it needs a GPU of its own.
            retries: how often it is called again where its worker is killed.
        """
        remote = self.ray.remote(num_cpus=1, num_gpus=int(gpu), max_retries=retries)(function)
        return remote.remote(*arguments)

    def get(self, answer: Any) -> Any:
        """Wait for an answer, or a list of them."""
        return self.ray.get(answer)


@contextmanager
def ray_pool(workers: int | None, address: str | None = None) -> Iterator[RayPool]:
    """Have workers while the block runs.

    Args:
        workers: how many; by default as many as the cluster has processors.
        address: of a cluster (`auto`, `HOST:6379`); without one `workers` processes are started here, and stopped.

    Raises:
        MissingExtraError: the package is not installed.
        UsageError: nothing answers at the address.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # it would report to its makers
    try:
        import ray
    except ImportError as error:
        raise MissingExtraError("ray", "ray") from error
    with tempfile.TemporaryDirectory(prefix="ray-", ignore_cleanup_errors=True) as place:
        where = {"address": address} if address else _here(workers or 1, place)
        try:
            ray.init(**where, log_to_driver=False, logging_level=logging.ERROR)
        except Exception as error:  # Ray raises bare ones too, where a machine is too busy to start workers
            hint = "ray start --head on one machine, --ray HOST:6379 here" if address else "try again, or no workers"
            raise UsageError(f"no workers of Ray: {error}", where=address or "this machine", hint=hint) from error
        cores: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]  # Ray leaves it untyped
        try:
            yield RayPool(ray, workers or max(1, int(cores.get("CPU", 1))))
        finally:
            ray.shutdown()


def _here(workers: int, place: str) -> dict[str, Any]:
    return {
        "num_cpus": workers,
        "include_dashboard": False,
        "object_store_memory": OBJECT_STORE_BYTES,
        "_temp_dir": place,
    }
