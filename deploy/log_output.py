"""The one log of many programs, written by a thread: whoever stops reading stops only that."""

import os
import threading
from collections.abc import Callable, Sequence
from typing import TextIO

OURSELVES = "aiqc"
PENDING_BYTES = 4 * 1024 * 1024
LAST_WORDS_S = 2.0
COLOURS = (36, 35, 33, 32, 34, 31)


class Log:
    """Lines with the name of who said them in front, coloured on a terminal only.

    A reader may stall for as long as it likes (^S, `| less`): beyond `PENDING_BYTES` lines
    are dropped, and the log says where and how many. `output` is a real file, pipe or terminal.
    """

    def __init__(self, output: TextIO, names: Sequence[str]) -> None:
        names = (OURSELVES, *names)
        width = max(map(len, names))
        coloured = output.isatty() and not os.environ.get("NO_COLOR")
        self._prefixes = {
            name: f"\033[{COLOURS[number % len(COLOURS)]}m{name:<{width}} |\033[0m"
            if coloured
            else f"{name:<{width}} |"
            for number, name in enumerate(names)
        }
        self._output = output
        self._changed = threading.Condition()
        self._pending: list[bytes] = []
        self._pending_bytes = 0
        self._dropped = 0
        self._closing = False

    def start(self, failed: Callable[[OSError], object]) -> None:
        """`failed` is called once, on the writing thread, when nobody can read any more."""
        # Not through `output`: the lock that a stalled write there holds would stop our exit.
        descriptor = os.dup(self._output.fileno())
        self._thread = threading.Thread(
            target=self._write_all, args=(descriptor, failed), name="log", daemon=True
        )
        self._thread.start()

    def line(self, name: str, text: str) -> None:
        """Never waits."""
        line = self._encoded(name, text)
        with self._changed:
            # Once one is dropped, so is all that follows, shorter or not: one gap, one note.
            if self._dropped or self._pending_bytes + len(line) > PENDING_BYTES:
                self._dropped += 1
                return
            self._pending.append(line)
            self._pending_bytes += len(line)
            self._changed.notify()

    def close(self) -> None:
        """Write what is left, unless that takes longer than `LAST_WORDS_S`."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join(LAST_WORDS_S)

    def _encoded(self, name: str, text: str) -> bytes:
        line = f"{self._prefixes[name]} {text}\n"
        return line.encode(self._output.encoding or "utf-8", errors="backslashreplace")

    def _write_all(self, descriptor: int, failed: Callable[[OSError], object]) -> None:
        try:
            while lines := self._take():
                while lines:
                    lines = lines[os.write(descriptor, lines) :]
        except OSError as error:
            if not self._closing:
                failed(error)
        finally:
            os.close(descriptor)

    def _take(self) -> bytes:
        """All that waits, in one piece: line by line a chatty child would outrun us.

        Nothing when the log is closed.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._pending or self._closing)
            lines, dropped = b"".join(self._pending), self._dropped
            self._pending, self._pending_bytes, self._dropped = [], 0, 0
        if dropped:
            lines += self._encoded(OURSELVES, f"nobody read the log; lines dropped: {dropped}")
        return lines
