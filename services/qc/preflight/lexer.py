"""Takes a content stream apart. Lenient as viewers are: what makes no sense is passed over.

The runs of path segments and the arrays of text that fill most streams come as one piece.
"""

import re
from collections.abc import Iterator
from typing import Any

from services.qc.preflight.inline import inline_image

PATH = b"path"
"""Operator of a run of m, l, c, v, y and h; its one operand is the run as bytes."""

SHOWN = b"shown"
"""Operator of a whole TJ; its operands are all letters as bytes, and the sum of the shifts."""

_NUMBER = rb"[-+]*+(?:\d++\.?+\d*+|\.\d++)(?:-\d*+)?+"
TOKEN = re.compile(
    rb"[\s\0]*+(?:"
    rb"(?P<path>(?:[-+.\d\s\0]{0,160}+[mlcvyh](?=[\s\0]|\Z)){1,20000}+)"
    rb"|(?P<shown>\[(?:[-+.\d\s\0]++|\((?:[^()\\]|\\.)*+\)|<[0-9A-Fa-f\s]*+>)*+\]\s*+TJ(?![\w*]))"
    rb"|(?P<number>" + _NUMBER + rb")"
    rb"|(?P<operator>[A-Za-z'\"][A-Za-z0-9*'\"]*+)"
    rb"|(?P<string>\((?:[^()\\]|\\.)*+\))"
    rb"|(?P<name>/[^\s\0()<>\[\]{}/%]*+)"
    rb"|(?P<hex><[0-9A-Fa-f\s\0]*+>)"
    rb"|(?P<open>\[|<<)"
    rb"|(?P<close>\]|>>)"
    rb"|(?P<comment>%[^\r\n]*+)"
    rb"|(?P<other>[^\s\0])"
    rb")",
    re.DOTALL,
)
_NUMBERS = re.compile(_NUMBER)
_WITHOUT_OPERATORS = bytes.maketrans(b"mlcvyh\0", b" " * 7)
_ESCAPE = re.compile(rb"\\([0-7]{1,3}|\r\n|.)", re.DOTALL)
_ESCAPED = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}
_CONTINUED = (b"\n", b"\r", b"\r\n")
MOST_OPERANDS = 10_000
MOST_DEPTH = 8

Operation = tuple[bytes, list[Any]]


def numbers(run: bytes) -> list[float]:
    """The numbers of a run of path segments: x, y, x, y …"""
    try:
        return list(map(float, run.translate(_WITHOUT_OPERATORS).split()))
    except ValueError:
        return [number(one) for one in _NUMBERS.findall(run)]


def number(text: bytes) -> float:
    try:
        return float(text)
    except ValueError:
        return _lenient(text)


def _lenient(text: bytes) -> float:
    """`--5` is -5 and `5-3` is 5, as viewers take them."""
    sign = -1.0 if text.startswith(b"-") else 1.0
    try:
        return sign * float(text.lstrip(b"+-").split(b"-")[0])
    except ValueError:
        return 0.0


def operations(data: bytes) -> Iterator[Operation]:
    """Operators with their operands: floats, bytes of strings, str of names, lists of arrays.

    A dictionary comes as a list of its keys and values. An inline image comes as the operator
    BI with its dictionary.
    """
    stack: list[list[Any]] = [[]]
    at = 0
    while token := TOKEN.match(data, at):
        at = token.end()
        kind = token.lastgroup
        if kind == "operator":
            operator = token["operator"]
            if operator == b"BI":
                image, at = inline_image(data, at)
                yield operator, [image]
            elif operator in _WORDS and len(stack) > 1:
                stack[-1].append(_WORDS[operator])
                continue
            else:
                yield operator, stack[0]
            stack = [[]]
        elif kind == "path":
            yield PATH, [token["path"]]
            stack = [[]]
        elif kind == "shown":
            yield SHOWN, _shown(token["shown"])
            stack = [[]]
        elif kind == "other":
            if token["other"] == b"(":
                text, at = _nested(data, at)
                stack[-1].append(text)
        elif kind:
            _push(stack, kind, token[kind])


_WORDS = {b"true": True, b"false": False, b"null": None}


_LITERAL = re.compile(rb"\(((?:[^()\\]|\\.)*+)\)", re.DOTALL)
_HEX = re.compile(rb"<([0-9A-Fa-f\s]*+)>")


def _shown(array: bytes) -> list[Any]:
    """The order of letters and shifts does not matter to how far they reach."""
    letters = b""
    if b"(" in array:
        letters = _unescaped(b"".join(_LITERAL.findall(array)))
        array = _LITERAL.sub(b" ", array)
    if b"<" in array:
        letters += b"".join(map(_hex, _HEX.findall(array)))
        array = _HEX.sub(b" ", array)
    return [letters, sum(numbers(array[1 : array.rindex(b"]")]))]


def _push(stack: list[list[Any]], kind: str, text: bytes) -> None:
    if kind == "open":
        if len(stack) <= MOST_DEPTH:
            stack.append([])
    elif kind == "close":
        if len(stack) > 1:
            inner = stack.pop()
            stack[-1].append(inner)
    elif kind != "comment" and len(stack[-1]) < MOST_OPERANDS:
        stack[-1].append(_VALUES[kind](text))


def _name(text: bytes) -> str:
    text = text[1:]
    if b"#" in text:
        text = re.sub(rb"#([0-9A-Fa-f]{2})", lambda m: bytes([int(m[1], 16)]), text)
    return text.decode("utf-8", "replace")


def _hex(text: bytes) -> bytes:
    try:
        return bytes.fromhex(text.decode())
    except ValueError:
        digits = re.sub(rb"[^0-9A-Fa-f]", b"", text)
        return bytes.fromhex((digits + b"0" * (len(digits) % 2)).decode())


def _string(text: bytes) -> bytes:
    return _unescaped(text[1:-1])


def _unescaped(text: bytes) -> bytes:
    return _ESCAPE.sub(_escaped, text) if b"\\" in text else text


def _escaped(match: re.Match[bytes]) -> bytes:
    what = match[1]
    if what.isdigit() and what < b"8":
        return bytes([int(what, 8) & 255])
    return b"" if what in _CONTINUED else _ESCAPED.get(what, what)


_VALUES = {"number": number, "string": _string, "name": _name, "hex": _hex}
_PARENTHESIS = re.compile(rb"\\.|[()]", re.DOTALL)


def _nested(data: bytes, start: int) -> tuple[bytes, int]:
    """A string with brackets inside it, from behind its first; up to the end if unclosed."""
    depth = 1
    for found in _PARENTHESIS.finditer(data, start):
        depth += {b"(": 1, b")": -1}.get(found[0], 0)
        if not depth:
            return _unescaped(data[start : found.start()]), found.end()
    return b"", len(data)
