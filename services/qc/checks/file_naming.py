"""Exact check: what the file is called."""

import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from pydantic import Field

from libs.contracts.qc import Finding
from services.qc.checks.measured import BadParameter, ExactCheck, Measured, Parameters, judged
from services.qc.checks.subject import Subject
from services.qc.domain.file_types import EXTENSIONS

MOST_MATCHING_S = 1.0
"""A pattern may take a time that grows with each letter of the name without end."""


class FileNaming(Parameters):
    pattern: str | None = Field(
        default=None,
        max_length=300,
        description="Regular expression that the whole name without its extension must match",
    )
    separator: str = Field(
        default="_", min_length=1, max_length=3, description="What stands between parts"
    )
    min_parts: int = Field(default=1, ge=1, le=30, description="Fewest parts of the name")
    max_parts: int = Field(default=30, ge=1, le=30, description="Most parts of the name")
    max_length: int = Field(
        default=100, ge=5, le=255, description="Most characters, extension included"
    )
    allow_spaces: bool = Field(default=False, description="Whether spaces are allowed")
    extension_matches: bool = Field(
        default=True, description="Whether the extension must fit what is in the file"
    )


def measure(subject: Subject, parameters: FileNaming) -> Measured:
    """Score: 0 or 100."""
    name = subject.creative.facts.file_name
    findings = [
        Finding(severity="major", message=message, measured=name, rule=rule, fix=fix)
        for message, rule, fix in _breaches(subject, parameters)
    ]
    stem = name.rpartition(".")[0] or name
    parts = len(stem.split(parameters.separator))
    return judged(findings, {"file_name": name, "characters": len(name), "parts": parts})


def _breaches(subject: Subject, parameters: FileNaming) -> Iterator[tuple[str, str, str]]:
    """Message, rule and fix of each breach."""
    name = subject.creative.facts.file_name
    stem, _, extension = name.rpartition(".") if "." in name else (name, "", "")
    if parameters.extension_matches:
        yield from _extension_breach(subject, extension)
    if len(name) > parameters.max_length:
        rule = f"at most {parameters.max_length} characters"
        yield f"The name has {len(name)} characters.", rule, "Shorten it."
    if not parameters.allow_spaces and re.search(r"\s", name):
        yield "The name has spaces.", "no spaces", f"Use “{parameters.separator}” instead."
    parts = len(stem.split(parameters.separator))
    if not parameters.min_parts <= parts <= parameters.max_parts:
        rule = f"{parameters.min_parts} to {parameters.max_parts} parts"
        fix = f"Separate the parts with “{parameters.separator}”."
        yield f"The name has {parts} part{'s' * (parts != 1)}.", rule, fix
    if parameters.pattern is not None and not _matches(parameters.pattern, stem):
        rule = f"matches {parameters.pattern}"
        yield "The name does not follow the naming pattern.", rule, "Rename the file."


def _extension_breach(subject: Subject, extension: str) -> Iterator[tuple[str, str, str]]:
    format = subject.creative.format
    fitting = EXTENSIONS[format]
    if extension.lower() not in fitting:
        called = f"“.{extension}”" if extension else "without an extension"
        rule = f"a {format} file ends in .{' or .'.join(fitting)}"
        yield f"The file is a {format} but is called {called}.", rule, f"End it in .{fitting[0]}."


def _matches(pattern: str, stem: str) -> bool:
    try:
        with _within(MOST_MATCHING_S):
            return re.fullmatch(pattern, stem) is not None
    except re.error as error:
        raise BadParameter(f"pattern: is not a regular expression ({error})") from error
    except TimeoutError as error:
        why = "takes too long: do not repeat what is repeated, as in (a+)+"
        raise BadParameter(f"pattern: {why}") from error


@contextmanager
def _within(seconds: float) -> Iterator[None]:
    """Raises TimeoutError when what is done takes more of this process's own time."""
    before = signal.signal(signal.SIGVTALRM, _stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def _stop(*_: object) -> None:
    raise TimeoutError


CHECK = ExactCheck(
    measures="Name of the file",
    unit="characters",
    parameters=FileNaming,
    measure=measure,
)
