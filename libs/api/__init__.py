"""Typed HTTP callers: one class for each service."""
