"""What a change changed in the content: the versions before and after it, compared."""

import asyncio
from collections.abc import Collection, Iterable, Mapping

from libs.contracts.diff import Difference
from libs.postgres import Connection, Record
from services.profiles.domain.content import Content
from services.profiles.domain.diff import differences
from services.profiles.repository import STORED_CHECKS

Place = tuple[str, int]
"""Slug and version."""


async def changes_of(db: Connection, events: Iterable[Record]) -> dict[int, list[Difference]]:
    """The differences by number of the event; those that touched no content have none."""
    moved = await _moves(db, events)
    contents = await _contents(db, {place for pair in moved.values() for place in pair})
    known = {seq: pair for seq, pair in moved.items() if contents.keys() >= set(pair)}
    return await asyncio.to_thread(_compare, known, contents)


async def _moves(db: Connection, events: Iterable[Record]) -> dict[int, tuple[Place, Place]]:
    """From which version to which each event went."""
    added: dict[int, Place] = {}
    moved: dict[int, tuple[Place, Place]] = {}
    for event in events:
        details, slug = event["details"], event["object_id"]
        version, before = details.get("version"), details.get("before")
        if event["object_kind"] != "profile" or not isinstance(version, int):
            continue
        was = before.get("version") if isinstance(before, Mapping) else None
        if "content_hash" in details:
            added[event["seq"]] = slug, version
        elif isinstance(was, int):
            moved[event["seq"]] = (slug, was), (slug, version)
    replaced = await _replaced(db, added.values())
    return moved | {
        seq: ((place[0], replaced[place]), place)
        for seq, place in added.items()
        if place in replaced
    }


async def _replaced(db: Connection, places: Collection[Place]) -> dict[Place, int]:
    """Which version was active before each of these was saved."""
    rows = await db.fetch(
        """
        SELECT slug, version, replaced
          FROM unnest($1::text[], $2::integer[]) AS t (slug, version)
          JOIN profile_version USING (slug, version) WHERE replaced IS NOT NULL
        """,
        [slug for slug, _ in places],
        [version for _, version in places],
    )
    return {(row["slug"], row["version"]): row["replaced"] for row in rows}


async def _contents(db: Connection, places: Collection[Place]) -> dict[Place, Content]:
    rows = await db.fetch(
        """
        SELECT slug, version, name, description, pass_threshold, checks
          FROM unnest($1::text[], $2::integer[]) AS t (slug, version)
          JOIN profile_version USING (slug, version)
        """,
        [slug for slug, _ in places],
        [version for _, version in places],
    )
    return {
        (row["slug"], row["version"]): Content(
            row["name"],
            row["description"],
            row["pass_threshold"],
            STORED_CHECKS.validate_json(row["checks"]),
        )
        for row in rows
    }


def _compare(
    moved: Mapping[int, tuple[Place, Place]], contents: Mapping[Place, Content]
) -> dict[int, list[Difference]]:
    return {
        seq: [
            difference.model_copy(update={"words": []})
            for difference in differences(contents[before], contents[after])
        ]
        for seq, (before, after) in moved.items()
    }
