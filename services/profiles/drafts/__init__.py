"""Changes that are looked at before they count: draft, review, apply."""
