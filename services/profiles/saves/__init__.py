"""Saves that come too late, and whom a save moves."""
