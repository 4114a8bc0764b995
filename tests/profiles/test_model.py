"""Versions, bindings, visibility and rollback over HTTP, beside a plain model of what they mean.

Hypothesis makes up histories; after each step every client must see and run exactly what the
model says, and what was once saved must still say the same.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from services.profiles.app import create_app
from services.profiles.settings import ProfilesSettings
from tests.profiles.conftest import ADMIN, Answer, Api
from tests.profiles.factories import draft
from tests.trust import Trust

CLIENTS = ("diageo", "loreal", "unilever")
NUMBERS = count(1)
Said = tuple[float, str]
"""What a version says, as far as the model goes: its threshold and its description."""

thresholds = st.sampled_from([60.0, 70.0, 80.0])
words = st.sampled_from(["", "Some words", "Größe 大"])
audiences = st.sets(st.sampled_from(CLIENTS)).map(frozenset)
"""Empty: every client."""


@dataclass
class Modelled:
    """One profile, without a database."""

    slug: str
    audience: frozenset[str]
    versions: list[Said]
    active: int = 1
    revision: int = 1
    pins: dict[str, int] = field(default_factory=dict)
    states: dict[int, int] = field(default_factory=dict)
    """The active version by revision."""

    def id_of(self, version: int) -> str:
        return self.slug if version == 1 else f"{self.slug}_v{version}"

    def tag(self, revision: int) -> str:
        return f'"{self.id_of(self.states[revision])}.{revision}"'

    def is_used_by(self, client_id: str) -> bool:
        return not self.audience or client_id in self.audience

    def run_by(self, client_id: str) -> int:
        return self.pins.get(client_id, self.active)

    def step(self) -> None:
        self.revision += 1
        self.states[self.revision] = self.active


class Loop:
    """A registry in a loop of its own, which a test without a loop asks."""

    def __init__(self, runner: asyncio.Runner, api: Api) -> None:
        self._runner = runner
        self._api = api

    def ask(
        self, method: str, path: str, body: dict[str, Any] | None = None, tag: str | None = None
    ) -> Answer:
        return self._runner.run(self._api.call(method, f"/v1/{path}", ADMIN, body, tag))


class Histories(RuleBasedStateMachine):
    loop: Loop
    profiles: Bundle[Modelled] = Bundle("profiles")

    def __init__(self) -> None:
        super().__init__()
        self.prefix = f"m{next(NUMBERS)}_"
        self.all: list[Modelled] = []

    @initialize(target=profiles, audience=audiences, said=st.tuples(thresholds, words))
    def first(self, audience: frozenset[str], said: Said) -> Modelled:
        return self.made(audience, said)

    @precondition(lambda self: len(self.all) < 3)
    @rule(target=profiles, audience=audiences, said=st.tuples(thresholds, words))
    def another(self, audience: frozenset[str], said: Said) -> Modelled:
        return self.made(audience, said)

    def made(self, audience: frozenset[str], said: Said) -> Modelled:
        one = Modelled(f"{self.prefix}p{len(self.all)}", audience, [said], states={1: 1})
        body = draft(name=one.slug, pass_threshold=said[0], description=said[1])
        answer = self.loop.ask("POST", "profiles", body | _as_sent(audience))
        assert answer.json.get("profile_id") == one.slug, answer.json
        self.all.append(one)
        return one

    @rule(
        one=profiles,
        data=st.data(),
        threshold=st.none() | thresholds,
        said=st.none() | words,
        guarded=st.booleans(),
    )
    def save(
        self,
        one: Modelled,
        data: st.DataObject,
        threshold: float | None,
        said: str | None,
        guarded: bool,
    ) -> None:
        base = data.draw(st.integers(1, len(one.versions)))
        edit: dict[str, Any] = {"pass_threshold": threshold, "description": said}
        tag = one.tag(one.revision) if guarded else None

        answer = self.loop.ask("PUT", f"profiles/{one.id_of(base)}", edit, tag)

        assert answer.status == 200, answer.json
        outcome = _edited(one.versions[base - 1], threshold, said)
        before = one.versions[one.active - 1]
        makes_one = (threshold, said) != (None, None) and outcome != before
        assert answer.json["changed"] is makes_one
        if makes_one:
            moved = [c for c in CLIENTS if one.is_used_by(c) and c not in one.pins]
            assert [c for c in answer.json["repointed_clients"] if c in CLIENTS] == moved
            expected = "scoring" if outcome[0] != before[0] else "presentation"
            assert answer.json["change_class"] == expected
            one.versions.append(outcome)
            one.active = len(one.versions)
            one.step()

    @rule(one=profiles, data=st.data(), threshold=thresholds)
    def save_too_late(self, one: Modelled, data: st.DataObject, threshold: float) -> None:
        if one.revision == 1:
            return
        seen = data.draw(st.integers(1, one.revision - 1))
        base = one.states[seen]
        edit = {"pass_threshold": threshold}

        answer = self.loop.ask("PUT", f"profiles/{one.id_of(base)}", edit, one.tag(seen))

        assert (answer.status, answer.json["based_on"]) == (412, one.id_of(base))
        assert answer.json["current"]["etag"] == one.tag(one.revision)
        was, now = one.versions[base - 1][0], one.versions[one.active - 1]
        clashes = threshold not in (was, now[0]) and now[0] != was
        assert bool(answer.json["conflicts"]) is clashes
        if not clashes:
            merged = answer.json["merged"]
            kept = now[0] if threshold == was else threshold
            assert (merged["pass_threshold"], merged["description"]) == (kept, now[1])
            assert set(merged["visible_to_clients"]) == one.audience

    @rule(one=profiles, audience=audiences)
    def share(self, one: Modelled, audience: frozenset[str]) -> None:
        path = f"profiles/{one.id_of(one.active)}"

        answer = self.loop.ask("PUT", path, _as_sent(audience), one.tag(one.revision))

        assert answer.json["changed"] is (audience != one.audience)
        if audience != one.audience:
            one.audience = audience
            one.step()

    @rule(one=profiles, data=st.data())
    def go_to(self, one: Modelled, data: st.DataObject) -> None:
        version = data.draw(st.integers(1, len(one.versions)))

        answer = self.loop.ask("POST", f"profiles/{one.id_of(version)}/activate", {})

        assert answer.status == 200, answer.json
        if version != one.active:
            one.active = version
            one.step()

    @rule(one=profiles, client_id=st.sampled_from(CLIENTS), data=st.data())
    def pin(self, one: Modelled, client_id: str, data: st.DataObject) -> None:
        version = data.draw(st.none() | st.integers(1, len(one.versions)))
        if not one.is_used_by(client_id):
            return
        path = f"clients/{client_id}/bindings/{one.slug}"

        answer = self.loop.ask("PUT", path, {"version": version})

        assert answer.status == 200, answer.json
        if version:
            one.pins[client_id] = version
        else:
            one.pins.pop(client_id, None)

    @invariant()
    def every_client_sees_and_runs_what_the_model_says(self) -> None:
        for client_id in CLIENTS:
            listed = self.loop.ask("GET", f"profiles?client={client_id}").json["profiles"]
            found = {p["profile_id"] for p in listed if p["profile_id"].startswith(self.prefix)}
            used = [one for one in self.all if one.is_used_by(client_id)]
            assert found == {one.id_of(one.run_by(client_id)) for one in used}
            for one in self.all:
                self.resolves(one, client_id)

    def resolves(self, one: Modelled, client_id: str) -> None:
        answer = self.loop.ask("GET", f"clients/{client_id}/resolve/{one.slug}")
        if not one.is_used_by(client_id):
            assert answer.status == 404
            return
        profile = answer.json["profile"]
        version = one.run_by(client_id)
        assert (profile["version"], _said(profile)) == (version, one.versions[version - 1])
        kind = "pinned" if client_id in one.pins else "floating"
        assert answer.json["binding"] == kind

    @invariant()
    def every_version_says_what_it_said_when_it_was_saved(self) -> None:
        for one in self.all:
            history = self.loop.ask("GET", f"profiles/{one.slug}/versions").json["versions"]
            assert [v["version"] for v in history] == list(range(len(one.versions), 0, -1))
            assert [v["version"] for v in history if v["active"]] == [one.active]
            for version, said in enumerate(one.versions, 1):
                stored = self.loop.ask("GET", f"profiles/{one.id_of(version)}")
                assert _said(stored.json) == said
                assert set(stored.json["visible_to_clients"]) == one.audience
                assert stored.headers["ETag"] == f'"{one.id_of(version)}.{one.revision}"'


@contextmanager
def looped(config: ProfilesSettings, trust: Trust) -> Iterator[Loop]:
    async def opened() -> "TestClient[Any, Any]":
        http: TestClient[Any, Any] = TestClient(TestServer(create_app(config)))
        await http.start_server()
        return http

    with asyncio.Runner() as runner:
        http = runner.run(opened())
        try:
            yield Loop(runner, Api(http, trust))
        finally:
            runner.run(http.close())


# Twelve steps can be read as they are: to look for fewer would take minutes.
HISTORIES = settings(
    phases=[Phase.generate],
    max_examples=8,
    stateful_step_count=12,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)


@pytest.fixture
def config(settings: ProfilesSettings) -> ProfilesSettings:
    """The settings of the registry, not those of hypothesis."""
    return settings


def test_any_history_leaves_what_a_plain_model_says(config: ProfilesSettings, trust: Trust) -> None:
    with looped(config, trust) as opened:

        class Here(Histories):
            loop = opened

        run_state_machine_as_test(Here, settings=HISTORIES)


def _as_sent(audience: frozenset[str]) -> dict[str, Any]:
    visibility = "client_specific" if audience else "all"
    return {"visibility": visibility, "visible_to_clients": sorted(audience)}


def _edited(base: Said, threshold: float | None, words: str | None) -> Said:
    return base[0] if threshold is None else threshold, base[1] if words is None else words


def _said(profile: dict[str, Any]) -> Said:
    return profile["pass_threshold"], profile["description"]
