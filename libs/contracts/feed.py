"""What happens in the registry, told to callers as it happens."""

from datetime import datetime

from libs.contracts.common import Reply


class ProfileEvent(Reply):
    """One change, or `ready`, which says from where on the listener is told of changes.

    `seq` grows from event to event, with gaps: what others may see is not told. `revision`
    counts the changes of the object; who sees a lower one after a higher keeps the higher.
    """

    seq: int
    kind: str
    at: datetime | None = None
    actor: str = ""
    object_kind: str = ""
    object_id: str = ""
    revision: int = 0
    profile_id: str | None = None
    version: int | None = None
    request_id: str | None = None
