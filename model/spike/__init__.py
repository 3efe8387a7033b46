"""SPiKE: semantic profiles injected into a knowledge graph encoder (Ahn, Shin, Seo, KDD 2026)."""
