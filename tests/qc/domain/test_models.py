"""Facts about models, and what a picture is to each."""

import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.contracts.models import ModelInfo
from services.qc.domain.models import Models, is_shut_down, picture_tokens, read_models, seen_size
from services.qc.model_file import FILE, shipped_models
from services.usage.rate_card import read_price_files

MODELS = shipped_models()
GPT_4O = MODELS.find("openai", "gpt-4o")
GPT_41 = MODELS.find("openai", "gpt-4.1")
GPT_41_MINI = MODELS.find("openai", "gpt-4.1-mini")
SOL = MODELS.find("openai", "gpt-6.1-sol")
PRO = MODELS.find("google", "gemini-2.5-pro")
FLASH = MODELS.find("google", "gemini-3.8-flash")

side = st.integers(min_value=1, max_value=20_000)
each = st.sampled_from(list(MODELS))


@pytest.mark.parametrize(
    ("info", "width", "height", "tokens"),
    [
        (GPT_4O, 1024, 1024, 765),
        (GPT_4O, 2048, 2048, 765),
        (GPT_4O, 2048, 4096, 1105),
        (GPT_4O, 512, 512, 255),
        (GPT_41, 2049, 513, 1445),
        (GPT_41, 2050, 513, 765),
        (MODELS.find("openai", "gpt-4o-mini"), 2048, 2048, 25_501),
        (MODELS.find("openai", "gpt-5"), 1024, 1024, 630),
        (GPT_41_MINI, 1024, 1024, 1_659),
        (GPT_41_MINI, 2400, 1800, 2_353),
        (GPT_41_MINI, 100_000, 40, 104),
        (SOL, 2048, 2048, 3_000),
        (SOL, 3840, 2160, 2_931),
        (SOL, 4000, 3000, 2_942),
        (PRO, 384, 384, 258),
        (PRO, 960, 540, 1_548),
        (PRO, 2048, 2048, 1_032),
        (FLASH, 300, 9000, 1_120),
    ],
)
def test_picture_costs_what_vendors_publish_and_users_measured(
    info: ModelInfo, width: int, height: int, tokens: int
) -> None:
    assert picture_tokens(info, width, height) == tokens


@pytest.mark.parametrize(
    ("info", "size", "seen"),
    [
        (GPT_4O, (2048, 2048), (768, 768)),
        (GPT_4O, (4000, 1474), (2048, 754)),
        (GPT_41_MINI, (1800, 2400), (1056, 1408)),
        (SOL, (2048, 2048), (1600, 1600)),
        (PRO, (2048, 2048), (1152, 1152)),
        (FLASH, (6144, 3072), (3072, 1536)),
        (GPT_4O, (300, 200), (300, 200)),
        (SOL, (1, 1), (1, 1)),
    ],
)
def test_model_looks_at_a_picture_in_its_own_size(
    info: ModelInfo, size: tuple[int, int], seen: tuple[int, int]
) -> None:
    assert seen_size(info, *size) == seen


@given(each, side, side)
def test_downscaled_picture_is_never_larger_or_dearer(
    info: ModelInfo, width: int, height: int
) -> None:
    seen_width, seen_height = seen_size(info, width, height)

    assert 1 <= seen_width <= width
    assert 1 <= seen_height <= height
    if min(seen_width, seen_height) > 1:
        assert picture_tokens(info, seen_width, seen_height) <= picture_tokens(info, width, height)


@given(each, side, side)
def test_picture_that_a_model_sees_whole_is_not_shrunk_again(
    info: ModelInfo, width: int, height: int
) -> None:
    once = seen_size(info, width, height)
    twice = seen_size(info, *once)

    assert all(first - second <= 1 for first, second in zip(once, twice, strict=True))


def test_dated_state_of_a_model_ends_with_it() -> None:
    dated = MODELS.find("openai", "gpt-4o-2024-11-20")

    assert (dated.model, dated.known) == ("gpt-4o-2024-11-20", True)
    assert (dated.picture, dated.shutdown_on) == (GPT_4O.picture, GPT_4O.shutdown_on)
    assert MODELS.find("google", "gemini-2.0-flash-001").shutdown_on == date(2026, 6, 1)


@pytest.mark.parametrize(
    ("provider", "model", "like"),
    [
        ("openai", "gpt-6.2-sol", SOL),
        ("openai", "gpt-4o-audio-preview", GPT_4O),
        ("google", "models/gemini-3.9-flash-preview-12-2026", FLASH),
        ("openai", "gpt-5.1-codex", MODELS.find("openai", "gpt-5.1")),
    ],
)
def test_unlisted_model_is_taken_for_its_relative_but_has_no_end(
    provider: str, model: str, like: ModelInfo
) -> None:
    found = MODELS.find(provider, model)

    assert (found.picture, found.api, found.reasoning) == (like.picture, like.api, like.reasoning)
    assert (found.model, found.known) == (model, False)
    assert (found.shutdown_on, found.successor) == (None, None)


@pytest.mark.parametrize("model", ["gpt-60", "gpt-4", "llama-4-vision", "gpt-4o1", ""])
def test_what_only_looks_alike_gets_a_careful_guess(model: str) -> None:
    guess = MODELS.unknown["openai"]

    assert MODELS.find("openai", model).picture == guess.picture
    assert not MODELS.find("openai", model).known


def test_own_server_may_serve_anything() -> None:
    found = MODELS.find("studio", "qwen/qwen3-vl-32b")

    assert (found.provider, found.model, found.known) == ("studio", "qwen/qwen3-vl-32b", False)
    assert found.api == "chat"


def test_fine_tuned_model_counts_pictures_as_its_origin() -> None:
    assert MODELS.find("openai", "ft:gpt-4o-2024-08-06:org::abc").picture == GPT_4O.picture


def test_model_ends_at_the_start_of_its_day() -> None:
    assert not is_shut_down(PRO, date(2026, 11, 30))
    assert is_shut_down(PRO, date(2026, 12, 1))
    assert not is_shut_down(SOL, date(2099, 1, 1))


def test_model_that_is_replaced_is_found_as_it_is_now() -> None:
    changed = MODELS.replaced([GPT_4O.model_copy(update={"shutdown_on": date(2028, 1, 1)})])

    assert changed.find("openai", "gpt-4o").shutdown_on == date(2028, 1, 1)
    assert MODELS.find("openai", "gpt-4o").shutdown_on == date(2027, 1, 14)


def test_every_model_with_a_price_is_known_with_its_tiers_and_its_end() -> None:
    for file in read_price_files():
        tiers: dict[str, set[str]] = {}
        for price in file.prices():
            tiers.setdefault(price.model, set()).add(price.service_tier)
        ends = {end.model: end for end in file.models}

        for model, priced in tiers.items():
            info, end = MODELS.by_id[file.provider, model], ends.get(model)
            assert set(info.tiers) == priced, model
            if end:
                assert info.shutdown_on == end.shutdown_on, model
                assert end.successor in ("", info.successor), model


def test_file_says_nothing_that_is_not_read() -> None:
    raw = json.loads(FILE.read_text())
    facts = [*raw["models"], *raw["families"], *raw["unknown"].values()]

    assert {name for one in facts for name in one} <= set(ModelInfo.model_fields)
    for name, rule in raw["pictures"].items():
        assert set(rule) <= set(type(_with_picture(name).picture).model_fields), name


def test_every_end_has_a_successor_that_outlives_it() -> None:
    for info in MODELS:
        assert (info.shutdown_on is None) == (info.successor is None), info.model
        if info.successor and info.shutdown_on:
            assert not is_shut_down(MODELS.find(info.provider, info.successor), info.shutdown_on)


@pytest.mark.parametrize("role", ["successor", "cheaper"])
@pytest.mark.parametrize("other", ["gpt-4o", "gpt-nowhere"])
def test_file_that_names_a_model_which_is_not_there_is_refused(role: str, other: str) -> None:
    raw = json.loads(FILE.read_text())
    raw["models"][0][role] = other

    with pytest.raises(ValueError, match="which is not there"):
        read_models(json.dumps(raw))


def _with_picture(name: str) -> ModelInfo:
    raw = json.loads(FILE.read_text())
    raw["models"] = [{**raw["models"][0], "picture": name, "successor": None, "cheaper": None}]
    models: Models = read_models(json.dumps(raw))
    return next(iter(models))
