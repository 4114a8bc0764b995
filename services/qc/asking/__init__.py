"""Judged checks: groups of them are asked of models, and every call is written down."""
