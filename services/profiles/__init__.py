"""The profile registry: clients, profiles, immutable versions, bindings, audit."""
