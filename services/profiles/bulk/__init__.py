"""Changing many profiles at once: plan, review, commit, undo."""
