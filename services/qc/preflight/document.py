"""What a PDF says about itself as a whole: version, intents, layers, scripts, what is attached."""

import re
from typing import Any

import pikepdf

from services.qc.preflight import objects
from services.qc.preflight.facts import Annotation, DocumentFacts, Layer, OutputIntent
from services.qc.preflight.spaces import MOST_PROFILE_BYTES, profile_name, stream_bytes

MOST_METADATA_BYTES = 2 << 20
MOST_LAYERS = 2_000
MOST_FIELDS = 5_000
MOST_ANNOTATIONS = 2_000
HIDDEN, PRINTS = 1 << 1, 1 << 2
TELLING_ACTIONS = {
    "JavaScript", "Launch", "SubmitForm", "ImportData", "Rendition", "Movie", "Sound",
    "GoToE", "RichMediaExecute", "GoTo3DView", "ResetForm",
}  # fmt: skip
"""Actions that print production has no use for; going to a page or an address is harmless."""

_PDFX = re.compile(rb"GTS_PDFXVersion(?:>|=[\"'])\s*([^<\"']{3,40})")


def document_facts(pdf: pikepdf.Pdf) -> DocumentFacts:
    root = pdf.Root
    names = objects.dictionary(root, "/Names")
    form = objects.dictionary(root, "/AcroForm")
    info = objects.dictionary(pdf.trailer, "/Info")
    return DocumentFacts(
        version=_version(pdf),
        encrypted=bool(pdf.is_encrypted),
        permissions_limited=bool(pdf.is_encrypted) and not all(pdf.allow),
        pdfx=_pdfx(root, info),
        trapped=objects.name(objects.get(info, "/Trapped")) or None,
        layers=[layer for _, layer in _layers(root)],
        output_intents=_output_intents(root),
        scripts=objects.name_tree(objects.dictionary(names, "/JavaScript")),
        actions=_root_actions(root),
        embedded_files=objects.name_tree(objects.dictionary(names, "/EmbeddedFiles")),
        form_fields=_count_fields(form),
        xfa=objects.get(form, "/XFA") is not None,
    )


def _version(pdf: pikepdf.Pdf) -> str:
    stated = objects.name(objects.get(pdf.Root, "/Version"))
    return max(pdf.pdf_version, stated) if re.fullmatch(r"\d\.\d", stated) else pdf.pdf_version


def _pdfx(root: Any, info: Any) -> str | None:
    """From the information dictionary (PDF/X-1a, X-3) or from the metadata (X-4 and later)."""
    stated = objects.name(objects.get(info, "/GTS_PDFXVersion"))
    conforms = objects.name(objects.get(info, "/GTS_PDFXConformance"))
    if stated:
        return (conforms or stated)[:40]
    found = _PDFX.search(stream_bytes(objects.get(root, "/Metadata"), MOST_METADATA_BYTES))
    return found[1].decode("latin-1").strip() if found else None


def layers_by_key(pdf: pikepdf.Pdf) -> dict[tuple[int, int], Layer]:
    return {key: layer for key, layer in _layers(pdf.Root) if key}


def _layers(root: Any) -> list[tuple[tuple[int, int] | None, Layer]]:
    properties = objects.dictionary(root, "/OCProperties")
    default = objects.dictionary(properties, "/D")
    all_off = objects.name(objects.get(default, "/BaseState")) == "OFF"
    on, off = (
        {objects.key_of(one) for one in objects.elements(objects.get(default, key), MOST_LAYERS)}
        for key in ("/ON", "/OFF")
    )
    found = []
    for group in objects.elements(objects.get(properties, "/OCGs"), MOST_LAYERS):
        key = objects.key_of(group)
        visible = key in on if all_off else key not in off
        usage = objects.dictionary(objects.dictionary(group, "/Usage"), "/Print")
        state = objects.name(objects.get(usage, "/PrintState"))
        prints = {"ON": True, "OFF": False}.get(state)
        name = objects.name(objects.get(group, "/Name"))[:200]
        found.append((key, Layer(name, visible, prints)))
    return found


def _output_intents(root: Any) -> list[OutputIntent]:
    intents = []
    for intent in objects.elements(objects.get(root, "/OutputIntents"), 20):
        profile = objects.get(intent, "/DestOutputProfile")
        inks = objects.whole(objects.get(profile, "/N"))
        intents.append(
            OutputIntent(
                kind=objects.name(objects.get(intent, "/S")),
                condition=objects.name(objects.get(intent, "/OutputConditionIdentifier"))[:200],
                info=objects.name(objects.get(intent, "/Info"))[:200],
                profile=profile_name(stream_bytes(profile, MOST_PROFILE_BYTES)),
                components=inks or None,
            )
        )
    return intents


def _root_actions(root: Any) -> list[str]:
    found = [action_of(objects.get(root, "/OpenAction"))]
    found += [action_of(value) for _, value in objects.items(objects.get(root, "/AA"))]
    return [action for action in found if action]


def action_of(value: Any, depth: int = 0) -> str | None:
    """The first telling kind in a chain of actions."""
    kind = objects.name(objects.get(value, "/S"))
    if kind in TELLING_ACTIONS or depth > 8:
        return kind or None
    following = objects.get(value, "/Next")
    for one in objects.elements(following, 20) or ([following] if following is not None else []):
        if found := action_of(one, depth + 1):
            return found
    return None


def _count_fields(form: Any) -> int:
    waiting, count, seen = objects.elements(objects.get(form, "/Fields"), MOST_FIELDS), 0, 0
    while waiting and seen < MOST_FIELDS:
        node = waiting.pop()
        seen += 1
        kids = objects.elements(objects.get(node, "/Kids"), MOST_FIELDS)
        if objects.get(node, "/FT") is not None or not kids:
            count += 1
        else:
            waiting += kids
    return count


def annotations(page: Any) -> list[Annotation]:
    found = []
    for one in objects.elements(objects.get(page, "/Annots"), MOST_ANNOTATIONS):
        kind = objects.name(objects.get(one, "/Subtype"))
        flags = objects.whole(objects.get(one, "/F"))
        if not kind:
            continue
        actions = [action_of(objects.get(one, "/A"))]
        actions += [action_of(value) for _, value in objects.items(objects.get(one, "/AA"))]
        action = next(filter(None, actions), None)
        box = objects.box(objects.get(one, "/Rect"))
        prints = bool(flags & PRINTS)
        found.append(Annotation(kind, box, bool(flags & HIDDEN), prints, action))
    return found


def page_actions(page: Any) -> list[str]:
    found = [action_of(value) for _, value in objects.items(objects.get(page, "/AA"))]
    return [action for action in found if action]
