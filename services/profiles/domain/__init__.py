"""Rules of the registry. Pure functions: no awaiting, no clock, no network, no database."""
