"""Which mails went out: a small file for each, so that a job that runs twice sends once."""

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from io import TextIOWrapper
from pathlib import Path

from libs.problems import Conflict, Invalid


@dataclass(frozen=True, slots=True)
class Claim:
    """The record of one mail, ours alone until it is let go."""

    key: str
    file: TextIOWrapper
    sent_at: str | None
    times: int

    @property
    def message_id(self) -> str:
        """The same for the same mail, so that one sent twice by a crash is seen as one."""
        return f"{self.key[:32]}.{self.times}"

    def note(self, at: datetime) -> None:
        """Remember that it was handed over. On the disk before this returns."""
        record = {"sent_at": at.isoformat(timespec="seconds"), "times": self.times + 1}
        self.file.seek(0)
        self.file.truncate()
        json.dump(record, self.file)
        self.file.flush()
        os.fsync(self.file.fileno())


def key_of(parts: Mapping[str, object]) -> str:
    """What tells one mail from every other: what it reports, to whom, on which day."""
    return sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


@contextmanager
def claim(folder: Path, key: str) -> Iterator[Claim]:
    """Take the record of a mail. Raises Conflict while another process has it."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = (folder / f"{key}.json").open("a+", encoding="utf-8")
    except OSError as error:
        raise Invalid("cannot_write", f"Cannot write {folder}: {error.strerror}.") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Conflict(
                "mail_under_way", "Another aiqc is sending this report at this moment."
            ) from None
        yield Claim(key, file, *_read(file))


def _read(file: TextIOWrapper) -> tuple[str | None, int]:
    """When it was sent last and how often. A crash may leave a part: then it was not noted."""
    file.seek(0)
    try:
        record = json.load(file)
        return str(record["sent_at"]), int(record["times"])
    except (ValueError, KeyError, TypeError):
        return None, 0
