"""A difference in the terminal."""

from datetime import UTC, datetime
from typing import Any

from libs.contracts.profiles import Profile, StoredCheck
from services.profiles.diffs.showing import in_words
from services.profiles.domain.diff import profile_diff
from tests.profiles.factories import draft, judged

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)


def profile(version: int, **fields: Any) -> Profile:
    given = draft(**fields)
    checks = {
        check_id: StoredCheck.model_validate(check) for check_id, check in given["checks"].items()
    }
    return Profile.model_validate(
        given
        | {"checks": checks, "profile_id": f"pack_v{version}", "version": version}
        | {"created_at": NOON, "created_by": "ada", "modified_at": NOON, "modified_by": "ada"}
        | {"previous_version": None, "content_hash": "0" * 64, "scoring_hash": "0" * 64}
    )


def shown(before: dict[str, Any], after: dict[str, Any]) -> str:
    return in_words(profile_diff(profile(1, **before), profile(2, **after))).plain


def test_each_check_has_its_lines_and_texts_show_their_words() -> None:
    rest = "It stays as it was. " * 6
    before = {"logo": judged(prompt=f"{rest}Find a logo. {rest}Pass when there.")}
    after = {"logo": judged(prompt=f"{rest}Find the logo. {rest}Pass when seen.", weight=4)}

    text = shown({"checks": before}, {"checks": after, "pass_threshold": 90})

    assert text.splitlines() == [
        "pack_v1 → pack_v2: 3 differences, 3 can change results",
        "",
        "the profile itself",
        "  pass threshold 85 → 90: can change results",
        "",
        "logo",
        "  weight 2.0 → 4.0: can change results",
        "  prompt reworded in 2 places: can change results",
        "     … was. It stays as it was. Find [-a-]{+the+} logo. It stays as it was. It  … "
        "It stays as it was. Pass when [-there-]{+seen+}.",
    ]


def test_no_sign_that_steers_a_terminal_is_printed() -> None:
    rest = "\x1b]0;title\x07 \x9b31m\u202e rest " * 20
    text = shown(
        {"checks": {"a": judged(prompt=f"One {rest}")}},
        {"checks": {"a": judged(prompt=f"Two {rest} \x1b[31m three")}},
    )

    assert all(sign.isprintable() or sign == "\n" for sign in text)


def test_without_a_difference_that_is_all_there_is_to_tell() -> None:
    assert shown({}, {}) == "pack_v1 → pack_v2: No difference"
