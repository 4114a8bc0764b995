"""The change feed: what happens in the registry, told as it happens."""
