"""Rules of access. Pure functions: no awaiting, no clock, no network, no database."""
