"""Child processes: they do not outlive us, and may run as someone with fewer rights."""

import ctypes
import os
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Account:
    """Whom a child runs as; without ids, as ourselves."""

    user_id: int | None = None
    group_id: int | None = None

    @property
    def is_ours(self) -> bool:
        return self.user_id is None

    @property
    def extra_groups(self) -> list[int] | None:
        return None if self.is_ours else []

    def take(self, path: Path) -> None:
        """Make the account the owner of `path`, never of what a link there points at."""
        if self.user_id is not None and self.group_id is not None:
            os.chown(path, self.user_id, self.group_id, follow_symlinks=False)


def die_with_us(signal_number: int) -> Callable[[], None] | None:
    """A `preexec_fn`: the kernel sends the child this signal when we end, even by kill -9.

    Only Linux can do that; elsewhere None, and a child of a killed parent lives on. The
    kernel watches the thread that forks, not the process, so RuntimeError off the main thread.
    """
    if sys.platform != "linux":
        return None
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("start child processes from the main thread: they end with it")
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    prctl.argtypes = [ctypes.c_int] + [ctypes.c_ulong] * 4
    parent = os.getpid()

    def ask_the_kernel() -> None:
        prctl(PR_SET_PDEATHSIG, signal_number, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return ask_the_kernel
