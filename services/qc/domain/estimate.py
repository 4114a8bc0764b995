"""What calls an analysis will take, and how many tokens each: known before anything is asked."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from services.qc.domain.routing import ModelRef

CHARS_OF_TOKEN = 4
ANSWER_TOKENS = 200
"""What the answer to one check takes, as long as nobody has seen how long they are."""

THINKING_TOKENS = 800
"""What a reasoning model thinks in one call, as long as nobody has seen how much it does."""

ESCALATED = 0.25
"""Share of cheap answers in doubt, as long as there are none to learn from."""

LEAST_CHECKS = 1e-9
"""Expected to be asked again; fewer are none."""

_GUESS_COUNTS_AS = 2
"""Answers that the guess weighs as many as: after a few real ones it hardly counts."""

_PLACES = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class Habit:
    """What calls took lately, summed over `calls` calls that asked `checks` checks."""

    calls: int = 0
    checks: int = 0
    input_tokens: int = 0
    cached_input_tokens: int = 0
    output_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Habits:
    """`of_groups` are calls that asked exactly these checks of this model, `of_models` all of it.

    `escalated` is the share of cheap answers that were in doubt, `doubts` that of each check.
    """

    of_groups: Mapping[tuple[ModelRef, tuple[str, ...]], Habit] = field(default_factory=dict)
    of_models: Mapping[ModelRef, Habit] = field(default_factory=dict)
    escalated: float = ESCALATED
    doubts: Mapping[str, float] = field(default_factory=dict)

    def doubt(self, check_id: str) -> float:
        return self.doubts.get(check_id, self.escalated)


@dataclass(frozen=True, slots=True)
class Asked:
    """One call to be made: `shared_chars` are sent whatever is asked, `chars` are each check's.

    `picture_tokens` is what the model counts for all its pictures.
    """

    model: ModelRef
    chars: Mapping[str, int]
    shared_chars: int
    picture_tokens: int
    reasons: bool = False


@dataclass(frozen=True, slots=True)
class Expected:
    """A call, how often it is made (below 1: perhaps), and the tokens of one."""

    model: ModelRef
    check_ids: tuple[str, ...]
    times: Decimal
    input_tokens: int
    cached_input_tokens: int
    output_tokens: int
    again: bool = False


def text_tokens(chars: float) -> int:
    """Tokens of English text and JSON, as the vendors' rules of thumb have it."""
    return math.ceil(chars / CHARS_OF_TOKEN)


def expected_call(asked: Asked, habits: Habits) -> Expected:
    """A call that is made for certain.

    Calls that asked the same of the same model say best what this one takes: they also know
    what no rule does, such as how many crops go along. Without any, the rules and the length of
    the model's other answers have to do.
    """
    check_ids = tuple(asked.chars)
    same = habits.of_groups.get((asked.model, check_ids))
    if same and same.calls:
        return Expected(
            asked.model,
            check_ids,
            Decimal(1),
            round(same.input_tokens / same.calls),
            round(same.cached_input_tokens / same.calls),
            round(same.output_tokens / same.calls),
        )
    given = asked.picture_tokens + text_tokens(asked.shared_chars + sum(asked.chars.values()))
    return Expected(
        asked.model,
        check_ids,
        Decimal(1),
        given,
        round(given * _cached_share(asked.model, habits)),
        round(_answer_tokens(asked, habits) * len(check_ids)),
    )


def expected_again(
    asked: Asked, habits: Habits, *, budget: float, audit_percent: float, most_checks: int
) -> Expected | None:
    """What is asked again of the strong model, of checks that a cheap one is asked first.

    `asked` holds all of them, with the strong model; `budget` is its part of the escalations of
    the analysis, `most_checks` those of a call. None when nothing will be.
    """
    likely = _likely(asked, habits, budget, audit_percent / 100)
    checks = sum(likely.values())
    if checks < LEAST_CHECKS:
        return None
    calls = max(1 - math.prod(1 - share for share in likely.values()), checks / most_checks)
    each = checks / calls
    own_chars = sum(asked.chars[id] * share for id, share in likely.items()) / checks
    seen = _seen_again(asked, habits)
    if seen.calls:
        given = seen.input_tokens / seen.calls
        given += (each - seen.checks / seen.calls) * own_chars / CHARS_OF_TOKEN
        cached = seen.cached_input_tokens / seen.input_tokens if seen.input_tokens else 0.0
        made = seen.output_tokens / seen.checks
    else:
        given = asked.picture_tokens + text_tokens(asked.shared_chars + own_chars * each)
        cached, made = _cached_share(asked.model, habits), _answer_tokens(asked, habits)
    return Expected(
        asked.model,
        tuple(asked.chars),
        Decimal(calls).quantize(_PLACES),
        max(round(given), 0),
        round(max(given, 0) * cached),
        round(made * each),
        again=True,
    )


def _seen_again(asked: Asked, habits: Habits) -> Habit:
    """Calls that asked the strong model some of these checks: what is asked again is never the
    same for long, but alike.
    """
    return summed(
        [
            habit
            for (model, check_ids), habit in habits.of_groups.items()
            if model == asked.model and asked.chars.keys() >= set(check_ids)
        ]
    )


def _likely(asked: Asked, habits: Habits, budget: float, audited: float) -> dict[str, float]:
    """How likely each check is asked again: doubts within the budget, and audits of the rest."""
    doubts = {check_id: habits.doubt(check_id) for check_id in asked.chars}
    within = min(1.0, budget / total) if (total := sum(doubts.values())) else 0.0
    return {id: doubt * within + (1 - doubt) * audited for id, doubt in doubts.items()}


def _answer_tokens(asked: Asked, habits: Habits) -> float:
    """Output tokens for one check, thinking included."""
    seen = habits.of_models.get(asked.model, Habit())
    guess = ANSWER_TOKENS + (THINKING_TOKENS / len(asked.chars) if asked.reasons else 0)
    return (guess * _GUESS_COUNTS_AS + seen.output_tokens) / (_GUESS_COUNTS_AS + seen.checks)


def _cached_share(model: ModelRef, habits: Habits) -> float:
    seen = habits.of_models.get(model, Habit())
    return seen.cached_input_tokens / seen.input_tokens if seen.input_tokens else 0.0


def summed(habits: Sequence[Habit]) -> Habit:
    return Habit(
        calls=sum(one.calls for one in habits),
        checks=sum(one.checks for one in habits),
        input_tokens=sum(one.input_tokens for one in habits),
        cached_input_tokens=sum(one.cached_input_tokens for one in habits),
        output_tokens=sum(one.output_tokens for one in habits),
    )
