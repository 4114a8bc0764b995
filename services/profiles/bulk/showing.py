"""Bulk edits for the terminal."""

from collections import Counter

from rich.console import Group
from rich.table import Table
from rich.text import Text

from libs.contracts.bulk import BulkEdit, BulkItem, BulkSummary

CLASSES = {
    "scoring": ("can change results", "yellow"),
    "presentation": ("wording only", "blue"),
    "none": ("no change", "dim"),
}
DONE = {"planned": "to change", "committed": "changed", "undone": "changed back"}


def in_words(edit: BulkEdit) -> Group:
    """All of it. What people wrote carries no sign that steers a terminal."""
    count = Counter(item.state for item in edit.items)
    left_out = [item for item in edit.items if item.state == "left_out"]
    head = f"{edit.state} {edit.bulk_id}: {_profiles(count['change'])} {DONE[edit.state]}"
    head += "" if edit.changed else " (it was so already)"
    head += f", {count['refused']} refused" if count["refused"] else ""
    head += f", {count['left_out']} left out" if left_out else ""
    head += f", {edit.unchanged} so already" if edit.unchanged else ""
    lines = [Text(head, "bold")]
    lines += [_item(item) for item in edit.items if item.state != "left_out"]
    if left_out:
        lines.append(Text("left out", "bold"))
        lines += [Text(f"  {item.profile}: {_plain(item.why)}", "dim") for item in left_out]
    return Group(*lines, *_next(edit, count["refused"]))


def as_table(edits: list[BulkSummary]) -> Table:
    table = Table(box=None, pad_edge=False)
    for column in ("Bulk edit", "State", "Profiles", "Planned", "By", "Note"):
        table.add_column(column, overflow="fold")
    for one in edits:
        planned = f"{one.created_at:%Y-%m-%d %H:%M}"
        table.add_row(
            str(one.bulk_id),
            one.state,
            str(one.changes),
            planned,
            one.created_by,
            Text(_plain(one.note)),
        )
    return table


def _item(item: BulkItem) -> Text:
    text = Text(f"{item.base_profile_id} → {item.profile_id or 'its next version'}: ")
    if item.state == "refused":
        return text.append(f"refused, {_plain(item.why)}", "red")
    text.append(*CLASSES[item.change_class])
    if item.stale:
        text.append("; was changed since the plan", "red")
    if item.repointed_clients:
        text.append(f"; moves {', '.join(item.repointed_clients)}")
    for pin in item.pinned_clients:
        text.append(f"; {pin.client_id} stays pinned to version {pin.version}")
    for one in item.differences:
        text.append(f"\n  {_plain(one.sentence)}")
    return text


def _next(edit: BulkEdit, refused: int) -> list[Text]:
    if edit.state == "committed":
        return [Text(f"To take it back: aiqc profiles bulk undo {edit.bulk_id}")]
    if edit.state == "undone":
        return []
    if refused:
        return [Text("It cannot be committed like this: plan it --without what is refused.", "red")]
    stale = any(item.stale for item in edit.items if item.state == "change")
    if stale:
        return [Text("It cannot be committed any more: make a new plan.", "red")]
    return [Text(f"Nothing is changed yet. To do it: aiqc profiles bulk commit {edit.bulk_id}")]


def _profiles(count: int) -> str:
    return f"{count} profile{'' if count == 1 else 's'}"


def _plain(text: str) -> str:
    return "".join(sign if sign.isprintable() else " " for sign in text)
