"""SPiKE as a recommender: inject, propagate, remove; BPR, matching and L2 (spike.md §3)."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple, Self

import torch
from torch import Tensor
from typing_extensions import override

from export.snapshot import Snapshot
from model.batches import Batch, Sampler, UserBatch
from model.config import ModelConfig
from model.fold_in import KnownRows
from model.friendship_graph import friendship_graph
from model.graph import Triples
from model.interactions import Interactions
from model.objectives import objective_of
from model.recommender import Size, TrainedRecommender
from model.similarity_graph import similarity_graph
from model.spike import neighbours
from model.spike.config import SpikeConfig
from model.spike.encoder import SpikeEncoder
from model.spike.fold_in import require_trained, weights_over
from model.spike.matching import matching, sampled_matching
from model.spike.memory import forecast
from model.spike.profiles import ProfileEncoder, reduce
from model.types import Embeddings, Losses
from spikegraph.logs import get_logger


class Profiles(NamedTuple):
    """One pass of the profile MLPs: P_U [U, d] and P_E [E, d], None where nobody reads it."""

    users: Tensor | None
    entities: Tensor | None


class Spike(TrainedRecommender[Batch | UserBatch]):
    """SPiKE on one snapshot.

    Without text vectors nothing is injected or matched: what remains is the encoder of KGRec. Without
    triples an item is its own embedding, plus its users where `users_send_messages`.
    """

    name: ClassVar[str] = "spike"
    config_type: ClassVar[type[ModelConfig]] = SpikeConfig
    has_vectors: ClassVar[bool] = True

    def __init__(
        self, config: SpikeConfig, snapshot: Snapshot, interactions: Interactions, generator: torch.Generator
    ) -> None:
        super().__init__()
        self.num_users, self.num_items = interactions.num_users, interactions.num_items
        self.config = config
        self.objective = objective_of(config.objective, config.temperature, config.l2)
        similar = similarity_graph(snapshot) if config.similar_items == "heard" else None
        triples = Triples.of_items(snapshot)
        if config.attends:
            triples = Triples.from_snapshot(
                snapshot, config.min_entity_degree, similarities=config.similar_items == "attended"
            )
        self.entities = torch.from_numpy(triples.entities)
        friends = friendship_graph(snapshot) if config.friends_share else None
        self.encoder = SpikeEncoder(config, triples, interactions, similar, friends, generator)
        self._add_profiles(snapshot, triples, generator)
        self._tell(len(triples.heads))

    def _add_profiles(self, snapshot: Snapshot, triples: Triples, generator: torch.Generator) -> None:
        self.user_profiles: ProfileEncoder | None = None
        self.entity_profiles: ProfileEncoder | None = None
        users, entities = snapshot.user_profile, snapshot.entity_profile
        if users is None or entities is None or not self._wants_profiles:
            return
        texts = reduce(users, entities[triples.entities], self.config.profile_dimensions)
        dimensions, drop = self.config.dimensions, self.config.profile_dropout
        self.user_profiles = ProfileEncoder(texts[0], dimensions, drop, generator)
        self.entity_profiles = ProfileEncoder(texts[1], dimensions, drop, generator)

    @property
    def _wants_profiles(self) -> bool:
        return self.config.profile_weight > 0 or self.config.matching_weight > 0

    @property
    def has_profiles(self) -> bool:
        """Whether profiles are used: the snapshot came with text vectors, and they are injected or matched."""
        return self.user_profiles is not None

    def _tell(self, triples: int) -> None:
        log = get_logger(__name__)
        if self._wants_profiles and not self.has_profiles:
            log.warning(
                "the snapshot has no text vectors: SPiKE trains without profiles and matching",
                hint="spikegraph export NAME --embedding lsa",
            )
        if self.config.attends and not triples:
            log.warning("the snapshot has no triples: items learn from their own users alone")

    @classmethod
    @override
    def build(
        cls, config: ModelConfig, snapshot: Snapshot, interactions: Interactions, generator: torch.Generator
    ) -> Self:
        """Make it; see the contract."""
        assert isinstance(config, SpikeConfig)
        return cls(config, snapshot, interactions, generator)

    @override
    def encode(self) -> Embeddings:
        """Give the final embeddings (spike.md §3.2, in evaluation: E plus the summed layers)."""
        with torch.no_grad():
            users, entities = self.nodes()
        return self.objective.embeddings(users, entities[: self.num_items])

    def nodes(self) -> tuple[Tensor, Tensor]:
        """Give the final embeddings of users [U, d] and of all kept entities [E, d], without dropout."""
        injected = self._profiles(None, users=self.config.users_send_messages)
        return self._final(injected, injected, None)

    @override
    def sampler(self, interactions: Interactions) -> Sampler[Any]:
        """Give the batches of the objective."""
        return self.objective.sampler(interactions)

    @override
    def loss(self, batch: Batch | UserBatch, generator: torch.Generator) -> Losses:
        """The objective, for BPR with L2 on the batch's final embeddings, and β · matching."""
        if self.config.neighbours is not None and isinstance(batch, Batch):
            return neighbours.loss(self.encoder, self._networks, batch, generator)
        passes = self._training_passes(generator)
        users, entities = self._final(passes[0], passes[1], generator)
        parts = self.objective.parts(users, entities[: self.num_items], batch)
        if self._matches:
            parts["matching"] = self.config.matching_weight * self._matching(users, entities, passes[2], generator)
        return parts

    @property
    def _networks(self) -> tuple[ProfileEncoder, ProfileEncoder] | None:
        if self.user_profiles is None or self.entity_profiles is None:
            return None
        return self.user_profiles, self.entity_profiles

    @property
    def _matches(self) -> bool:
        return self.has_profiles and self.config.matching_weight > 0

    def _training_passes(self, generator: torch.Generator) -> list[Profiles]:
        """Encode the profiles for injection, removal and matching: once, or with a fresh mask each."""
        if self.config.share_profile_dropout:
            return [self._profiles(generator, users=self._matches or self.config.users_send_messages)] * 3
        passes, networks = 3 if self._matches else 2, self._networks
        if networks is None:
            return [Profiles(None, None)] * passes
        of_both = (network.passes(passes, generator) for network in networks)
        return [Profiles(*one) for one in zip(*of_both, strict=True)]

    def _profiles(self, generator: torch.Generator | None, *, users: bool) -> Profiles:
        """Encode the entities' profiles, and the users' where somebody reads them."""
        networks = self._networks
        if networks is None:
            return Profiles(None, None)
        return Profiles(networks[0](generator) if users else None, networks[1](generator))

    def _final(self, injected: Profiles, removed: Profiles, generator: torch.Generator | None) -> tuple[Tensor, Tensor]:
        """Inject, propagate, remove.

        What is injected cancels with what is removed where both are one pass, so neither is computed
        then; it acts through what was propagated.
        """
        own = self.encoder.embedding[: self.num_users], self.encoder.embedding[self.num_users :]
        share = self.config.profile_weight
        inputs = [base if p is None else base + share * p for base, p in zip(own, injected, strict=True)]
        summed = self.encoder.layers(inputs[0], inputs[1], generator)
        final = [base + layers for base, layers in zip(own, summed, strict=True)]
        if removed is not injected:
            rests = zip(injected, removed, strict=True)
            noise = [None if a is None or b is None else share * (a - b) for a, b in rests]
            final = [part if rest is None else part + rest for part, rest in zip(final, noise, strict=True)]
        return final[0], final[1]

    def _matching(self, users: Tensor, entities: Tensor, profiles: Profiles, generator: torch.Generator) -> Tensor:
        assert profiles.users is not None
        assert profiles.entities is not None
        texts = torch.cat([profiles.users, profiles.entities])
        nodes = torch.cat([users, entities]) if self.config.match_on == "final" else self.encoder.embedding
        if self.config.match_mode == "gram":
            return matching(nodes, texts)
        return sampled_matching(nodes, texts, self.config.match_ratio, self.config.match_repeats, generator)

    @override
    def fold_in(self, snapshot: Snapshot, interactions: Interactions, known: KnownRows) -> Self:
        """Give the encoder over another graph; see the contract, and `model.spike.fold_in`."""
        require_trained(self.config, snapshot, known, profiles=self.has_profiles)
        model = type(self).build(self.config, snapshot, interactions, torch.Generator())
        kept = self.entities, model.entities
        folded_in = weights_over(self.encoder, kept, snapshot, interactions, known)
        model.load_state_dict({**self.state_dict(), **folded_in})
        return model.to(self.device)

    @classmethod
    @override
    def forecast_bytes(cls, config: ModelConfig, size: Size) -> int:
        """Count it part by part; see `model.spike.memory`."""
        assert isinstance(config, SpikeConfig)
        return forecast(config, size)
