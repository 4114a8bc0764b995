"""Rules of the ledger: no waiting, no clock, no network, no database."""
