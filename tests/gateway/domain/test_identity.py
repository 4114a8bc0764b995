"""Who somebody is by their token's claims, whatever those hold."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.domain.identity import (
    MAX_NAME,
    identity_of,
    is_named_by_email,
    is_named_by_subject,
)

CLAIMS: dict[str, Any] = {"iss": "https://login.example", "sub": "s-1", "name": "Ada"}
TEXT = st.text(alphabet="aé@. \n\t\0\u2028\ud83d\x7f", max_size=400)
VALUES = st.one_of(st.none(), st.booleans(), st.integers(), TEXT, st.lists(TEXT, max_size=2))


def test_tenant_and_object_count_only_together() -> None:
    assert identity_of(CLAIMS | {"tid": "t", "oid": "o"}).subject == "t/o"
    assert identity_of(CLAIMS | {"tid": "t"}).subject == "s-1"
    assert identity_of(CLAIMS | {"tid": "t", "oid": ""}).subject == "s-1"


@pytest.mark.parametrize("subject", ["", None, 7, ["s"], "a\nb", "a\0", "x" * 256])
def test_token_of_nobody_is_refused(subject: object) -> None:
    with pytest.raises(ValueError):
        identity_of(CLAIMS | {"sub": subject})


def test_name_is_the_best_there_is() -> None:
    nameless = {k: v for k, v in CLAIMS.items() if k != "name"}
    assert identity_of(nameless | {"preferred_username": "ada"}).name == "ada"
    assert identity_of(nameless | {"email": "a@b.example"}).name == "a@b.example"
    assert identity_of(nameless).name == "s-1"


@given(st.fixed_dictionaries({}, optional={n: VALUES for n in ("name", "email", "sub", "tid")}))
def test_whatever_comes_fits_where_it_is_kept(claims: dict[str, object]) -> None:
    identity = identity_of({**CLAIMS, "preferred_username": "x"} | claims | {"sub": "s"})

    for text in (identity.name, identity.email, identity.subject):
        assert text.isprintable()
    assert len(identity.name) <= MAX_NAME and len(identity.subject) <= 255


def test_admin_is_named_by_exact_subject_or_by_verified_address() -> None:
    ada = identity_of(CLAIMS | {"email": "Ada@agency.example", "email_verified": True})

    assert is_named_by_subject(ada, ["s-1"]) and not is_named_by_subject(ada, ["S-1", "s-10"])
    assert is_named_by_email(ada, ["ada@AGENCY.example"])
    assert not is_named_by_email(ada, ["agency.example", "da@agency.example"])
    assert not is_named_by_email(identity_of(CLAIMS), ["", "s-1"])
