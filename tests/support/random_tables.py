"""A random data set as tables: gaps, hubs, lonely nodes and names that are missing or strange."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ingest.tables import Tables

NAMES = ("Plain", "Ünïcode ☃", 'Quo"ted', "{tail}", "Line\\nbreak", "")


def random_tables(
    seed: int = 0, num_users: int = 40, num_items: int = 60, num_auxiliary: int = 50, num_triples: int = 300
) -> Tables:
    """Give a data set with a given split; some users, items and entities occur nowhere else."""
    generator = np.random.default_rng(seed)
    entities = [f"thing/{n}" for n in range(num_items + num_auxiliary)]
    types = [f"RELATION_{n}" for n in range(5)]
    triples = pd.DataFrame(
        {
            "head": generator.choice(entities, num_triples),
            "relation": generator.choice(types[:4], num_triples),
            "tail": generator.choice(entities[: num_items + num_auxiliary // 2], num_triples),
        }
    )
    pairs = generator.choice(num_users * num_items, size=400, replace=False)
    return Tables(
        users=pd.DataFrame({"key": [f"user/{n}" for n in range(num_users)], "name": _names(generator, num_users)}),
        entities=pd.DataFrame(
            {
                "key": entities,
                "name": _names(generator, len(entities)),
                "label": ["Film"] * num_items + generator.choice(["Person", "Genre"], num_auxiliary).tolist(),
                "is_item": [n < num_items for n in range(len(entities))],
            }
        ),
        triples=triples[triples["head"] != triples["tail"]].drop_duplicates(ignore_index=True),
        relations=pd.DataFrame(
            {"type": types, "name": [t.lower() for t in types], "sentence": ["{head} goes with {tail}."] * 5}
        ),
        interactions=pd.DataFrame(
            {
                "user": [f"user/{n // num_items}" for n in pairs],
                "item": [f"thing/{n % num_items}" for n in pairs],
                "split": generator.choice(["train", "train", "train", "valid", "test"], len(pairs)),
            }
        ),
        label="Random",
        source="drawn at random",
    )


def _names(generator: np.random.Generator, count: int) -> list[str]:
    return generator.choice(NAMES, count).tolist()
