"""Providers in bad weather: answers cut, dropped, late, doubled, without usage; 429s and 500s.

What happens to a call is drawn from the seed and from what it asks, and the storm remembers it.
"""

import asyncio
import json
import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from aiohttp import web

from tests.fake_providers import Call, FakeProviders, Scripted

WEATHER: dict[str, tuple[int, Scripted]] = {
    "fine": (40, Scripted(delay_s=0.1)),
    "late": (8, Scripted(delay_s=0.8)),
    "doubled": (12, Scripted(delay_s=0.05)),
    "cut": (7, Scripted(delay_s=0.05, cut=True)),
    "dropped": (6, Scripted(delay_s=0.05, drop=True, billed=True)),
    "without usage": (5, Scripted(usage=None)),
    "unusable": (5, Scripted(text="As a language model, I would say it is fine.")),
    "limited": (9, Scripted(status=429, headers={"retry-after": "0.2"})),
    "broken": (8, Scripted(status=500)),
}
"""How often of a hundred, and what then. Each comes once at first."""

AGAIN_AFTER_S = 0.01
UNSEEN = {"cut", "dropped", "broken"}
"""Nobody can tell what they cost."""


class Storm(FakeProviders):
    def __init__(self, seed: int) -> None:
        super().__init__(self._weather)
        self._random = random.Random(seed)
        self._first = list(WEATHER)
        self._random.shuffle(self._first)
        self._weights = {kind: weight for kind, (weight, _) in WEATHER.items()}
        self.weather: dict[str | None, str] = {}
        self.text: str | None = None

    def only(self, kind: str) -> None:
        """From now on the weather is of one kind."""
        self._first = list(WEATHER)
        self._random.shuffle(self._first)
        self._first, self._weights = [], {kind: 1}

    def _weather(self, call: Call) -> Scripted:
        [found] = self._first[:1] or self._random.choices(
            list(self._weights), list(self._weights.values())
        )
        del self._first[:1]
        self.weather[call.attempt_id] = found
        scripted = WEATHER[found][1]
        return replace(scripted, text=self.text) if self.text else scripted

    def unseen(self) -> set[str | None]:
        """Attempts whose usage the caller cannot know, however well it is."""
        return {attempt_id for attempt_id, found in self.weather.items() if found in UNSEEN}

    async def _serve(
        self,
        request: web.Request,
        body: dict[str, Any],
        provider: str,
        model: str,
        default: Callable[[dict[str, Any], str], dict[str, Any]],
    ) -> web.StreamResponse:
        at = len(self.calls)
        response = await super()._serve(request, body, provider, model, default)
        if self.weather.get(self.calls[at].attempt_id) == "doubled":
            await _again(request, default(body, json.dumps({"stray": True})))
        return response


async def _again(request: web.Request, answer: dict[str, Any]) -> None:
    """Twice more an answer to nothing, on a connection that the caller may keep for its next."""
    payload = json.dumps(answer).encode()
    head = f"Content-Type: application/json\r\nContent-Length: {len(payload)}\r\n\r\n"
    for after_s in (0.0, AGAIN_AFTER_S):
        await asyncio.sleep(after_s)
        if request.transport and not request.transport.is_closing():
            request.transport.write(f"HTTP/1.1 200 OK\r\n{head}".encode() + payload)
