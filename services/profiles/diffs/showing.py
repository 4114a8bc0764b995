"""A difference for the terminal: coloured where it can be, and readable without."""

from itertools import groupby

from rich.text import Text

from libs.contracts.diff import ChangeClass, Difference, ProfileDiff, TextPart

STYLES: dict[ChangeClass, str] = {"scoring": "yellow", "presentation": "blue", "none": "dim"}
MAX_SAME_CHARS = 60


def in_words(diff: ProfileDiff) -> Text:
    """All of it. What people wrote carries no sign that steers a terminal."""
    text = Text(f"{diff.before.profile_id} → {diff.after.profile_id}: {diff.summary}")
    for check_id, some in groupby(diff.differences, key=lambda one: one.check_id):
        text.append(f"\n\n{check_id or 'the profile itself'}", "bold")
        for one in some:
            text.append("\n  ").append(_without(one.sentence, check_id), STYLES[one.change_class])
            if one.words and "reworded" in one.sentence:
                text.append("\n    ").append_text(_marked(one))
    return text


def _without(sentence: str, check_id: str | None) -> str:
    return sentence.removeprefix(f"{check_id} ") if check_id else sentence


def _marked(one: Difference) -> Text:
    """The text with [-what went-] and {+what came+}; long stretches that stayed are cut."""
    text = Text()
    for at, part in enumerate(one.words):
        words = _harmless(_cut(part, at == 0, at == len(one.words) - 1))
        if part.op == "removed":
            text.append(f"[-{words}-]", "red")
        elif part.op == "added":
            text.append(f"{{+{words}+}}", "green")
        else:
            text.append(words)
    return text


def _cut(part: TextPart, is_first: bool, is_last: bool) -> str:
    words, half = part.text, MAX_SAME_CHARS // 2
    if part.op != "same" or len(words) <= MAX_SAME_CHARS:
        return words
    start = "" if is_first else words[:half]
    end = "" if is_last else words[-half:]
    return f"{start} … {end}"


def _harmless(text: str) -> str:
    return "".join(
        sign if sign.isprintable() else "\n    " if sign == "\n" else " " for sign in text
    )
