"""Running the platform on one machine."""


class CannotStart(Exception):
    """Says in a sentence what is wrong and what to do; it is for people and holds no secret."""
