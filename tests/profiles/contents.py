"""Contents of profiles for hypothesis: few words and values, so that two are often alike."""

from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from libs.contracts.profiles import ProfileDraft
from services.profiles.domain.content import Content, content_of

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""For rules that hold on a busy machine too."""

WORDS = st.sampled_from(["Find the logo.", "Find a logo.", "見えること。", "é\u0301 x", "a\nb  c"])
NUMBERS = st.sampled_from([0, 1, 1.0, 2.5, -0.0, 1e-7, 2**53 - 1])
SCALARS = st.one_of(st.none(), st.booleans(), NUMBERS, WORDS, st.just(""))
KEYS = st.sampled_from(["min", "a.b", "a", "b", "", "é", '"'])
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(KEYS, inner, max_size=2)),
    max_leaves=4,
)
WEIGHTS = st.sampled_from([0, 1, 1.0, 2.5])


@st.composite
def checks(draw: st.DrawFn) -> dict[str, Any]:
    """A check as it is sent."""
    fields: dict[str, Any] = {
        "kind": draw(st.sampled_from(["exact", "judged"])),
        "title": draw(st.sampled_from(["", "Logo", "Big logo"])),
        "weight": draw(WEIGHTS),
        "critical": draw(st.booleans()),
        "parameters": draw(st.dictionaries(KEYS, VALUES, max_size=3)),
    }
    if fields["kind"] == "judged":
        fields["prompt"] = draw(WORDS)
        models = st.sampled_from(["openai/gpt-4o", "google/gemini-2.5-pro"])
        fields["models"] = draw(st.lists(models, max_size=2))
    else:
        fields["measure"] = draw(st.sampled_from([None, "logo_size"]))
    return fields


CHECKS = st.dictionaries(st.sampled_from("abcde"), checks(), min_size=1, max_size=4)
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "name": st.sampled_from(["Pack", "Pack v2", "L'Oréal 包"]),
    "description": st.sampled_from(["", "What we look at.", "What they look at."]),
    "pass_threshold": st.sampled_from([0, 70, 70.0, 85.5]),
    "checks": CHECKS,
}
DRAFTS = st.fixed_dictionaries(FIELDS)


def content(draft: dict[str, Any]) -> Content:
    return content_of(ProfileDraft.model_validate(draft))


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Content, Content]:
    """Two contents; the second is mostly an edit of the first."""
    before = draw(DRAFTS)
    after = before | draw(st.fixed_dictionaries({}, optional=FIELDS))
    if draw(st.booleans()):
        kept = dict(draw(st.permutations(list(before["checks"].items()))))
        after = after | {"checks": kept | draw(st.dictionaries(st.sampled_from("ab"), checks()))}
    return content(before), content(after)
