"""Writers of profiles: one module each, all through the contract of `llm_profiles.contract`."""
