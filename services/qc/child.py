"""The process that opens creatives: JSON lines in, JSON lines out, under limits of its own.

Started by services.qc.decoder_process. Standard output carries answers only: what a library prints
goes to standard error. The process ends when its parent does.
"""

import ctypes
import json
import os
import resource
import signal
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from services.qc.checks import run_check
from services.qc.checks.subject import Subject
from services.qc.decode import open_creative
from services.qc.domain.brief import Brief
from services.qc.domain.creative import Creative, Limits, Unreadable
from services.qc.domain.views import Showing
from services.qc.evidence import Evidence
from services.qc.showing import crops, draw, look

DECODE_AT_DOOR_S = 4.0
AT_DOOR_PX = 512
"""All of a file must be decoded to know that it can be, but not at its full size."""

READ_AT_DOOR_S = 3.0
PR_SET_PDEATHSIG = 1

Message = Mapping[str, Any]
Say = Callable[[Message], None]


def main() -> None:
    settings = json.loads(sys.argv[1])
    _die_with_parent()
    limits = Limits(max_pixels=settings["max_pixels"], max_pages=settings["max_pages"])
    resource.setrlimit(resource.RLIMIT_DATA, (settings["memory_bytes"],) * 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def say(message: Message) -> None:
        answers.write(json.dumps(message) + "\n")
        answers.flush()

    for line in sys.stdin:
        request = json.loads(line)
        try:
            _TASKS[request["do"]](request, limits, say)
        except Unreadable as error:
            say({"unreadable": {"code": error.code, "detail": error.detail}})
        except MemoryError:
            say({"failed": "it needs more memory than allowed"})
            return


def _open(request: Message, limits: Limits, say: Say) -> None:
    """Decode every page once, or as many as there is time for: a caller waits for this."""
    started = time.monotonic()
    path = Path(request["path"])
    with open_creative(path, limits, name=request["name"], lazy=True) as creative:
        for page in creative.pages:
            if time.monotonic() - started > DECODE_AT_DOOR_S:
                break
            creative.glance(page, AT_DOOR_PX)
        first, motion = creative.pages[0], creative.facts.motion
        say(
            {
                "format": creative.format,
                "width_px": first.width_px,
                "height_px": first.height_px,
                "pages": len(creative.pages),
                "strip": _strip(creative, limits),
                "duration_s": motion.duration_s if motion else None,
                "notes": list(creative.facts.notes),
                "done": True,
            }
        )


def _strip(creative: Creative, limits: Limits) -> list[Message]:
    """Each page with its type and size, as CreativePage has them."""
    subject = Subject(creative, limits=limits, pdf_seconds=READ_AT_DOOR_S)
    kinds, trims = subject.page_kinds, _trims_mm(subject)
    return [
        {
            "number": page.number,
            "type": kinds[page.number].type,
            "why": kinds[page.number].why,
            "width_px": page.width_px,
            "height_px": page.height_px,
            "width_mm": page.width_mm and round(page.width_mm, 1),
            "height_mm": page.height_mm and round(page.height_mm, 1),
            "at_s": page.at_s,
            **trims.get(page.number, {}),
        }
        for page in creative.pages
    ]


def _trims_mm(subject: Subject) -> dict[int, Message]:
    """By page number; empty for what is no PDF, or none that can be read."""
    try:
        facts = subject.pdf()
    except Unreadable:
        return {}
    sizes = {page.number: page.size_mm() for page in facts.pages if page.trim} if facts else {}
    return {
        number: {"trim_width_mm": round(width, 1), "trim_height_mm": round(height, 1)}
        for number, (width, height) in sizes.items()
    }


def _examine(request: Message, limits: Limits, say: Say) -> None:
    brief = Brief.model_validate(request["brief"])
    path = Path(request["path"])
    with open_creative(path, limits, name=request["name"], lazy=True) as creative:
        subject = Subject(creative, brief, limits)
        showing = request["showing"] and Showing.model_validate(request["showing"])
        if showing:
            say({"drawn": [_told(shown) for shown in draw(subject, showing, request["checks"])]})
        wanted = request["evidence"]
        evidence = Evidence(creative, Path(wanted["folder"])) if wanted else None
        for check_id, check in request["checks"].items():
            say({"started": check_id})
            started = time.perf_counter()
            measured = run_check(check["measure"], subject, check["parameters"])
            measured = evidence.with_crops(measured) if evidence else measured
            duration_ms = round((time.perf_counter() - started) * 1000)
            say(
                {
                    "check_id": check_id,
                    "measured": _told(measured),
                    "duration_ms": duration_ms,
                }
            )
        if evidence and wanted["previews"]:
            drawn = evidence.previews()
            say({"previews": [_told(preview) for preview in drawn]})
        if showing:
            sight = showing.sight or look(subject, showing)
            cut = [_told(shown) for shown in crops(subject, showing, sight)]
            say({"sight": _told(sight), "crops": cut})
    say({"done": True})


def _told(model: BaseModel) -> dict[str, Any]:
    return model.model_dump(mode="json")


def _read_plan(request: Message, _limits: Limits, say: Say) -> None:
    from services.qc.domain.plan_sheet import BadPlan
    from services.qc.plan_files import read_plan_file

    try:
        plan = read_plan_file(Path(request["path"]))
    except BadPlan as error:
        say({"unreadable": {"code": error.code, "detail": error.detail}})
    else:
        say({"plan": plan.model_dump(mode="json"), "done": True})


_TASKS: dict[str, Callable[[Message, Limits, Say], None]] = {
    "open": _open,
    "examine": _examine,
    "plan": _read_plan,
}


def _die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


if __name__ == "__main__":
    main()
