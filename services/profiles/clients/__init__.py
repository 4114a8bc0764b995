"""The brand clients themselves: made, renamed, archived, never deleted."""
