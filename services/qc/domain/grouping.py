"""Which judged checks are asked together: of one theme, of the same models, few at a time.

The picture is the dear part of a question, and a group shares it. More than four checks in one
question, and the answers begin to colour each other.
"""

from collections import Counter
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil

from libs.contracts.profiles import Check
from services.qc.domain.judged_checks import THEMES
from services.qc.domain.routing import ModelRef

MOST_CHECKS = 4
LEAST_PRIMED_TOKENS = 2_048
"""No provider keeps a shorter prefix for everybody: OpenAI from 1,024, Gemini from 2,048."""
LEAST_SPARED_TOKENS = 10_000
"""Below that a cache spares less than a cent, and waiting for it doubles the time."""


@dataclass(frozen=True, slots=True)
class Group:
    """Checks that one call asks, and the models in the order of asking."""

    checks: Mapping[str, Check]
    models: tuple[ModelRef, ...]

    @property
    def check_ids(self) -> tuple[str, ...]:
        return tuple(self.checks)

    def without(self, answered: Container[str]) -> "Group":
        """What is left of it when some checks have their answer."""
        return replace(
            self, checks={id: self.checks[id] for id in self.checks if id not in answered}
        )


def groups_of(
    checks: Mapping[str, Check], models: Mapping[str, tuple[ModelRef, ...]]
) -> list[Group]:
    """As few groups as can be, of nearly the same size, neighbours in theme together.

    `models` are those of each check. The order of the checks in the profile decides nothing,
    so that two profiles with the same checks ask the same questions.
    """
    groups = []
    for chain in sorted(set(models.values()), key=str):
        ids = sorted((id for id in checks if models[id] == chain), key=_by_theme)
        size = ceil(len(ids) / ceil(len(ids) / MOST_CHECKS))
        for start in range(0, len(ids), size):
            groups.append(Group({id: checks[id] for id in ids[start : start + size]}, chain))
    return groups


def _by_theme(check_id: str) -> tuple[int, str]:
    themes = [number for number, theme in enumerate(THEMES) if check_id in THEMES[theme]]
    return (themes[0] if themes else len(THEMES), check_id)


def primes(
    groups: Sequence[Group], prefix_tokens: Callable[[ModelRef], int]
) -> tuple[list[Group], list[Group]]:
    """The groups to ask first, and those that then find the shared prefix in the cache.

    `prefix_tokens` is what all calls of a model share: rules, pictures, facts. Calls made at
    the same moment all miss the cache, so one of each model goes ahead where that spares enough.
    """
    asked = Counter(group.models[0] for group in groups)
    prefix = {model: prefix_tokens(model) for model, calls in asked.items() if calls > 1}
    primed = {
        model
        for model, tokens in prefix.items()
        if tokens >= LEAST_PRIMED_TOKENS and tokens * (asked[model] - 1) >= LEAST_SPARED_TOKENS
    }
    first: list[Group] = []
    later: list[Group] = []
    gone_ahead: set[ModelRef] = set()
    for group in groups:
        model = group.models[0]
        (later if model in primed & gone_ahead else first).append(group)
        gone_ahead.add(model)
    return first, later
