"""The catalogue of checks. Cheap to import: what a check needs is loaded when it runs."""

import logging

from pydantic import JsonValue, ValidationError

from libs.contracts.catalogue import Catalogue, CatalogueEntry
from libs.contracts.profiles import Check
from services.qc.checks import (
    accessibility,
    animation_transitions,
    aspect_ratio,
    audio_loudness,
    background_contrast,
    barcode,
    blur_upscale,
    brand_assets_visibility,
    brand_colors,
    call_to_action,
    color_format,
    colour_profile,
    compression_artifacts,
    crop_marks,
    curved_edges,
    dark_mode_legibility,
    duplicate_pages,
    element_alignment,
    file_integrity,
    file_naming,
    file_weight,
    forbidden_copy,
    image_resolution,
    imperative_verb,
    layer_organization,
    logo_clear_space,
    logo_colour,
    logo_distortion,
    logo_size,
    logo_visibility,
    lowercase_text,
    mandatory_copy,
    media_plan_format,
    min_text_size,
    new_visibility,
    pdf_colour,
    pdf_contents,
    pdf_fonts,
    pdf_hairlines,
    pdf_images,
    pdf_output_intent,
    print_bleed,
    product_visibility,
    qr_target,
    reference_comparison,
    responsiveness,
    safe_zones,
    safety_area,
    spelling,
    text_readability,
    transparency,
    version_comparison,
    video_format,
    visual_elements_count,
    visuals_left_text_right,
    word_count,
)
from services.qc.checks.measured import BadParameter, ExactCheck, Measured
from services.qc.checks.subject import Subject
from services.qc.domain.creative import Unreadable
from services.qc.domain.judged_checks import JUDGED
from services.qc.domain.naming import did_you_mean, kept_name
from services.qc.domain.wants import PARAMETERS, refused_wants

LOG = logging.getLogger(__name__)


CHECKS: dict[str, ExactCheck] = {
    "accessibility": accessibility.CHECK,
    "animation_transitions": animation_transitions.CHECK,
    "aspect_ratio": aspect_ratio.CHECK,
    "audio_loudness": audio_loudness.CHECK,
    "background_contrast": background_contrast.CHECK,
    "barcode": barcode.CHECK,
    "blur_upscale": blur_upscale.CHECK,
    "brand_assets_visibility": brand_assets_visibility.CHECK,
    "brand_colors": brand_colors.CHECK,
    "call_to_action": call_to_action.CHECK,
    "color_format": color_format.CHECK,
    "colour_profile": colour_profile.CHECK,
    "compression_artifacts": compression_artifacts.CHECK,
    "crop_marks": crop_marks.CHECK,
    "curved_edges": curved_edges.CHECK,
    "dark_mode_legibility": dark_mode_legibility.CHECK,
    "duplicate_pages": duplicate_pages.CHECK,
    "element_alignment": element_alignment.CHECK,
    "file_integrity": file_integrity.CHECK,
    "file_naming": file_naming.CHECK,
    "file_weight": file_weight.CHECK,
    "forbidden_copy": forbidden_copy.CHECK,
    "image_resolution": image_resolution.CHECK,
    "imperative_verb": imperative_verb.CHECK,
    "layer_organization": layer_organization.CHECK,
    "logo_clear_space": logo_clear_space.CHECK,
    "logo_colour": logo_colour.CHECK,
    "logo_distortion": logo_distortion.CHECK,
    "logo_size": logo_size.CHECK,
    "logo_visibility": logo_visibility.CHECK,
    "lowercase_text": lowercase_text.CHECK,
    "mandatory_copy": mandatory_copy.CHECK,
    "media_plan_format": media_plan_format.CHECK,
    "min_text_size": min_text_size.CHECK,
    "new_visibility": new_visibility.CHECK,
    "pdf_colour": pdf_colour.CHECK,
    "pdf_contents": pdf_contents.CHECK,
    "pdf_fonts": pdf_fonts.CHECK,
    "pdf_hairlines": pdf_hairlines.CHECK,
    "pdf_images": pdf_images.CHECK,
    "pdf_output_intent": pdf_output_intent.CHECK,
    "print_bleed": print_bleed.CHECK,
    "product_visibility": product_visibility.CHECK,
    "qr_target": qr_target.CHECK,
    "reference_comparison": reference_comparison.CHECK,
    "responsiveness": responsiveness.CHECK,
    "safe_zones": safe_zones.CHECK,
    "safety_area": safety_area.CHECK,
    "spelling": spelling.CHECK,
    "text_readability": text_readability.CHECK,
    "transparency": transparency.CHECK,
    "version_comparison": version_comparison.CHECK,
    "video_format": video_format.CHECK,
    "visual_elements_count": visual_elements_count.CHECK,
    "visuals_left_text_right": visuals_left_text_right.CHECK,
    "word_count": word_count.CHECK,
}


def catalogue() -> Catalogue:
    """Every check by name: exact ones with the schema of their parameters, judged with a prompt.

    A judged check goes where an exact one of its name is enough.
    """
    exact = [
        CatalogueEntry(
            name=name,
            kind="exact",
            version=check.version,
            measures=check.measures,
            unit=check.unit,
            needs=list(check.needs),
            parameters=check.parameters.model_json_schema(),
            example=dict(check.example),
        )
        for name, check in CHECKS.items()
    ]
    judged = [
        CatalogueEntry(
            name=name,
            kind="judged",
            measures=check.measures,
            needs=["vision_model"],
            parameters=PARAMETERS,
            prompt=check.prompt,
        )
        for name, check in JUDGED.items()
        if check.also_exact or name not in CHECKS
    ]
    return Catalogue(checks=sorted(exact + judged, key=lambda entry: (entry.name, entry.kind)))


def refused_parameters(name: str, parameters: dict[str, JsonValue]) -> str | None:
    """Why `parameters` do not fit the check, for people; None when they do."""
    if name not in CHECKS:
        return f"There is no exact check named “{name}”. {did_you_mean(name, CHECKS)}"
    try:
        CHECKS[name].parameters.model_validate(parameters)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = kept_name(".".join(str(part) for part in first["loc"]))
        known = CHECKS[name].parameters.model_fields
        if first["type"] == "extra_forbidden" and len(first["loc"]) == 1:
            near = did_you_mean(where, known) if known else "It takes none."
            return f"Parameter {where}: the check has none of that name. {near}"
        return f"Parameter {where}: {first['msg'].removeprefix('Value error, ')}."
    return None


def fault_of(check_id: str, check: Check) -> str | None:
    """Why a check of a profile comes to nothing, for people; None when it can be carried out."""
    if check.kind == "judged":
        return refused_wants(check)
    return refused_parameters(check.measure or check_id, check.parameters)


def run_check(name: str, subject: Subject, parameters: dict[str, JsonValue]) -> Measured:
    """Measure one exact check. Never raises: what goes wrong is a result with state "error"."""
    refusal = refused_parameters(name, parameters)
    if refusal:
        return Measured(state="error", reason=refusal)
    check = CHECKS[name]
    try:
        measured = check.measure(subject, check.parameters.model_validate(parameters))
        return _with_pages_left_out(measured, subject)
    except BadParameter as error:
        return Measured(state="error", reason=f"Parameter {error}.")
    except Unreadable as error:
        return Measured(state="error", reason=error.detail)
    except Exception as error:
        if _is_out_of_memory(error):
            reason = "Measuring took too much memory. Upload a smaller file."
            return Measured(state="error", reason=reason)
        LOG.exception("exact check %s broke", name)
        return Measured(state="error", reason="This check broke while measuring; it was logged.")


def _with_pages_left_out(measured: Measured, subject: Subject) -> Measured:
    """A result that holds for some of the pages says so."""
    if "pages_judged" not in measured.measurements:
        return measured
    seen, artwork = measured.measurements["pages_judged"], len(subject.artwork)
    reasons = [measured.reason, subject.left_out()]
    if seen != artwork:
        of = "pages" if subject.left_out() is None else "pages of artwork"
        reasons.append(f"The first {seen} of {artwork} {of} were judged.")
    reason = " ".join(filter(None, reasons)) or None
    return measured.model_copy(update={"reason": reason})


def _is_out_of_memory(error: Exception) -> bool:
    """The native libraries have no exception of their own for it."""
    text = str(error)
    return isinstance(error, MemoryError) or "bad_alloc" in text or "Insufficient memory" in text
