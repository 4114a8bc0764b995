"""Canonical JSON: one text for one value, whoever wrote it and however."""

import math
from collections.abc import Mapping, Sequence
from decimal import Decimal
from hashlib import sha256
from json.encoder import encode_basestring

MAX_WHOLE = 2**53 - 1
MAX_PLAIN_DIGITS = 21
MIN_PLAIN_POINT = -6
_WORDS = {None: "null", True: "true", False: "false"}


class Canonical(str):
    """A text that is canonical JSON already: a part that several wholes have in common."""


def digest(value: object) -> str:
    """SHA-256 of the canonical JSON of `value`, in hex. Raises as `canonical` does."""
    return sha256(canonical(value).encode()).hexdigest()


def canonical(value: object, path: str = "") -> str:
    """`value` as canonical JSON: sorted keys, no blanks, numbers as a double prints them.

    So 85, 85.0 and 8.5e1 are one number, as they are to every JSON reader that knows doubles
    only. Raises ValueError, with the path, for what has no such form: NaN, infinity, whole
    numbers that a double cannot tell from their neighbours, and texts with the character NUL,
    which the database does not keep. Source: RFC 8785.
    """
    if isinstance(value, str):
        return value if isinstance(value, Canonical) else _text(value, path)
    if value is None or isinstance(value, bool):
        return _WORDS[value]
    if isinstance(value, int | float):
        return _number(value, path)
    if isinstance(value, Mapping):
        return _object(value, path)
    if isinstance(value, Sequence):
        items = [canonical(item, f"{path}[{at}]") for at, item in enumerate(value)]
        return f"[{','.join(items)}]"
    raise TypeError(f"{path}: {type(value).__name__} is not JSON")


def _object(value: Mapping[str, object], path: str) -> str:
    # Plain letters sort alike in both forms, and nearly all keys have no others.
    keys = sorted(value) if all(map(str.isascii, value)) else sorted(value, key=_utf16)
    members = [
        f"{_text(key, path)}:{canonical(value[key], f'{path}.{key}' if path else key)}"
        for key in keys
    ]
    return f"{{{','.join(members)}}}"


def _utf16(key: str) -> bytes:
    return key.encode("utf-16-be", "surrogatepass")


def _text(value: str, path: str) -> str:
    if "\x00" in value:
        raise ValueError(f"{path}: a text may not hold the character NUL")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{path}: a text may not hold half of a surrogate pair") from None
    return encode_basestring(value)


def _number(value: int | float, path: str) -> str:
    if isinstance(value, int):
        if abs(value) > MAX_WHOLE:
            raise ValueError(f"{path}: whole numbers go up to {MAX_WHOLE}; send it as text")
        return str(value)
    if not math.isfinite(value):
        raise ValueError(f"{path}: {value} is not a number in JSON")
    if value.is_integer() and abs(value) <= MAX_WHOLE:
        return str(int(value))
    sign = "-" if value < 0 else ""
    return sign + _positive(abs(value))


def _positive(value: float) -> str:
    """The shortest digits that read back as `value`. Source: ECMA-262, Number::toString."""
    shortest = Decimal(repr(value)).as_tuple()
    digits = "".join(map(str, shortest.digits)).rstrip("0")
    point = len(shortest.digits) + int(shortest.exponent)
    if len(digits) <= point <= MAX_PLAIN_DIGITS:
        return digits + "0" * (point - len(digits))
    if 0 < point <= MAX_PLAIN_DIGITS:
        return f"{digits[:point]}.{digits[point:]}"
    if MIN_PLAIN_POINT < point <= 0:
        return f"0.{'0' * -point}{digits}"
    fraction = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{digits[0]}{fraction}e{point - 1:+d}"
