"""Calls to a provider, ours and others', in a process whose CPU and memory are theirs alone.

`python -m tests.bench.calls URL API` measures one API (chat, responses, gemini) and prints JSON.
"""

import asyncio
import base64
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import openai
from google import genai
from google.genai import types
from pydantic import SecretStr

from libs.contracts.models import ModelInfo
from libs.ids import uuid7
from services.qc.domain.answer_schema import answers_schema
from services.qc.domain.prompt import SYSTEM
from services.qc.model_file import shipped_models
from services.qc.providers import Picture, Provider, ProviderFailed, Question, open_providers
from tests.bench.board import in_turn, typical

CHECKS = 11
MANY, MOST = 20, 100
SENT_BYTES = 1 << 20
PICTURE_BYTES = SENT_BYTES * 3 // 4
"""A picture before base64, which is what is sent."""

KEY = "sk-bench-0123456789"
SCHEMA = answers_schema([f"judged_{number}" for number in range(4)])
TEXT = "Is the headline clear of the edge? " * 40
MODELS = {"chat": "gpt-4o", "responses": "gpt-5-pro", "gemini": "gemini-2.5-pro"}

Way = Callable[[int], Awaitable[dict[str, float]]]


def peak_bytes() -> int:
    """The most that this process ever held in memory."""
    status = Path("/proc/self/status").read_text().splitlines()
    [kilobytes] = [line.split()[1] for line in status if line.startswith("VmHWM")]
    return int(kilobytes) << 10


class Bench:
    """`one_call` of each way sends the picture of its analysis once."""

    def __init__(self, url: str, api: str, ours: Provider, session: aiohttp.ClientSession) -> None:
        self._url = url
        self._model = MODELS[api]
        self._ours = ours
        self._session = session
        self._openai = openai.AsyncOpenAI(api_key=KEY, base_url=f"{url}/v1", max_retries=0)
        options = types.HttpOptions(base_url=url, api_version="v1beta")
        self._gemini = genai.Client(api_key=KEY, http_options=options)
        self._as_it_comes = {
            "chat": self._sdk_chat,
            "responses": self._sdk_responses,
            "gemini": self._sdk_gemini,
        }[api]

    async def ours(self, analyses: int) -> dict[str, float]:
        async def one_call(picture: Picture) -> None:
            await self._ours.ask(
                Question(
                    model=self._model,
                    system=SYSTEM,
                    pictures=(picture,),
                    text=TEXT,
                    schema=SCHEMA,
                    attempt_id=uuid7(),
                )
            )

        pictures = [Picture(os.urandom(PICTURE_BYTES), "image/jpeg") for _ in range(analyses)]
        return await _timed(one_call, pictures)

    async def bare(self, analyses: int) -> dict[str, float]:
        """A bare HTTP client with the same parts, shared in the same way: the floor."""

        async def chunks(picture: bytes) -> AsyncIterator[bytes | memoryview]:
            view = memoryview(picture)
            for start in range(0, len(view), 1 << 16):
                yield view[start : start + (1 << 16)]

        async def one_call(picture: bytes) -> None:
            headers = {"Content-Length": str(len(picture)), "Content-Type": "application/json"}
            url = f"{self._url}/v1/chat/completions"
            async with self._session.post(url, data=chunks(picture), headers=headers) as answer:
                await answer.json()

        bodies = [base64.b64encode(os.urandom(PICTURE_BYTES)) for _ in range(analyses)]
        return await _timed(one_call, bodies)

    async def sdk(self, analyses: int) -> dict[str, float]:
        """The official SDK as it comes: the picture encoded for each check anew."""
        pictures = [os.urandom(PICTURE_BYTES) for _ in range(analyses)]
        return await _timed(self._as_it_comes, pictures)

    async def _sdk_chat(self, picture: bytes) -> None:
        form = {"name": "answer", "strict": True, "schema": SCHEMA}
        content = [
            {"type": "image_url", "image_url": {"url": _data_url(picture)}},
            {"type": "text", "text": TEXT},
        ]
        asked: Any = {
            "messages": [
                {"role": "system", "content": SYSTEM},
                {"role": "user", "content": content},
            ],
            "response_format": {"type": "json_schema", "json_schema": form},
        }
        await self._openai.chat.completions.create(model=self._model, **asked)

    async def _sdk_responses(self, picture: bytes) -> None:
        content = [
            {"type": "input_image", "image_url": _data_url(picture)},
            {"type": "input_text", "text": TEXT},
        ]
        form = {"type": "json_schema", "name": "answer", "strict": True, "schema": SCHEMA}
        asked: Any = {
            "instructions": SYSTEM,
            "input": [{"role": "user", "content": content}],
            "text": {"format": form},
        }
        await self._openai.responses.create(model=self._model, **asked)

    async def _sdk_gemini(self, picture: bytes) -> None:
        parts = [types.Part.from_bytes(data=picture, mime_type="image/jpeg")]
        await self._gemini.aio.models.generate_content(
            model=self._model,
            contents=types.Content(role="user", parts=[*parts, types.Part.from_text(text=TEXT)]),
            config=types.GenerateContentConfig(
                system_instruction=SYSTEM,
                response_mime_type="application/json",
                response_json_schema=SCHEMA,
            ),
        )


def _data_url(picture: bytes) -> str:
    return f"data:image/jpeg;base64,{base64.b64encode(picture).decode()}"


async def _timed(
    one_call: Callable[[Any], Awaitable[object]], pictures: list[Any]
) -> dict[str, float]:
    """Wall seconds, CPU seconds a check, and how many calls timed out by our own doing."""
    failed = 0

    async def counted(picture: Any) -> None:
        nonlocal failed
        try:
            await one_call(picture)
        except (ProviderFailed, openai.APIError, aiohttp.ClientError, TimeoutError):
            failed += 1

    began_s, cpu_s = time.perf_counter(), time.process_time()
    await asyncio.gather(*(counted(picture) for picture in pictures for _ in range(CHECKS)))
    return {
        "wall_s": time.perf_counter() - began_s,
        "cpu_s": (time.process_time() - cpu_s) / len(pictures) / CHECKS,
        "failed": failed,
    }


async def measured(bench: Bench, rounds: int) -> dict[str, Any]:
    """Medians by way, `WAY N`. Memory comes first: a peak is there to stay."""
    found: dict[str, Any] = {}
    await bench.ours(1)
    at_rest_bytes = peak_bytes()
    for analyses in (MANY, MOST):
        found[f"ours {analyses} first failed"] = (await bench.ours(analyses))["failed"]
        found[f"memory {analyses}"] = (peak_bytes() - at_rest_bytes) / analyses / SENT_BYTES
    for warm in (bench.bare, bench.sdk):
        await warm(1)
    ways: dict[str, tuple[Way, int]] = {
        "bare 1": (bench.bare, 1),
        "ours 1": (bench.ours, 1),
        "sdk 1": (bench.sdk, 1),
        f"bare {MANY}": (bench.bare, MANY),
        f"ours {MANY}": (bench.ours, MANY),
        f"bare {MOST}": (bench.bare, MOST),
        f"ours {MOST}": (bench.ours, MOST),
    }
    taken = await in_turn(
        {name: (lambda way=way, n=n: way(n)) for name, (way, n) in ways.items()},  # type: ignore[misc]
        rounds,
    )
    for name, figures in taken.items():
        for part in ("wall_s", "cpu_s"):
            found[f"{name} {part}"] = typical(figure[part] for figure in figures)
        found[f"{name} failed"] = sum(figure["failed"] for figure in figures)
    return found


async def main(url: str, api: str, rounds: int) -> None:
    def find_model(provider: str, model: str) -> ModelInfo:
        return shipped_models().find(provider, model)

    async with (
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session,
        open_providers(
            openai_api_key=SecretStr(KEY),
            openai_base_url=f"{url}/v1",
            google_api_key=SecretStr(KEY),
            google_base_url=url,
            find_model=find_model,
        ) as providers,
    ):
        ours = providers["google" if api == "gemini" else "openai"]
        print(json.dumps(await measured(Bench(url, api, ours, session), rounds)))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
