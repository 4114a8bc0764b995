"""What a model is told: rules for all checks, facts about the file, the questions of one call.

The words are in `services/qc/prompts`, one template for each kind of question. Rules, pictures of
the pages and facts are the same for every call of an analysis, and providers charge less for a
beginning that they have seen; so only the end differs.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from jinja2 import DictLoader, Environment, StrictUndefined
from pydantic import JsonValue

from libs.contracts.brand import Placement
from libs.contracts.profiles import Check
from libs.contracts.qc import Creative, Suspicion
from services.qc.domain.answer import clean
from services.qc.domain.brief import Brief
from services.qc.domain.landmarks import Landmark
from services.qc.domain.orders import gives_orders
from services.qc.domain.views import Shown

MAX_FACT_CHARS = 200
MAX_FACT_ITEMS = 12
MAX_FACTS_CHARS = 6_000
MAX_WORDS_CHARS = 2_000
LEAST_LETTERS = 2
MAX_COLOURS = 12
_DEEPEST = 4
_NO_FACTS = frozenset({"pages", "pages_judged", "findings"})
"""Measurements that tell how a check worked, not what it saw."""

PROMPTS = Path(__file__).parents[1] / "prompts"
TAGS = ("facts", "words", "check")

KINDS_IN_WORDS = {
    "logo": "logo",
    "reference": "approved picture",
    "brand_asset": "brand asset",
    "product": "product",
    "previous_version": "earlier version of the creative",
}


def _data(value: JsonValue) -> str:
    """JSON on one line that cannot close the tag around it: a file may be named `</facts>`.

    Keys are sorted: the database keeps no order, and a question asked again must be the same.
    """
    text = json.dumps(
        _short(value), ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
    )
    return text.replace("<", "\\u003c").replace(">", "\\u003e")


def _short(value: JsonValue, depth: int = 0) -> JsonValue:
    if isinstance(value, str):
        return clean(value, MAX_FACT_CHARS)
    if isinstance(value, float):
        return float(f"{value:.4g}") if value == value and abs(value) < 1e300 else None
    if depth == _DEEPEST and isinstance(value, dict | list):
        return None
    if isinstance(value, Mapping):
        items = [(key, item) for key, item in value.items() if item not in (None, "", [], {})]
        return {
            clean(key, MAX_FACT_CHARS): _short(item, depth + 1)
            for key, item in items[:MAX_FACT_ITEMS]
        }
    if isinstance(value, list):
        return [_short(item, depth + 1) for item in value[:MAX_FACT_ITEMS]]
    return value


def _template_text(path: Path) -> str:
    """A line that ends in a backslash goes on in the next one."""
    return path.read_text(encoding="utf-8").replace("\\\n", "")


TEMPLATES = {path.name: _template_text(path) for path in sorted(PROMPTS.glob("*.jinja"))}
ENVIRONMENT = Environment(
    loader=DictLoader(TEMPLATES),
    autoescape=False,  # these are words for a model; what others wrote goes through `data`
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
ENVIRONMENT.filters["data"] = _data
SYSTEM = ENVIRONMENT.get_template("system.jinja").render()


@dataclass(frozen=True, slots=True)
class Asked:
    """The words of one call, and of which kind the question is."""

    system: str
    text: str
    kind: str

    @property
    def sha256(self) -> str:
        """Hash of every word."""
        return _hashed(self.system, self.text)


def prompt_hash(check: Check, kind: str) -> str:
    """Hash of rules, templates and the check's own question: the same for every creative."""
    parts = (SYSTEM, *(TEMPLATES[f"{name}.jinja"] for name in (kind, "legend", "checks")))
    own = (check.title, check.prompt, json.dumps(check.parameters, sort_keys=True))
    return _hashed(*parts, *own)


def _hashed(*words: str) -> str:
    return sha256("\0".join(words).encode("utf-8", "surrogatepass")).hexdigest()


def facts_text(
    client_id: str,
    creative: Creative,
    measurements: Mapping[str, Mapping[str, JsonValue]],
    brief: Brief | None = None,
    suspected: Sequence[Suspicion] = (),
) -> str:
    """What is known of the file, the same for every call. `measurements` are by check id.

    A file name that gives orders is not told.
    """
    brief = brief or Brief()
    return ENVIRONMENT.get_template("facts.jinja").render(
        file=_file(client_id, creative),
        placement=_placement(brief.placement),
        brand=_brand(brief),
        measured=list(_measured(measurements)),
        left_out=", ".join(sorted({one.where for one in suspected})),
    )


def _file(client_id: str, creative: Creative) -> dict[str, JsonValue]:
    name = creative.file_name
    return {
        "brand_client": client_id,
        "file_name": None if gives_orders(name) else name,
        "format": creative.format,
        "width_px": creative.width_px,
        "height_px": creative.height_px,
        "bytes": creative.bytes,
        "pages": creative.pages,
        "duration_s": creative.duration_s,
    }


def _placement(placement: Placement | None) -> JsonValue:
    return placement.model_dump(mode="json", exclude_defaults=True) if placement else None


def _brand(brief: Brief) -> dict[str, JsonValue]:
    told: dict[str, JsonValue] = {}
    if brief.market:
        told["market"] = brief.market
    if brief.brand.languages:
        told["languages"] = list(brief.brand.languages)
    if brief.brand.colours:
        told["colours"] = [f"{c.name} {c.hex}" for c in brief.brand.colours[:MAX_COLOURS]]
    return told


def _measured(
    measurements: Mapping[str, Mapping[str, JsonValue]],
) -> Iterator[tuple[str, dict[str, JsonValue]]]:
    """As far as there is room; words among them that give orders are left out."""
    room = MAX_FACTS_CHARS
    for check_id, measured in sorted(measurements.items()):
        told = {key: value for key, value in measured.items() if key not in _NO_FACTS}
        length = len(_data(told)) + len(check_id)
        if told and length <= room:
            room -= length
            yield check_id, _without_orders(told)


def _without_orders(told: dict[str, JsonValue]) -> dict[str, JsonValue]:
    return {key: None if gives_orders(_data(value)) else value for key, value in told.items()}


def asked(
    facts: str,
    checks: Mapping[str, Check],
    pictures: Sequence[Shown],
    creative: Creative,
    words: Iterable[Landmark] = (),
) -> Asked:
    """The words of one call that asks `checks` about `pictures`, which are shown in that order.

    `words` are lines as they were read; those that give orders are left out.
    """
    kind = kind_of(pictures, creative)
    end = ENVIRONMENT.get_template(f"{kind}.jinja").render(
        pictures=[_legend(picture, creative) for picture in pictures],
        duration_s=creative.duration_s and round(creative.duration_s, 1),
        words=list(_lines(words)),
        checks=[_question(check_id, check) for check_id, check in checks.items()],
    )
    return Asked(SYSTEM, f"{facts}\n{end}".strip(), kind)


def kind_of(pictures: Sequence[Shown], creative: Creative) -> str:
    """Which template asks about these pictures."""
    if any(picture.kind not in ("page", "crop") for picture in pictures):
        return "comparison"
    if sum(picture.kind == "page" for picture in pictures) > 1:
        return "film" if creative.duration_s else "pages"
    return "still"


def _legend(picture: Shown, creative: Creative) -> str:
    if picture.page is None:
        name = f" {_data(picture.name)}" if not gives_orders(picture.name) else ""
        return f"reference, {KINDS_IN_WORDS[picture.kind]}{name}"
    times = {page.number: page.at_s for page in creative.strip}
    at_s = times.get(picture.page)
    page = f"page {picture.page}" if at_s is None else f"the film at {at_s:.1f} s"
    if picture.region is None:
        return page
    box = picture.region
    sides = (box.y, box.x, box.y + box.h, box.x + box.w)
    top, left, bottom, right = (round(side * 1000) for side in sides)
    return f"small print of {page}, larger: top {top}, left {left}, bottom {bottom}, right {right}"


def _lines(words: Iterable[Landmark]) -> Iterator[str]:
    room = MAX_WORDS_CHARS
    for line in words:
        if sum(char.isalnum() for char in line.words) < LEAST_LETTERS:
            continue
        room -= len(line.words)
        if room < 0:
            return
        if not gives_orders(line.words):
            yield line.words


def _question(check_id: str, check: Check) -> dict[str, Any]:
    return {
        "id": check_id,
        "title": _in_its_tag(clean(check.title, 120)),
        "prompt": _in_its_tag(check.prompt.strip()),
        "parameters": check.parameters,
    }


def _in_its_tag(text: str) -> str:
    """A question stays within its own check: it neither opens nor closes one of our tags."""
    for tag in TAGS:
        text = text.replace(f"<{tag}", f"‹{tag}").replace(f"</{tag}", f"‹/{tag}")
    return text
