"""Children that open files: limits hold, and a file that kills one takes nothing with it."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest
from PIL import Image

from libs.contracts.qc import Creative
from libs.problems import Invalid, TooLarge, TooMany, Unsupported
from services.qc.decoder_process import ChildFailed, ChildLimits
from services.qc.decoders import Decoders
from services.qc.domain.brief import Brief
from services.qc.domain.views import Showing

LIMITS = ChildLimits(
    memory_bytes=1 << 30,
    max_pixels=4_000_000,
    max_pages=10,
    open_timeout_s=20.0,
    examine_timeout_s=30.0,
)


@pytest.fixture
async def decoders() -> AsyncIterator[Decoders]:
    async with Decoders(1, LIMITS) as decoders:
        yield decoders


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "stored-under-a-hash"
    Image.effect_noise((300, 200), 50).convert("RGB").save(path, "PNG")
    return path


def creative(name: str = "a.png") -> Creative:
    return Creative(
        file_name=name, sha256="", bytes=1, format="PNG", width_px=300, height_px=200, pages=1
    )


async def examined(
    decoders: Decoders, path: Path, checks: dict[str, Any], showing: Showing | None = None
) -> list[dict[str, Any]]:
    stream = decoders.examine(path, creative(), checks, Brief(), showing)
    return [message async for message in stream]


def exact(measure: str, **parameters: object) -> dict[str, Any]:
    return {"measure": measure, "parameters": parameters}


def children() -> list[psutil.Process]:
    return [c for c in psutil.Process().children() if "services.qc.child" in c.cmdline()]


async def test_open_tells_the_facts(decoders: Decoders, picture: Path) -> None:
    opened = await decoders.open(picture, "a.png")

    assert (opened["format"], opened["width_px"], opened["height_px"]) == ("PNG", 300, 200)


async def test_child_is_warm_and_used_again(decoders: Decoders, picture: Path) -> None:
    await decoders.open(picture, "a.png")
    first = {child.pid for child in children()}
    await decoders.open(picture, "a.png")

    assert {child.pid for child in children()} == first
    assert len(first) == 1


async def test_what_cannot_be_opened_says_why_and_keeps_the_child(
    decoders: Decoders, tmp_path: Path, picture: Path
) -> None:
    text, large = tmp_path / "text", tmp_path / "large"
    text.write_text("hello")
    Image.new("1", (3000, 3000)).save(large, "PNG")

    with pytest.raises(Unsupported):
        await decoders.open(text, "a.png")
    with pytest.raises(TooLarge, match="4,000,000"):
        await decoders.open(large, "b.png")
    assert (await decoders.open(picture, "a.png"))["pages"] == 1


async def test_child_that_hangs_is_replaced(picture: Path) -> None:
    async with Decoders(1, replace(LIMITS, examine_timeout_s=3.0)) as decoders:
        checks = {"words": exact("word_count")}  # long enough to be caught at it
        messages: list[dict[str, Any]] = []
        async for message in decoders.examine(picture, creative(), checks, Brief(), None):
            messages.append(message)
            if "started" in message:
                for child in children():
                    child.suspend()
        outcome = next(m["measured"] for m in messages if "measured" in m)
        assert (outcome["state"], "longer than 3 s" in outcome["reason"]) == ("error", True)
        assert (await decoders.open(picture, "a.png"))["pages"] == 1


async def test_file_that_hangs_a_warm_child_is_not_tried_in_another(
    tmp_path: Path, picture: Path
) -> None:
    blur = '<filter id="f"><feTurbulence numOctaves="99" baseFrequency="0.9"/></filter>'
    endless = tmp_path / "endless"
    endless.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" width="900" height="900">{blur}'
        '<rect filter="url(#f)" width="900" height="900"/></svg>'
    )
    async with Decoders(1, replace(LIMITS, open_timeout_s=4.0)) as decoders:
        await decoders.open(picture, "a.png")
        began = time.monotonic()
        with pytest.raises(Invalid, match="longer than 4 s") as refused:
            await decoders.open(endless, "a.svg")

    assert time.monotonic() - began < 7
    assert refused.value.code == "too_hard_to_open"


async def test_check_that_kills_its_child_ends_alone(decoders: Decoders, picture: Path) -> None:
    checks = {"ratio": exact("aspect_ratio"), "weight": exact("file_weight")}
    seen: list[str] = []
    async for message in decoders.examine(picture, creative(), checks, Brief(), None):
        if message.get("started") == "ratio":
            for child in children():
                child.kill()
        if "check_id" in message:
            seen.append(message["check_id"])

    assert sorted(seen) == ["ratio", "weight"]


async def test_file_that_cannot_be_opened_any_more_makes_every_check_an_error(
    decoders: Decoders, tmp_path: Path
) -> None:
    path = tmp_path / "cut"
    path.write_bytes(b"\xff\xd8\xff\xe0" + bytes(100))
    checks = {"ratio": exact("aspect_ratio"), "weight": exact("file_weight")}

    messages = await examined(decoders, path, checks, Showing(folder=tmp_path))

    outcomes = {m["check_id"]: m["measured"]["state"] for m in messages if "check_id" in m}
    assert outcomes == {"ratio": "error", "weight": "error"}


async def test_child_that_died_while_idle_is_not_the_files_fault(
    decoders: Decoders, picture: Path
) -> None:
    await decoders.open(picture, "a.png")
    for child in children():
        child.kill()
    assert (await decoders.open(picture, "a.png"))["pages"] == 1


async def test_opening_does_not_stand_behind_examining(decoders: Decoders, picture: Path) -> None:
    slow = exact("file_naming", pattern="(a+)+b")
    stream = decoders.examine(picture, creative("a" * 60 + ".png"), {"name": slow}, Brief(), None)
    assert await anext(stream) == {"started": "name"}

    opened = await asyncio.wait_for(decoders.open(picture, "a.png"), 10)

    assert opened["pages"] == 1
    for child in children():
        child.kill()
    async for _ in stream:
        pass


async def test_memory_limit_holds(tmp_path: Path) -> None:
    path = tmp_path / "wide"
    Image.new("RGB", (8000, 8000)).save(path, "PNG")
    limits = replace(LIMITS, memory_bytes=120 << 20, max_pixels=64_000_000)
    async with Decoders(1, limits) as decoders:
        with pytest.raises((Invalid, TooLarge)):
            await decoders.open(path, "wide.png")


async def test_child_sees_no_secret(
    decoders: Decoders, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary-0123456789")
    await decoders.open(picture, "a.png")

    (child,) = children()
    assert "canary" not in "".join([*child.environ().values(), *child.cmdline()])


async def test_queue_is_bounded(picture: Path) -> None:
    async with Decoders(1, LIMITS, most_waiting=1) as decoders:
        outcomes = await asyncio.gather(
            *(decoders.open(picture, "a.png") for _ in range(4)), return_exceptions=True
        )

    assert sum(isinstance(outcome, TooMany) for outcome in outcomes) >= 1
    assert sum(isinstance(outcome, dict) for outcome in outcomes) >= 1


async def test_no_child_outlives_the_pool(picture: Path) -> None:
    async with Decoders(2, LIMITS) as decoders:
        await asyncio.gather(*(decoders.open(picture, "a.png") for _ in range(2)))

    assert children() == []


async def test_file_that_is_gone_fails_and_names_no_path(
    decoders: Decoders, tmp_path: Path
) -> None:
    with pytest.raises((ChildFailed, Invalid)) as failure:
        await decoders.open(tmp_path / "gone", "a.png")

    assert str(tmp_path) not in str(failure.value)
