"""Who moves, stays, comes and goes, held against what each client ran before and after."""

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from services.profiles.domain.audience import EVERYBODY, Audience
from services.profiles.domain.effects import effects_of
from services.profiles.domain.family import Family

CLIENTS = ("a", "b", "c", "d")
FAMILY = Family("pack", EVERYBODY, 5, 1, 1, datetime(2026, 1, 1, tzinfo=UTC), "ada")
NAMED = st.sets(st.sampled_from(CLIENTS), min_size=1).map(
    lambda named: Audience("client_specific", tuple(sorted(named)))
)
AUDIENCES = st.just(EVERYBODY) | NAMED
FAMILIES = st.builds(
    lambda audience, active: replace(FAMILY, audience=audience, active_version=active),
    AUDIENCES,
    st.integers(1, 5),
)
PINS = st.dictionaries(st.sampled_from(CLIENTS), st.integers(1, 5))


def run_by(family: Family, client: str, pins: dict[str, int]) -> str | None:
    """The version that an analysis of the client runs, as the README says it."""
    if family.audience.visibility != "all" and client not in family.audience.clients:
        return None
    return family.id_of(pins.get(client, family.active_version))


@given(FAMILIES, FAMILIES, PINS)
def test_each_client_is_where_its_runs_before_and_after_put_it(
    before: Family, after: Family, pins: dict[str, int]
) -> None:
    effects = effects_of(before, after, CLIENTS, pins)

    told = {
        client: (run_by(before, client, pins), run_by(after, client, pins)) for client in CLIENTS
    }
    assert {m.client_id: (m.previous_profile_id, m.profile_id) for m in effects.moves} == {
        client: (old, new) for client, (old, new) in told.items() if old and new and old != new
    }
    assert {run.client_id: run.profile_id for run in effects.gains} == {
        client: new for client, (old, new) in told.items() if new and not old
    }
    assert {run.client_id: run.profile_id for run in effects.loses} == {
        client: old for client, (old, new) in told.items() if old and not new
    }
    assert {run.client_id: run.profile_id for run in effects.stays} == {
        client: new for client, (old, new) in told.items() if old and new and client in pins
    }
