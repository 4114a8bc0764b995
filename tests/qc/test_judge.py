"""What all judged checks of a process share."""

from typing import Any, cast

import pytest

from libs.contracts.profiles import Check
from services.qc.asking.judge import Judge
from services.qc.models import Registry


def judge(*providers: str) -> Judge:
    """One that asks nobody: only what it knows of models is looked at."""
    return Judge(
        pool=cast(Any, None),
        registry=Registry(cast(Any, None)),
        providers=cast(Any, dict.fromkeys(providers)),
        default_models=("openai/gpt-6-sol",),
        limits=cast(Any, None),
        timeout_s=1,
        run_timeout_s=1,
        max_output_tokens=1,
    )


@pytest.mark.parametrize(
    ("models", "widths"),
    [
        ((), {1600}),
        (("google/gemini-2.5-flash",), {1152}),
        (("openai/gpt-5-chat-latest",), {1600}),
        (("openai/gpt-6-sol", "google/gemini-2.5-flash"), {1600, 1152}),
    ],
)
def test_pictures_are_drawn_for_the_models_that_will_be_asked(
    models: tuple[str, ...], widths: set[int]
) -> None:
    check = Check(kind="judged", prompt="Is it good?", models=list(models))

    sizes = judge("openai", "google").sizes_seen([check])

    assert {seen(2048, 2048)[0] for seen in sizes} == widths


def test_no_picture_is_drawn_for_models_without_a_key() -> None:
    check = Check(kind="judged", prompt="Is it good?", models=["google/gemini-2.5-flash"])

    assert judge("openai").sizes_seen([check]) == []
