"""The same road as the command line, for scripts: `from spikegraph import api`.

Functions take the `Settings` first (but for `evaluate`, which needs none); those that speak with the graph
open and close their own connection.
"""

from __future__ import annotations

from spikegraph.api.answers import (
    because_of,
    explain,
    recommend,
    recommend_diverse,
    recommend_for_group,
    recommend_for_session,
    recommend_linked,
    recommend_live,
    similar,
)
from spikegraph.api.browser import browser_files, picture
from spikegraph.api.compare import compare, import_lists
from spikegraph.api.connection import connect
from spikegraph.api.counterfactual import hangs_on, without
from spikegraph.api.datasets import SplitChoice, ingest, ingest_offline, list_datasets, remove_dataset, show_dataset
from spikegraph.api.fold_in import FoldInReport, fold_in
from spikegraph.api.gds import gds_communities, gds_pagerank, gds_sample, gds_similarity, similar_lists
from spikegraph.api.llm import (
    batch_export,
    batch_import,
    profile_estimate,
    profile_llm,
    profile_merge,
    profile_plan,
    profile_show,
    profile_staleness,
)
from spikegraph.api.profiles import (
    Profiled,
    active_profiles,
    profile_activate,
    profile_import,
    profile_status,
    profile_template,
    profile_vectors,
)
from spikegraph.api.runs import (
    activate_run,
    active_run,
    diff_runs,
    list_runs,
    prune_runs,
    remove_runs,
    rollback_run,
    show_run,
    write_back,
)
from spikegraph.api.similarity import SOURCES as SIMILARITY_SOURCES
from spikegraph.api.similarity import similarity
from spikegraph.api.training import evaluate, export, train
from spikegraph.api.tune import tune

__all__ = [
    "SIMILARITY_SOURCES",
    "FoldInReport",
    "Profiled",
    "SplitChoice",
    "activate_run",
    "active_profiles",
    "active_run",
    "batch_export",
    "batch_import",
    "because_of",
    "browser_files",
    "compare",
    "connect",
    "diff_runs",
    "evaluate",
    "explain",
    "export",
    "fold_in",
    "gds_communities",
    "gds_pagerank",
    "gds_sample",
    "gds_similarity",
    "hangs_on",
    "import_lists",
    "ingest",
    "ingest_offline",
    "list_datasets",
    "list_runs",
    "picture",
    "profile_activate",
    "profile_estimate",
    "profile_import",
    "profile_llm",
    "profile_merge",
    "profile_plan",
    "profile_show",
    "profile_staleness",
    "profile_status",
    "profile_template",
    "profile_vectors",
    "prune_runs",
    "recommend",
    "recommend_diverse",
    "recommend_for_group",
    "recommend_for_session",
    "recommend_linked",
    "recommend_live",
    "remove_dataset",
    "remove_runs",
    "rollback_run",
    "show_dataset",
    "show_run",
    "similar",
    "similar_lists",
    "similarity",
    "train",
    "tune",
    "without",
    "write_back",
]
