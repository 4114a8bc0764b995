"""Passports and rights."""

import json
from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, OKPKey

from libs.actor import ALGORITHMS, Issuer, Verifier, may, new_key, require, visible_clients
from libs.contracts.access import LEAST_ROLE, Action, Actor, Role
from libs.problems import Forbidden, NotFound, Unauthenticated
from tests.factories import admin, service, user
from tests.trust import Trust

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
UMA = user("uma", {"diageo": Role.EDITOR})


def token(trust: Trust, actor: Actor = UMA, issuer: str = "local") -> str:
    return trust.bearer("usage", actor, issuer, NOW).split()[1]


def test_passport_carries_the_actor(trust: Trust) -> None:
    assert Verifier("usage", trust.keys).actor(token(trust), NOW) == UMA


def test_passport_is_for_one_service(trust: Trust) -> None:
    with pytest.raises(Unauthenticated):
        Verifier("qc", trust.keys).actor(token(trust), NOW)


@pytest.mark.parametrize("skew_s", [-70, 70])
def test_passport_lives_a_minute(trust: Trust, skew_s: int) -> None:
    verifier = Verifier("usage", trust.keys)

    with pytest.raises(Unauthenticated):
        verifier.actor(token(trust), NOW + timedelta(seconds=skew_s))


def test_foreign_key_under_a_known_name_is_refused(trust: Trust) -> None:
    private, _ = new_key("gateway")
    forged = Issuer("gateway", private).passport(UMA, "usage", NOW)

    with pytest.raises(Unauthenticated):
        Verifier("usage", trust.keys).actor(forged, NOW)


def test_issuer_cannot_take_another_name(trust: Trust) -> None:
    key = OKPKey.import_key(dict[str, str | list[str]](trust.private["qc"]))
    claims = {"iss": "gateway", "aud": "usage", "iat": 0, "exp": 9e9, "actor": {}}
    forged = jwt.encode({"alg": "Ed25519", "kid": "qc"}, claims, key, algorithms=ALGORITHMS)

    with pytest.raises(Unauthenticated):
        Verifier("usage", trust.keys).actor(forged, NOW)


def test_public_key_is_no_shared_secret(trust: Trust) -> None:
    public = json.dumps(trust.keys).encode()
    claims = {"iss": "gateway", "aud": "usage", "iat": 0, "exp": 9e9}
    header = {"alg": "HS256", "kid": "gateway"}
    forged = jwt.encode(header, claims, OctKey.import_key(public))

    with pytest.raises(Unauthenticated):
        Verifier("usage", trust.keys).actor(forged, NOW)


def test_unsigned_token_is_refused(trust: Trust) -> None:
    parts = ({"alg": "none", "kid": "gateway"}, {"iss": "gateway", "aud": "usage", "exp": 9e9})
    unsigned = ".".join(
        [*(urlsafe_b64encode(json.dumps(p).encode()).decode().rstrip("=") for p in parts), ""]
    )

    with pytest.raises(Unauthenticated):
        Verifier("usage", trust.keys).actor(unsigned, NOW)


@pytest.mark.parametrize("text", ["", "x", "a.b.c", "….….…", "a" * 10_000])
def test_rubbish_is_refused(trust: Trust, text: str) -> None:
    with pytest.raises(Unauthenticated):
        Verifier("usage", trust.keys).actor(text, NOW)


@pytest.mark.parametrize("actor", [UMA, admin(), service(Action.WRITE_PROFILES), service(*Action)])
def test_qc_vouches_for_itself_and_its_few_rights_only(trust: Trust, actor: Actor) -> None:
    with pytest.raises(Unauthenticated):
        Verifier("usage", trust.keys).actor(token(trust, actor, issuer="qc"), NOW)


@pytest.mark.parametrize(
    ("role", "action", "allowed"),
    [
        (Role.VIEWER, Action.READ_ANALYSES, True),
        (Role.VIEWER, Action.RUN_ANALYSES, False),
        (Role.REVIEWER, Action.RUN_ANALYSES, True),
        (Role.REVIEWER, Action.WRITE_PROFILES, False),
        (Role.EDITOR, Action.WRITE_PROFILES, True),
        (Role.EDITOR, Action.READ_USAGE, False),
        (Role.CLIENT_ADMIN, Action.READ_USAGE, True),
        (Role.CLIENT_ADMIN, Action.RECORD_USAGE, False),
    ],
)
def test_each_role_has_the_rights_of_those_below(role: Role, action: Action, allowed: bool) -> None:
    actor = user(clients={"diageo": role})

    assert may(actor, action, "diageo") is allowed
    assert may(actor, action, "loreal") is False


def test_nobody_but_a_service_records_usage() -> None:
    assert not may(admin(), Action.RECORD_USAGE, "diageo")
    assert may(service(Action.RECORD_USAGE), Action.RECORD_USAGE, "diageo")


@pytest.mark.parametrize(
    "action",
    [
        Action.MANAGE_PRICES,
        Action.MANAGE_LEDGER,
        Action.MANAGE_MODELS,
        Action.MANAGE_CLIENTS,
    ],
)
def test_what_concerns_every_client_is_for_global_admins_and_services(action: Action) -> None:
    assert may(admin(), action)
    assert may(service(action), action)
    assert not may(service(Action.RECORD_USAGE), action)
    assert not may(user(clients={"diageo": Role.CLIENT_ADMIN}), action)
    assert not may(user(clients={"diageo": Role.CLIENT_ADMIN}), action, "diageo")


def test_every_action_says_who_may_do_it() -> None:
    assert set(LEAST_ROLE) == set(Action)


def test_foreign_client_looks_absent_and_a_small_role_is_told() -> None:
    viewer = user(clients={"diageo": Role.VIEWER})

    with pytest.raises(NotFound):
        require(viewer, Action.RUN_ANALYSES, "loreal")
    with pytest.raises(Forbidden):
        require(viewer, Action.RUN_ANALYSES, "diageo")


def test_visible_clients_are_those_of_the_action() -> None:
    actor = user(clients={"diageo": Role.EDITOR, "loreal": Role.VIEWER})

    assert visible_clients(actor, Action.WRITE_PROFILES) == ("diageo",)
    assert visible_clients(actor, Action.READ_PROFILES) == ("diageo", "loreal")
    assert visible_clients(admin(), Action.READ_PROFILES) is None
