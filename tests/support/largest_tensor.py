"""The largest tensor that a computation makes, counted where torch makes it: exact, unlike a process's memory."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from typing_extensions import override


class LargestTensor(TorchDispatchMode):
    """Keeps the bytes of the largest storage that any operation inside gave."""

    def __init__(self) -> None:
        super().__init__()
        self.largest = 0

    @override
    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        results = func(*args, **(kwargs or {}))
        for result in tree_leaves(results):
            if isinstance(result, Tensor) and result.layout == torch.strided:
                self.largest = max(self.largest, result.untyped_storage().nbytes())
        return results
