"""The provider's keys: fetched when needed, and no more often than that."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import pytest
from joserfc.jwk import ECKey, RSAKey

from libs.problems import UpstreamFailed
from services.gateway.jwks import SigningKeys, UnknownKey, read_keys

KEYS = {name: ECKey.generate_key("P-256", {"kid": name}) for name in ("old", "new")}


@dataclass
class Provider:
    published: list[str] = field(default_factory=lambda: ["old"])
    fetches: int = 0
    away: bool = False

    async def fetch(self) -> Mapping[str, object]:
        self.fetches += 1
        await asyncio.sleep(0.01)
        if self.away:
            raise UpstreamFailed("provider_away", "Away.")
        return {"keys": [KEYS[name].as_dict(private=False) for name in self.published]}


async def test_known_key_is_fetched_once() -> None:
    provider = Provider()
    keys = SigningKeys(provider.fetch)

    await asyncio.gather(*(keys.key("old") for _ in range(50)))
    assert provider.fetches == 1


async def test_flood_of_unknown_ids_makes_one_call() -> None:
    provider = Provider()
    keys = SigningKeys(provider.fetch)
    await keys.key("old")

    results = await asyncio.gather(
        *(keys.key(f"forged-{number}") for number in range(200)), return_exceptions=True
    )

    assert all(isinstance(result, UnknownKey) for result in results)
    assert provider.fetches == 2


async def test_unknown_id_is_looked_for_again_after_the_cool_down() -> None:
    provider = Provider()
    keys = SigningKeys(provider.fetch, cool_down_s=0.05)
    await keys.key("old")
    with pytest.raises(UnknownKey):
        await keys.key("new")
    provider.published = ["old", "new"]
    await asyncio.sleep(0.06)

    assert await keys.key("new")


async def test_new_key_is_found_at_once_and_the_old_one_is_gone() -> None:
    provider = Provider()
    keys = SigningKeys(provider.fetch)
    await keys.key("old")
    provider.published = ["new"]

    assert await keys.key("new")
    with pytest.raises(UnknownKey):
        await keys.key("old")


async def test_key_that_is_withdrawn_is_forgotten_when_its_time_is_up() -> None:
    provider = Provider()
    keys = SigningKeys(provider.fetch, life_s=0.05)
    await keys.key("old")
    provider.published = ["new"]
    await asyncio.sleep(0.06)

    with pytest.raises(UnknownKey):
        await keys.key("old")


async def test_keys_stay_in_use_while_the_provider_is_away() -> None:
    provider = Provider()
    keys = SigningKeys(provider.fetch, life_s=0.05)
    await keys.key("old")
    provider.away = True
    await asyncio.sleep(0.06)

    assert await keys.key("old")


async def test_without_any_key_the_failure_is_told_and_tried_again() -> None:
    provider = Provider(away=True)
    keys = SigningKeys(provider.fetch)
    with pytest.raises(UpstreamFailed):
        await keys.key("old")

    provider.away = False
    assert await keys.key("old")


@pytest.mark.filterwarnings("ignore:Key size should be")
@pytest.mark.parametrize(
    "make",
    [
        lambda: RSAKey.generate_key(1024, {"kid": "k"}).as_dict(private=False),
        lambda: ECKey.generate_key("P-521", {"kid": "k"}).as_dict(private=False),
        lambda: {"kty": "oct", "kid": "k", "k": "c2VjcmV0"},
        lambda: {"kty": "RSA", "kid": "k", "n": "!!", "e": 3},
        lambda: {"kty": "EC", "crv": "P-256", "kid": "k", "x": "AA"},
        lambda: ECKey.generate_key("P-256", {"kid": "k"}).as_dict(private=False) | {"use": "enc"},
        lambda: ECKey.generate_key("P-256").as_dict(private=False),
        lambda: None,
    ],
    ids=["weak", "curve", "secret", "rubbish", "half", "encryption", "nameless", "null"],
)
def test_key_of_another_kind_is_passed_over(make: Callable[[], object]) -> None:
    good = KEYS["old"].as_dict(private=False)

    assert read_keys({"keys": [make(), good]}).keys() == {"old"}


@pytest.mark.parametrize("document", [{}, {"keys": None}, {"keys": {}}, {"keys": "x"}])
def test_document_without_keys_has_none(document: Mapping[str, object]) -> None:
    assert read_keys(document) == {}
