"""Up to which number every change is there that ever will be.

Numbers are drawn before transactions commit, so 8 may be seen while 7 is still to come. Who
remembered 8 would miss 7 for ever. A reader therefore goes no further than the horizon.
"""


class Horizon:
    """`settled` is the horizon; None until the first is known.

    A number is drawn by a transaction that has its own id already. So when the newest number
    that can be seen is N, whoever drew one below N has an id below the next one to be given
    out; once all of those have ended, nothing below N can appear any more.
    """

    def __init__(self) -> None:
        self.settled: int | None = None
        self._candidate: tuple[int, int] | None = None

    def observe(self, newest: int, oldest_running: int, next_id: int) -> None:
        """One look: the newest number seen, the oldest transaction that runs, the next id.

        All three are of one snapshot. `oldest_running` is `next_id` when none runs.
        """
        if oldest_running >= next_id:
            self.settled, self._candidate = newest, None
            return
        if self._candidate and oldest_running >= self._candidate[1]:
            self.settled, self._candidate = self._candidate[0], None
        if self._candidate is None:
            self._candidate = newest, next_id
