"""Which exact checks read the words of the page: where one of them runs, the words are known."""

READS_WORDS = frozenset(
    {
        "accessibility",
        "background_contrast",
        "call_to_action",
        "dark_mode_legibility",
        "element_alignment",
        "forbidden_copy",
        "imperative_verb",
        "lowercase_text",
        "mandatory_copy",
        "min_text_size",
        "new_visibility",
        "responsiveness",
        "safe_zones",
        "safety_area",
        "spelling",
        "text_readability",
        "visuals_left_text_right",
        "word_count",
    }
)
