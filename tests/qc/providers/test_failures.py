"""What can go wrong between us and a provider, for each of them, over the real SDKs."""

import json
import logging
import socket
import time
import traceback
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from aiohttp import web
from pydantic import SecretStr

from services.qc.domain.answer import parse_answers
from services.qc.domain.routing import FailureKind
from services.qc.domain.usage import UNKNOWN_USAGE, settled_usage
from services.qc.providers import Provider, ProviderFailed, open_providers
from services.qc.providers.failures import quoted, retry_after_s
from tests.fake_providers import FakeProviders, Scripted
from tests.qc.providers.conftest import ATTEMPT_ID, GOOGLE_KEY, MODELS, OPENAI_KEY, question

NAMES = ("openai", "google")
each_provider = pytest.mark.parametrize("name", NAMES)


async def failure(provider: Provider, *, timeout_s: float = 10.0) -> ProviderFailed:
    with pytest.raises(ProviderFailed) as failed:
        await provider.ask(question(MODELS[provider.name], timeout_s=timeout_s))
    return failed.value


@each_provider
async def test_a_burst_tells_how_long_to_wait(
    name: str, fake: FakeProviders, providers: dict[str, Provider]
) -> None:
    fake.answer_with(Scripted(status=429, headers={"retry-after": "7"}))

    failed = await failure(providers[name])

    assert (failed.kind, failed.status, failed.retry_after_s) == (FailureKind.RATE_LIMITED, 429, 7)
    assert len(fake.calls) == 1


@each_provider
@pytest.mark.parametrize("status", [500, 502, 503])
async def test_a_server_error_is_one_request_with_unknown_usage(
    name: str, status: int, fake: FakeProviders, providers: dict[str, Provider]
) -> None:
    fake.answer_with(Scripted(status=status, body="<html>\u00e4 bad gateway</html>"))

    failed = await failure(providers[name])

    assert (failed.kind, failed.status) == (FailureKind.SERVER_ERROR, status)
    assert settled_usage(failed.usage, failed.kind) == UNKNOWN_USAGE
    assert len(fake.calls) == 1


@pytest.mark.parametrize(
    ("name", "setting"), [("openai", "OPENAI_API_KEY"), ("google", "GEMINI_API_KEY")]
)
@pytest.mark.parametrize("status", [401, 403])
async def test_a_wrong_key_names_its_setting(
    name: str, setting: str, status: int, fake: FakeProviders, providers: dict[str, Provider]
) -> None:
    fake.answer_with(Scripted(status=status))

    failed = await failure(providers[name])

    assert failed.kind is FailureKind.UNAUTHORIZED
    assert setting in failed.message


@each_provider
async def test_a_late_answer_is_timed_out_and_was_billed_all_the_same(
    name: str, fake: FakeProviders, providers: dict[str, Provider]
) -> None:
    fake.answer_with(Scripted(delay_s=20))
    started_s = time.monotonic()

    failed = await failure(providers[name], timeout_s=0.3)

    assert failed.kind is FailureKind.TIMED_OUT
    assert time.monotonic() - started_s < 10
    assert [call.attempt_id for call in fake.billed] == [str(ATTEMPT_ID)]


@each_provider
async def test_nobody_listening_is_unreachable(name: str) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
    async with open_providers(
        openai_api_key=SecretStr(OPENAI_KEY),
        openai_base_url=url,
        google_api_key=SecretStr(GOOGLE_KEY),
        google_base_url=url,
    ) as providers:
        failed = await failure(providers[name])

    assert failed.kind is FailureKind.UNREACHABLE
    assert "BASE_URL" in failed.message


@each_provider
@pytest.mark.parametrize("broken", [Scripted(cut=True), Scripted(drop=True)])
async def test_a_broken_connection_is_not_silently_asked_again(
    name: str, broken: Scripted, fake: FakeProviders, providers: dict[str, Provider]
) -> None:
    fake.answer_with(broken)

    failed = await failure(providers[name])

    assert failed.kind is FailureKind.INTERRUPTED
    assert settled_usage(failed.usage, failed.kind) == UNKNOWN_USAGE
    assert [call.fully_sent for call in fake.calls] == [False]


@each_provider
@pytest.mark.parametrize("body", ["<html>welcome</html>", '{"choices": [', "[]", ""])
async def test_a_body_that_is_not_the_promised_json(
    name: str, body: str, fake: FakeProviders, providers: dict[str, Provider]
) -> None:
    fake.answer_with(Scripted(body=body))

    assert (await failure(providers[name])).kind is FailureKind.INTERRUPTED


@each_provider
async def test_a_score_out_of_range_is_unusable_but_its_usage_is_kept(
    name: str, fake: FakeProviders, providers: dict[str, Provider]
) -> None:
    answer = {"evidence": "a", "verdict": "pass", "score": 870, "findings": []}
    fake.answer_with(Scripted(text=json.dumps(answer)))

    reply = await providers[name].ask(question(MODELS[name]))

    assert not parse_answers(reply.text or "", ["logo"]).usable
    assert reply.usage is not None
    assert reply.usage.adds_up
    assert reply.usage.raw == fake.billed[0].usage


@each_provider
async def test_a_redirect_is_not_followed(
    name: str, fake: FakeProviders, providers: dict[str, Provider]
) -> None:
    visits = []

    async def elsewhere(request: web.Request) -> web.Response:
        visits.append(request.path)
        return web.json_response({})

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", elsewhere)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    address = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    fake.answer_with(Scripted(status=307, headers={"location": address}, body={}))

    failed = await failure(providers[name])
    await runner.cleanup()

    assert failed.kind is FailureKind.INVALID_REQUEST
    assert "redirect" in failed.message
    assert visits == []


SCENES = {
    "wrong key": Scripted(
        status=401,
        body={"error": {"message": f"Incorrect key: {OPENAI_KEY} {GOOGLE_KEY}", "code": "x"}},
    ),
    "echo of the key": Scripted(
        status=400, body={"error": {"message": f"no: {OPENAI_KEY} {GOOGLE_KEY}", "code": "x"}}
    ),
    "server error": Scripted(status=500),
    "time-out": Scripted(delay_s=1.0),
    "broken": Scripted(drop=True),
}


@each_provider
@pytest.mark.parametrize("scene", SCENES)
async def test_no_key_and_no_picture_in_any_error_or_log(
    name: str,
    scene: str,
    fake: FakeProviders,
    providers: dict[str, Provider],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    fake.answer_with(SCENES[scene])

    failed = await failure(providers[name], timeout_s=0.4)

    asked = question(MODELS[name])
    everything = "\n".join(
        [*traceback.format_exception(failed), repr(vars(failed)), repr(asked), caplog.text]
    )
    assert failed.__cause__ is None
    assert failed.__context__ is None
    assert OPENAI_KEY[8:] not in everything
    assert GOOGLE_KEY[8:] not in everything
    assert asked.pictures[0].data_url[40:80] not in everything
    assert "\\x89PNG" not in everything


def test_words_of_a_provider_are_short_and_without_keys() -> None:
    said = quoted("bad key sk-ab****wxyz1 of org-Ab12Cd34\n" + "x " * 500)

    assert "wxyz1" not in said
    assert "Ab12" not in said
    assert len(said) <= 300
    assert "\n" not in said


def test_the_wait_is_read_in_every_form_that_providers_use() -> None:
    at = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)

    assert retry_after_s({"retry-after-ms": "250", "retry-after": "1"}) == 0.25
    assert retry_after_s({"retry-after": "2.5"}) == 2.5
    assert 25 < (retry_after_s({"retry-after": at}) or 0) <= 30
    assert retry_after_s({}, "Please try again in 644ms.") == pytest.approx(0.644)
    assert retry_after_s({}, "Please retry in 34.1s.") == pytest.approx(34.1)
    assert retry_after_s({"retry-after": "soon"}) is None
    assert retry_after_s({}) is None
