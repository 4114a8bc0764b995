"""The gateway: who you are, what you may see; forwards the rest."""
