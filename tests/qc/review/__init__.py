"""Tests of what people do with finished analyses."""
