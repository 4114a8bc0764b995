"""Pictures in request bodies: shared, whole, in their order, and impossible to forge."""

import asyncio
import base64
import tracemalloc
from typing import Any

import pytest

from services.qc.providers import Picture, Provider
from services.qc.providers.bodies import CHUNK_BYTES, SENDERS, Carried, Door
from tests.fake_providers import FakeProviders, Scripted
from tests.qc.providers.conftest import BY_RESPONSES, MODELS, question

WAYS = [("openai", MODELS["openai"]), ("openai", BY_RESPONSES), ("google", MODELS["google"])]
each_way = pytest.mark.parametrize(("name", "model"), WAYS)
WHOLE = Picture(b"\xff\xd8\xff whole" * 60_000, "image/jpeg")
CROP = Picture(b"\x89PNG crop" * 7, "image/png")


def pictures_of(body: dict[str, Any]) -> list[tuple[str, bytes]]:
    """Type and bytes of each picture of a request, in its order, whatever its dialect."""
    said = body.get("contents") or body.get("input") or body["messages"]
    found = []
    for part in said[-1].get("parts") or said[-1]["content"]:
        if "inlineData" in part:
            given = part["inlineData"]
            mime, text = given.get("mimeType") or given["mime_type"], given["data"]
        elif "image_url" in part:
            given = part["image_url"]
            url = given if isinstance(given, str) else given["url"]
            mime, text = url.removeprefix("data:").split(";base64,")
        else:
            continue
        found.append((mime, base64.b64decode(text, validate=True)))
    return found


@each_way
async def test_every_picture_arrives_whole_and_in_its_place(
    name: str, model: str, fake: FakeProviders, providers: dict[str, Provider]
) -> None:
    asked = question(
        model, pictures=(WHOLE, CROP, WHOLE), text="Was steht unten? \u00e4\u2019\U0001f600"
    )
    await providers[name].ask(asked)

    [(headers, body)] = fake.requests
    whole, crop = ("image/jpeg", WHOLE.data), ("image/png", CROP.data)
    assert pictures_of(body) == [whole, crop, whole]
    assert fake.calls[0].question == asked.text
    assert headers["Content-Type"] == "application/json"
    assert "Transfer-Encoding" not in headers


@each_way
async def test_a_question_without_a_picture_can_be_asked(
    name: str, model: str, fake: FakeProviders, providers: dict[str, Provider]
) -> None:
    reply = await providers[name].ask(question(model, pictures=()))

    assert reply.outcome == "answered"
    assert pictures_of(fake.requests[0][1]) == []


@each_way
async def test_calls_at_once_carry_their_own_pictures(
    name: str, model: str, fake: FakeProviders, providers: dict[str, Provider]
) -> None:
    others = [Picture(bytes([number]) * 90_000, "image/png") for number in range(12)]

    await asyncio.gather(
        *(
            providers[name].ask(question(model, pictures=(picture,), text=f"number {number}"))
            for number, picture in enumerate(others)
        )
    )

    for call, (_, body) in zip(fake.calls, fake.requests, strict=True):
        [(_, data)] = pictures_of(body)
        assert data == others[int(call.question.split()[-1])].data


async def test_many_bodies_hold_one_copy_of_a_picture() -> None:
    picture = Picture(bytes(1 << 20), "image/png")
    carried = Carried([picture])
    written = f'{{"picture": "{carried.data_urls[0]}"}}'.encode()
    tracemalloc.start()
    bodies = [carried.body(written) for _ in range(20)]
    sent = [[chunk async for chunk in body] for body in bodies]
    _, most_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert sum(len(chunk) for chunks in sent for chunk in chunks) > 20 * len(picture.base64)
    assert most_bytes < len(picture.base64) / 2


async def test_a_body_can_be_sent_again_and_comes_in_small_pieces() -> None:
    carried = Carried([WHOLE])
    body = carried.body(f'["{carried.data_urls[0]}"]'.encode())

    first = [bytes(chunk) async for chunk in body]
    second = [bytes(chunk) async for chunk in body]

    assert first == second
    assert b"".join(first) == f'["{WHOLE.data_url}"]'.encode()
    assert body.size_bytes == sum(map(len, first))
    assert max(map(len, first)) <= CHUNK_BYTES


@pytest.mark.parametrize("written", ["[]", '["{0}", "{0}"]', '["{1}", "{0}"]'])
def test_a_body_without_each_picture_once_is_never_sent(written: str) -> None:
    carried = Carried([WHOLE, CROP])
    text = written.format(*carried.data_urls)
    with pytest.raises(RuntimeError, match="each of its pictures"):
        carried.body(text.encode())


def test_what_stands_for_a_picture_cannot_be_guessed() -> None:
    seen = set()
    for _ in range(100):
        carried = Carried([WHOLE])
        seen |= {*carried.data_urls}

    assert len(seen) == 100
    assert all(len(url.partition("base64,")[2]) == 32 for url in seen)


@each_way
async def test_text_that_looks_like_a_picture_stays_text(
    name: str, model: str, fake: FakeProviders, providers: dict[str, Provider]
) -> None:
    earlier = Carried([CROP])
    text = f"read {earlier.data_urls[0]} and {WHOLE.data_url[:60]}"

    await providers[name].ask(question(model, text=text))

    assert fake.calls[0].question == text
    assert len(pictures_of(fake.requests[0][1])) == 1


async def test_who_has_sent_makes_room_for_who_wants_to_send() -> None:
    door, sent = Door(2), []
    one, two, three = Carried([]), Carried([]), Carried([])

    async def send(carried: Carried) -> None:
        async with door.opened_for(carried):
            sent.append(carried)
            await asyncio.Event().wait()

    running = [asyncio.create_task(send(carried)) for carried in (one, two, three)]
    await asyncio.sleep(0.01)
    at_first = [*sent]
    one.gone()
    one.gone()
    await asyncio.sleep(0.01)
    then = [*sent]
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)
    async with door.opened_for(Carried([])), door.opened_for(Carried([])):
        pass

    assert (at_first, then) == ([one, two], [one, two, three])


@each_way
async def test_calls_that_wait_for_their_answers_keep_nobody_from_sending(
    name: str, model: str, fake: FakeProviders, providers: dict[str, Provider]
) -> None:
    fake.answer_with(Scripted(delay_s=8.0, times=0))
    all_of_them = 2 * SENDERS + 5
    asked = [asyncio.create_task(providers[name].ask(question(model))) for _ in range(all_of_them)]

    async with asyncio.timeout(60):
        while len(fake.calls) < all_of_them and not any(task.done() for task in asked):
            await asyncio.sleep(0.01)
    for task in asked:
        task.cancel()
    ended = await asyncio.gather(*asked, return_exceptions=True)

    assert len(fake.calls) == all_of_them
    assert all(isinstance(one, asyncio.CancelledError) for one in ended)


def test_a_picture_shows_nothing_of_itself() -> None:
    assert WHOLE.size_bytes == len(WHOLE.data)
    assert repr(WHOLE) == f"Picture(image/jpeg, {WHOLE.sha256[:12]})"
    assert base64.b64decode(WHOLE.base64) == WHOLE.data
