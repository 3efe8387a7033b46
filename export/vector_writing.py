"""Vectors of a run on their way into the graph: nodes of their own, one label and vector index per run and kind.

On Neo4j 5 a vector query takes the top k first and filters afterwards, so an index that held two runs or
two data sets would give back the neighbours of the other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from cypher import statements
from cypher.dataset import Lock
from cypher.store import Store
from export.snapshot import FloatArray
from spikegraph.errors import DatabaseError
from spikegraph.logs import Advance, get_logger

Kind = Literal["user", "item"]

MAX_DIMENSIONS = 4096
"""What a vector index of Neo4j 5 can hold."""

BATCH_NUMBERS = 128_000
"""Numbers of one transaction: 2 000 vectors of 64."""

log = get_logger(__name__)


@dataclass(frozen=True)
class VectorNames:
    """The label of a run's vectors of one kind, and the name of their index."""

    label: str
    index: str


def vector_names(run_id: str, kind: Kind) -> VectorNames:
    """Give the names for a run and kind, the same whenever asked."""
    short = hashlib.sha256(run_id.encode()).hexdigest()[:12]
    return VectorNames(f"Embedding{short.upper()}{kind.capitalize()}", f"embedding_{short}_{kind}")


def write_vectors(
    store: Store,
    held: Lock,
    kind: Kind,
    vectors: FloatArray,
    *,
    dataset: str,
    run_id: str,
    keys: Sequence[str],
    advance: Advance,
) -> int:
    """Write vectors and make their cosine index; all-zero vectors have no direction and are left out.

    Args:
        store: where the graph is.
        held: the lock of the data set, looked at between batches.
        kind: whose vectors they are.
        vectors: float32 [n, d]; with d above 4 096 nothing is written, and the log says so.
        dataset: the data set.
        run_id: the run they belong to.
        keys: the keys of the n nodes.
        advance: called with the vectors of each batch.

    Returns:
        The number of vectors written.

    Raises:
        DatabaseError: a node was gone when its vector came.
    """
    dimensions = vectors.shape[1]
    if not 1 <= dimensions <= MAX_DIMENSIONS:
        log.info("vectors not written: a vector index holds 1 to 4096 dimensions", kind=kind, dimensions=dimensions)
        advance(len(vectors))
        return 0
    names = vector_names(run_id, kind)
    chosen = np.flatnonzero(np.any(vectors != 0, axis=1))
    advance(len(vectors) - len(chosen))
    per_batch = max(1, BATCH_NUMBERS // dimensions)
    for first in range(0, len(chosen), per_batch):
        held.check()
        rows = [{"key": keys[row], "vector": vectors[row].tolist()} for row in chosen[first : first + per_batch]]
        records = store.write(
            f"write_back/{kind}_embeddings", rows=rows, dataset=dataset, run=run_id, label=names.label
        )
        if not records or records[0]["written"] != len(rows):
            raise DatabaseError("nodes vanished while their vectors were written", where=run_id, hint="export again")
        advance(len(rows))
    index = statements.load("write_back/vector_index").with_identifier("EmbeddingExample", names.label)
    store.write(index, name=names.index, dimensions=dimensions)
    return len(chosen)
