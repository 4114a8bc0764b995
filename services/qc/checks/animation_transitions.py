"""Exact check: how an animation or a video runs: length, loops, pace, stills and flashes."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pydantic import Field, JsonValue

from libs.contracts.qc import Finding
from services.qc.checks.measured import ExactCheck, Measured, Parameters, judged, not_applicable
from services.qc.checks.running_time import length_breaches
from services.qc.checks.subject import Subject
from services.qc.domain.creative import Creative
from services.qc.domain.facts import Motion

if TYPE_CHECKING:
    from services.qc.checks.film import Film, Flashes

MAX_NAMED = 10


class AnimationTransitions(Parameters):
    max_duration_s: float | None = Field(
        default=None,
        gt=0,
        le=14_400,
        description="Longest run, once through; else that of the placement",
    )
    min_duration_s: float | None = Field(
        default=None,
        ge=0,
        le=14_400,
        description="Shortest run, once through; else that of the placement",
    )
    max_animated_s: float | None = Field(
        default=30.0,
        gt=0,
        le=14_400,
        description="Longest time that an animation moves, all its loops together; ad networks "
        "refuse more than 30 s. Null for no limit. A video is not judged by it",
    )
    min_frame_rate: float | None = Field(
        default=None, gt=0, le=240, description="Fewest frames per second, on average"
    )
    max_frame_rate: float | None = Field(
        default=None, gt=0, le=240, description="Most frames per second, on average"
    )
    max_still_s: float | None = Field(
        default=None, gt=0, le=14_400, description="Longest time without any movement"
    )
    max_flashes_per_s: float = Field(
        default=3.0,
        ge=0,
        le=30,
        description="Most flashes within one second (WCAG 2.3.1: three), of light or of red",
    )


def measure(subject: Subject, parameters: AnimationTransitions) -> Measured:
    """Score: 0 or 100. Nothing is seen of a still picture."""
    motion = subject.creative.facts.motion
    if motion is None:
        return not_applicable("The creative does not move.")
    from services.qc.checks.film import watch

    film = watch(subject.creative)
    findings = [
        *_length(motion, parameters, subject),
        *_pace(motion, film, parameters, subject.creative),
        *_flashing(film.flashes, "light", parameters, subject.creative),
        *_flashing(film.red_flashes, "saturated red", parameters, subject.creative),
    ]
    reason = None
    if film.frames < motion.frames:
        reason = f"The first {film.watched_s:.0f} of {motion.duration_s:.0f} s were watched."
    return judged(findings, _measurements(motion, film), reason=reason)


def _length(
    motion: Motion, parameters: AnimationTransitions, subject: Subject
) -> Iterator[Finding]:
    shortest, longest = parameters.min_duration_s, parameters.max_duration_s
    for breach in length_breaches(motion, shortest, longest, subject.brief.placement):
        yield _finding(*breach)
    measured = f"{motion.duration_s:.2f} s"
    if motion.plays is None or parameters.max_animated_s is None:
        return
    rule = f"moves for at most {parameters.max_animated_s:g} s"
    if motion.plays == 0:
        most = int(parameters.max_animated_s // motion.duration_s) or 1
        fix = f"Let it run {most} time{'s' * (most != 1)} and stop on the last frame."
        yield _finding("The animation repeats for ever.", "for ever", rule, fix)
    elif motion.plays * motion.duration_s > parameters.max_animated_s:
        moves = f"{motion.plays} x {measured}"
        yield _finding(f"It moves for {moves}.", moves, rule, "Shorten it or loop it less often.")


def _pace(
    motion: Motion, film: "Film", parameters: AnimationTransitions, creative: Creative
) -> Iterator[Finding]:
    rate = f"{motion.frame_rate:.2f} frames/s"
    slowest, fastest = parameters.min_frame_rate, parameters.max_frame_rate
    if slowest is not None and motion.frame_rate < slowest - 0.01:
        rule = f"at least {slowest:g} frames/s"
        yield _finding(f"It shows {rate}.", rate, rule, "Export it with more frames.")
    if fastest is not None and motion.frame_rate > fastest + 0.01:
        rule = f"at most {fastest:g} frames/s"
        yield _finding(f"It shows {rate}.", rate, rule, "Export it with fewer frames.")
    if parameters.max_still_s is not None and film.longest_still_s > parameters.max_still_s:
        measured = f"{film.longest_still_s:.2f} s"
        yield _finding(
            f"Nothing moves for {measured}, from {film.still_at_s:.2f} s on.",
            measured,
            f"at most {parameters.max_still_s:g} s without movement",
            "Shorten the still.",
            page=_page_at(creative, film.still_at_s),
        )


def _flashing(
    flashes: "Flashes", what: str, parameters: AnimationTransitions, creative: Creative
) -> Iterator[Finding]:
    if flashes.per_second <= parameters.max_flashes_per_s:
        return
    measured = f"{flashes.per_second:g} flashes in a second"
    yield Finding(
        severity="critical",
        message=f"It flashes with {what}, from {flashes.at_s:.2f} s on: people may have a fit.",
        measured=measured,
        rule=f"at most {parameters.max_flashes_per_s:g} in any second (WCAG 2.3.1)",
        fix="Make the changes slower, smaller or fainter.",
        page=_page_at(creative, flashes.at_s),
        region=flashes.region,
    )


def _finding(message: str, measured: str, rule: str, fix: str, page: int = 1) -> Finding:
    return Finding(
        severity="major", message=message, measured=measured, rule=rule, fix=fix, page=page
    )


def _page_at(creative: Creative, at_s: float) -> int:
    """The page whose frame is the nearest in time."""
    return min(creative.pages, key=lambda page: abs((page.at_s or 0.0) - at_s)).number


def _measurements(motion: Motion, film: "Film") -> dict[str, JsonValue]:
    told: dict[str, Any] = {
        "duration_s": motion.duration_s,
        "frames": motion.frames,
        "frame_rate": motion.frame_rate,
        "longest_still_s": round(film.longest_still_s, 3),
        "shortest_frame_s": round(film.shortest_frame_s, 3),
        "longest_frame_s": round(film.longest_frame_s, 3),
        "cuts": len(film.cuts_s),
        "cuts_s": list(film.cuts_s[:MAX_NAMED]),
        "flashes_per_s": film.flashes.per_second,
        "red_flashes_per_s": film.red_flashes.per_second,
    }
    if motion.plays is not None:
        told["plays"] = motion.plays or "for ever"
    return told


CHECK = ExactCheck(
    measures="Length, loops, frame rate, longest still and flashes of what moves",
    unit="s, frames/s, flashes/s",
    parameters=AnimationTransitions,
    measure=measure,
    example={"max_duration_s": 15, "max_animated_s": 30},
)
