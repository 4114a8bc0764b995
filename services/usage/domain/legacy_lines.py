"""A stream of bytes, cut into lines: never more of a line in memory than one may be long."""

from collections.abc import Sequence
from itertools import islice

MAX_LINE_BYTES = 1 << 20
SHOWN_CHARACTERS = 80
BOM = b"\xef\xbb\xbf"
_SHOWN_BYTES = 4 * SHOWN_CHARACTERS


class Lines:
    """Lines end with LF or CR LF; a byte order mark before one is no part of it.

    Of a line longer than `MAX_LINE_BYTES` one byte more is kept, by which it can be told.
    """

    def __init__(self) -> None:
        self._begun = b""

    def feed(self, chunk: bytes) -> Sequence[bytes]:
        """The lines that this chunk ends, without their ends."""
        *whole, begun = chunk.split(b"\n")
        if whole:
            whole[0] = self._begun + whole[0]
            self._begun = begun
        else:
            self._begun += begun
        self._begun = self._begun[: MAX_LINE_BYTES + 1]
        return [_bare(line) for line in whole]

    def end(self) -> Sequence[bytes]:
        """The last line, when nothing ended it."""
        begun, self._begun = self._begun, b""
        return [_bare(begun)] if begun else []


def _bare(line: bytes) -> bytes:
    return line[: MAX_LINE_BYTES + 1].removesuffix(b"\r").removeprefix(BOM)


def shown(line: bytes) -> str:
    """The first 80 characters of a line, those that move the cursor made visible."""
    start = line[:_SHOWN_BYTES].decode("utf-8", "backslashreplace")
    visible = (c if c.isprintable() else ascii(c)[1:-1] for c in start)
    return "".join(islice(visible, SHOWN_CHARACTERS))[:SHOWN_CHARACTERS]
