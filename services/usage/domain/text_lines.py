"""Lines of the text report: nothing is ever wider than 80 columns, whatever a name is like."""

from collections.abc import Callable, Iterable, Iterator

from services.usage.domain.report import Doubts, Line
from services.usage.domain.report_facts import doubted
from services.usage.domain.shown import columns, named, padded, plain, usd, wrapped

WIDTH = 80
HEAVY, LIGHT = "=" * WIDTH, "-" * WIDTH
LABEL = 32
EMPTY = "(none)"
MORE = "  "


def heading(text: str) -> Iterator[str]:
    """A name that leads a block; a long one goes on indented, so that it can forge no rule."""
    first, *others = wrapped(named(text), WIDTH - len(MORE))
    yield first
    yield from (MORE + other for other in others)


def fact(label: str, value: str) -> Iterator[str]:
    """`label:` and its value from column 33 on. What is too long for that is broken."""
    indent = " " * (len(label) - len(label.lstrip(" ")))
    name = f"{indent}{named(label)}:"
    values = list(wrapped(plain(value), WIDTH - LABEL - 1))
    if columns(name) <= LABEL:
        yield f"{padded(name, LABEL)} {values.pop(0)}"
    else:
        yield from (indent + part for part in wrapped(name.lstrip(" "), WIDTH - len(indent)))
    for more in values:
        yield " " * (LABEL + 1) + more


def each(lines: Iterable[Line], form: Callable[[Line], Iterator[str]]) -> Iterator[str]:
    """A block for each line, apart by an empty one."""
    for number, line in enumerate(lines):
        if number:
            yield ""
        yield from form(line)


def section(title: str, body: Iterable[str]) -> list[str]:
    """A section always stands there, so that nobody has to guess why it does not."""
    return ["", LIGHT, title, LIGHT, *(list(body) or [EMPTY])]


def tokens(line: Line) -> Iterator[str]:
    spent = line.spent
    yield from fact("  Total tokens", f"{spent.total_tokens:,}")
    yield from fact("  Prompt tokens", f"{spent.prompt_tokens:,}")
    yield from fact("  Completion tokens", f"{spent.completion_tokens:,}")
    yield from fact("  Cost", usd(spent.cost_usd))
    yield from doubts(line.doubts, LABEL + 1)


def doubts(known: Doubts, indent: int) -> Iterator[str]:
    """What the cost above does not contain: a bare $0 would look as if it were known."""
    for sentence in doubted(known):
        for part in wrapped(sentence, WIDTH - indent):
            yield " " * indent + part
