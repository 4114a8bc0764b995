"""Profiles for tests: valid as they stand, and different only where a test says so."""

from typing import Any


def judged(**fields: Any) -> dict[str, Any]:
    """A judged check as it is sent."""
    return {
        "kind": "judged",
        "title": "Call to action",
        "weight": 2.0,
        "prompt": "Find the call to action. Pass when there is one.",
        **fields,
    }


def exact(**fields: Any) -> dict[str, Any]:
    """An exact check as it is sent."""
    return {"kind": "exact", "weight": 1.0, "parameters": {"min_width_px": 800}, **fields}


def draft(**fields: Any) -> dict[str, Any]:
    """Body of a new profile that every client may use."""
    return {
        "name": "My profile",
        "description": "What we look at.",
        "visibility": "all",
        "visible_to_clients": [],
        "pass_threshold": 85,
        "checks": {"call_to_action": judged(), "image_resolution": exact()},
        **fields,
    }


def draft_for(*clients: str, **fields: Any) -> dict[str, Any]:
    """Body of a new profile of these clients."""
    return draft(visibility="client_specific", visible_to_clients=list(clients), **fields)
