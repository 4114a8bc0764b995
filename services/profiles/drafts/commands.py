"""`aiqc drafts …`: changes that others look at before they count."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Annotated, Literal
from uuid import UUID

from cyclopts import App, Parameter
from pydantic import ValidationError

from libs.api.lifecycle import LifecycleApi
from libs.contracts.drafts import Draft, DraftEdit, DraftRequest, ReviewRequest, Verdict
from libs.contracts.profiles import ProfileEdit
from libs.problems import Invalid
from services.profiles.activations.commands import asked, instant, plain

Connect = Callable[[str], AbstractAsyncContextManager[LifecycleApi]]
AsUser = Annotated[str, Parameter(help="Who acts, of the people of the dev login.")]


def drafts_app(connect: Connect) -> App:
    """The commands under `aiqc drafts`; `connect` reaches the gateway as somebody."""
    app = App(name="drafts", help="Changes of profiles that are looked at before they count.")
    writing, deciding = DraftCommands(connect), DecisionCommands(connect)
    for write in (writing.create, writing.list, writing.show, writing.edit, writing.rebase):
        app.command(write)
    for decide in (
        deciding.comment,
        deciding.approve,
        deciding.reject,
        deciding.apply,
        deciding.withdraw,
    ):
        app.command(decide)
    return app


class DraftCommands:
    """Each method is a command: its parameters are the flags, its docstring the help."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect

    async def create(
        self, profile: str, file: Path, *, title: str = "", as_user: AsUser = "admin"
    ) -> int:
        """Keep a change of a version as a draft.

        Parameters
        ----------
        profile
            The version to change: `my_profile` is the first one.
        file
            JSON with the fields that change, as `PUT /api/profiles/…` takes it.
        """
        wanted = asked(DraftRequest, profile_id=profile, title=title, edit=_read(file))
        async with self._connect(as_user) as api:
            _show(await api.make_draft(wanted))
        return 0

    async def list(
        self,
        *,
        client: str = "",
        profile: str = "",
        state: Literal["open", "applied", "withdrawn", ""] = "open",
        as_user: AsUser = "admin",
    ) -> int:
        """List drafts, the newest first."""
        async with self._connect(as_user) as api:
            found = await api.drafts(client=client, profile=profile, state=state)
        for one in found:
            stands = one.approval.replace("_", " ") if one.state == "open" else one.state
            old = ", outdated" if one.outdated else ""
            by = plain(one.created_by)
            print(
                f"{one.draft_id}  {one.base_profile_id}  {stands}{old}  {plain(one.title)} ({by})"
            )
        return 0

    async def show(self, draft: UUID, *, json: bool = False, as_user: AsUser = "admin") -> int:
        """Tell what a draft changes, and what was said about it."""
        async with self._connect(as_user) as api:
            found = await api.draft(draft)
        if json:
            print(found.model_dump_json(indent=2))
        else:
            _show(found)
        return 0

    async def edit(self, draft: UUID, file: Path, *, as_user: AsUser = "admin") -> int:
        """Change what a draft says. Approvals of what it said before do not count then."""
        async with self._connect(as_user) as api:
            _show(await api.change_draft(draft, DraftEdit(edit=_read(file))))
        return 0

    async def rebase(self, draft: UUID, profile: str, *, as_user: AsUser = "admin") -> int:
        """Make another version the base of a draft, and keep what the draft changes."""
        async with self._connect(as_user) as api:
            _show(await api.change_draft(draft, DraftEdit(profile_id=profile)))
        return 0


class DecisionCommands:
    """Each method is a command: its parameters are the flags, its docstring the help."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect

    async def comment(self, draft: UUID, note: str, *, as_user: AsUser = "admin") -> int:
        """Say something about a draft."""
        return await self._review(draft, "comment", note, as_user)

    async def approve(self, draft: UUID, *, note: str = "", as_user: AsUser = "admin") -> int:
        """Approve what a draft says now, and print it. Nobody approves what they wrote."""
        return await self._review(draft, "approve", note, as_user)

    async def reject(self, draft: UUID, *, note: str = "", as_user: AsUser = "admin") -> int:
        """Reject what a draft says now; your own approval later takes that back."""
        return await self._review(draft, "reject", note, as_user)

    async def apply(self, draft: UUID, *, note: str = "", as_user: AsUser = "admin") -> int:
        """Save a draft as the next version of its profile, active at once."""
        async with self._connect(as_user) as api:
            etag = (await api.draft(draft)).etag
            print((await api.apply_draft(draft, note, etag)).message)
        return 0

    async def withdraw(self, draft: UUID, *, note: str = "", as_user: AsUser = "admin") -> int:
        """End a draft without applying it."""
        async with self._connect(as_user) as api:
            _show(await api.withdraw_draft(draft, note))
        return 0

    async def _review(self, draft: UUID, verdict: Verdict, note: str, as_user: str) -> int:
        async with self._connect(as_user) as api:
            seen = await api.draft(draft)
            said = asked(ReviewRequest, verdict=verdict, note=note, draft_hash=seen.draft_hash)
            _show(await api.review_draft(draft, said))
        return 0


def _show(draft: Draft) -> None:
    stands = draft.approval.replace("_", " ") if draft.state == "open" else draft.state
    print(f"draft {draft.draft_id} of {draft.base_profile_id}: {plain(draft.title)}")
    old = "; outdated: another version is active by now" if draft.outdated else ""
    print(f"  {stands}{old}; written by {', '.join(map(plain, draft.authors))}")
    print(f"  {draft.summary}")
    for one in draft.differences:
        print(f"  - {plain(one.sentence)}")
    if draft.visibility:
        clients = ", ".join(draft.visible_to_clients or []) or "every client"
        print(f"  - to be used by {clients}")
    for said in draft.reviews:
        void = "" if said.counts or said.verdict == "comment" else " (does not count any more)"
        note = f": {plain(said.note)}" if said.note else ""
        by = f"by {plain(said.reviewed_by)}{void}{note}"
        print(f"  {instant(said.reviewed_at)}  {said.verdict} {by}")
    if draft.applied_profile_id:
        print(f"  became {draft.applied_profile_id}")


def _read(file: Path) -> ProfileEdit:
    try:
        return ProfileEdit.model_validate_json(file.read_bytes())
    except ValidationError as error:
        wrong = [
            f"{'.'.join(map(str, one['loc'])) or 'the file'}: {one['msg']}"
            for one in error.errors(include_url=False, include_context=False)[:10]
        ]
        raise Invalid("bad_edit", f"{file}: {'; '.join(wrong)}.") from error
