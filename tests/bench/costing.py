"""One question asked in five ways: eleven checks of one picture, and a judge who is consistent.

The judge says the same of a check whoever asks and in whatever company; a cheap one is unsure of
one check and too strict with another. Tokens are those that the fake providers count, but for
thinking: the fake draws it at random, and this judge thinks as long about every call.
"""

import json
from typing import Any

from services.qc.domain.judged_checks import JUDGED
from tests.fake_answers import checks_of, gemini
from tests.fake_providers import Call, FakeProviders, Scripted

MODELS = ("openai/gpt-4o", "google/gemini-2.5-pro")
THOUGHT_TOKENS = 400
CHEAP = {"gpt-6-luna", "gemini-2.5-flash-lite"}
MEASURABLE = {
    "aspect_ratio": "whether the sides stand in the ratio that the placement asks for",
    "file_naming": "whether the file's name follows the scheme of the brand",
    "image_resolution": "whether the picture is sharp enough for where it will be shown",
    "file_weight": "whether the file is light enough to be shown without delay",
    "color_format": "whether the colours are stored as the medium needs them",
}
PERCEIVED = (
    "call_to_action",
    "element_alignment",
    "face_visibility",
    "product_visibility",
    "supporting_images",
    "visual_hierarchy",
)
WRONG = {"element_alignment"}
"""What the strong judge finds fault with; the cheap one agrees."""

DOUBTED = {"supporting_images"}
"""What the cheap judge is unsure of; the strong one passes it."""


def profile(name: str, *, exact: bool, alone: bool) -> dict[str, Any]:
    """Six checks for one model and five for the other; `alone`: each in a call of its own.

    Checks go into one call when their chains of models are the same, so each names another last.
    """
    checks: dict[str, Any] = {}
    for position, check_id in enumerate((*PERCEIVED, *MEASURABLE)):
        models = [MODELS[position % 2]] + ([f"openai/never-asked-{position}"] if alone else [])
        if check_id in MEASURABLE and exact:
            checks[check_id] = {"kind": "exact"}
        else:
            checks[check_id] = {"kind": "judged", "prompt": _prompt(check_id), "models": models}
    return {"name": name, "checks": checks}


def _prompt(check_id: str) -> str:
    if check_id in JUDGED:
        return JUDGED[check_id].prompt
    about = MEASURABLE[check_id]
    return (
        f"Look at the whole picture and judge {about}.\n"
        "Pass when it is so beyond doubt, all parts of the picture and everything that is known "
        "of its use taken together, so that a person who prepares it for publication would send "
        "it on as it is.\n"
        "Fail when it is visibly not so, when a part of the picture contradicts another in this, "
        "or when somebody would have to prepare it anew before it can be shown where it belongs.\n"
        "Not applicable when the question makes no sense for this kind of picture, as for a "
        "texture or for material that is still going to be worked on.\n"
        "As evidence, say what you see that decides it, and where in the picture that is."
    )


def judge(fake: FakeProviders) -> None:
    """Let the fake answer as the consistent judge."""

    def answer(call: Call) -> Scripted:
        cheap = call.model in CHEAP
        answers = [
            {"check_id": check_id, **_answer(check_id, cheap)}
            for check_id in checks_of(call.question)
        ]
        text = json.dumps({"answers": answers})
        if call.provider != "google":
            return Scripted(text=text)
        counted = gemini(fake.requests[-1][1], call.model, text)["usageMetadata"]
        drawn = counted["thoughtsTokenCount"]
        return Scripted(
            text=text,
            usage={
                **counted,
                "thoughtsTokenCount": THOUGHT_TOKENS,
                "totalTokenCount": counted["totalTokenCount"] - drawn + THOUGHT_TOKENS,
            },
        )

    fake.script = answer


def _answer(check_id: str, cheap: bool) -> dict[str, Any]:
    words = check_id.replace("_", " ")
    evidence = (
        f"For the {words}: a bottle of the product stands in the middle of the picture against "
        "an evening sky over the sea, the headline “Made for slow summer nights” is set at the "
        "top left in two lines, and the logo stands at the bottom left above the legal line."
    )
    if cheap and check_id in DOUBTED:
        return {"evidence": evidence, "verdict": "unsure", "score": None, "findings": []}
    if check_id not in WRONG:
        return {"evidence": evidence, "verdict": "pass", "score": 92, "findings": []}
    finding = {
        "severity": "major",
        "message": f"The {words} is not as it should be in the lower third of the picture.",
        "evidence": "The logo and the legal line do not share an axis.",
        "fix": "Move the legal line to the left edge of the logo.",
        "box": {"top": 830, "left": 60, "bottom": 970, "right": 560},
    }
    return {"evidence": evidence, "verdict": "fail", "score": 30, "findings": [finding]}
