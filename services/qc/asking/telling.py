"""What a model is told of a group of checks: rules, pictures, facts with questions, the form."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256

from pydantic import JsonValue

from libs.contracts.profiles import Check
from libs.contracts.qc import Finding
from services.qc.asking.judge import Judge
from services.qc.domain.answer_schema import answers_schema
from services.qc.domain.estimate import text_tokens
from services.qc.domain.grouping import Group
from services.qc.domain.landmarks import Landmark, snapped
from services.qc.domain.models import picture_tokens, seen_size
from services.qc.domain.prompt import SYSTEM, Asked, asked, facts_text, prompt_hash
from services.qc.domain.routing import ModelRef
from services.qc.domain.views import Shown, on_page, pages_left_out
from services.qc.domain.wants import together, wants_of
from services.qc.gallery import Gallery
from services.qc.providers.base import Picture
from services.qc.repository import AnalysisRow


@dataclass(frozen=True, slots=True)
class Told:
    """One question. `shown` says of each picture what it is; `left_out` which pages are not."""

    words: Asked
    pictures: tuple[Picture, ...]
    schema: Mapping[str, JsonValue]
    shown: tuple[Shown, ...] = ()
    landmarks: Sequence[Landmark] = ()
    left_out: str | None = None

    @property
    def system(self) -> str:
        return self.words.system

    @property
    def text(self) -> str:
        return self.words.text

    @property
    def chars(self) -> int:
        return len(self.system) + len(self.text) + len(json.dumps(self.schema))

    @property
    def question_hash(self) -> str:
        """Of every word and every picture."""
        names = "".join(shown.sha256 for shown in self.shown)
        return sha256(f"{self.words.sha256}{names}".encode()).hexdigest()

    @property
    def schema_hash(self) -> str:
        return sha256(json.dumps(self.schema, sort_keys=True).encode()).hexdigest()

    def hashes(self, check: Check) -> dict[str, str]:
        """What tells later how a check was asked, as fields of its result."""
        return {
            "prompt_hash": prompt_hash(check, self.words.kind),
            "question_hash": self.question_hash,
            "schema_hash": self.schema_hash,
        }

    def placed(self, findings: Sequence[Finding]) -> list[Finding]:
        """The findings of an answer, whose pages are numbers of pictures, where they really are."""
        return [snapped(on_page(one, self.shown), self.landmarks) for one in findings]


class Telling:
    """All questions of one analysis begin alike: the same rules, schema, pages and facts."""

    def __init__(
        self,
        judge: Judge,
        row: AnalysisRow,
        check_ids: Sequence[str],
        gallery: Gallery,
        measured: Mapping[str, Mapping[str, JsonValue]],
    ) -> None:
        self._judge = judge
        self._creative = row.creative
        self._gallery = gallery
        self._schema = answers_schema(check_ids, several_pictures=gallery.has_several)
        self._facts = facts_text(
            row.client_id, row.creative, measured, gallery.brief, gallery.suspected
        )
        self._landmarks = gallery.landmarks

    def shared_tokens(self, model: ModelRef) -> int:
        """What every question to `model` begins with, as the estimate counts it."""
        info = self._judge.info(model)
        chars = len(SYSTEM) + len(self._facts) + len(json.dumps(self._schema))
        pages = self._gallery.page_sizes(partial(seen_size, info))[: info.picture.most_pictures]
        return text_tokens(chars) + sum(picture_tokens(info, *size) for size in pages)

    def of(self, group: Group, model: ModelRef) -> Told:
        """The question about `group`, with the pictures that `model` looks at."""
        info = self._judge.info(model)
        wants = together(wants_of(check_id, check) for check_id, check in group.checks.items())
        pairs = self._gallery.pictures(wants, partial(seen_size, info), info.picture)
        shown = tuple(shown for shown, _ in pairs)
        words = self._gallery.words if wants.small_print else ()
        return Told(
            asked(self._facts, group.checks, shown, self._creative, words),
            tuple(picture for _, picture in pairs),
            self._schema,
            shown,
            self._landmarks,
            pages_left_out(self._creative, shown),
        )
