"""Finding profiles, and what uses a profile, a check, a model or a reference asset."""
