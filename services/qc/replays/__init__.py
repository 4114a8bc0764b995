"""Replays: a profile that is not live yet, over analyses that were made before."""
