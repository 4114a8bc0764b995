"""Profiles as files: out as a ZIP or as lines of JSON, in all at once or not at all."""
