"""Phrases that speak to whoever judges a creative: what they ask for, and how surely.

`COMPACT` are looked for in text without spaces and marks, in which letters that are taken for one
another are one letter: each is a row of alternatives that follow each other closely. `SPACED` are
expressions over plain words. A phrase of weight 2 is an order by itself; what an advertisement
might say as well has weight 1, and takes another sort of phrase beside it.
"""

from dataclasses import dataclass
from typing import Literal

Sort = Literal["override", "verdict", "address", "conceal"]

SORTS: dict[Sort, str] = {
    "override": "to put rules aside",
    "verdict": "for a score or a verdict",
    "address": "a model by name or role",
    "conceal": "to keep something quiet",
}
"""What each sort asks, as the end of a sentence."""


@dataclass(frozen=True, slots=True)
class Phrase:
    sort: Sort
    weight: int
    slots: tuple[str, ...] = ()
    expression: str = ""


def _override(*slots: str, weight: int = 2) -> Phrase:
    return Phrase("override", weight, slots)


_IGNORE = (
    "ignore|disregard|forget|override|overrule|bypass|discard|do not follow|don't follow|"
    "do not obey|stop following|pay no attention to"
)
_EARLIER = "previous|prior|above|earlier|preceding|foregoing|initial|original|system|existing"
_INSTRUCTIONS = "instruction|prompt|directive|rubric|guideline"

COMPACT: tuple[Phrase, ...] = (
    _override(_IGNORE, f"{_EARLIER}|your|all|any|these|those", _INSTRUCTIONS),
    _override(_IGNORE, _EARLIER, "rules|criteria|checks|directions|commands|context"),
    _override(_IGNORE, "everything|anything|whatever|all", "above|before this|you were told"),
    _override(_IGNORE, "instructions", "above|before|you were given|you have been given"),
    _override(_IGNORE, "rules|criteria|checks|guidelines", weight=1),
    # German
    _override(
        "ignoriere|missachte|vergiss|vergessen sie|beachte nicht|verwirf",
        "vorherige|vorige|vorangehende|vorangegangene|bisherige|obige|alle|deine|ihre|frühere",
        "anweisung|instruktion|prompt|vorgabe|befehl|anleitung",
    ),
    _override("ignoriere|missachte|vergiss", "vorherige|bisherige|obige", "regel"),
    # French, Spanish, Portuguese, Italian: the adjective may stand on either side
    _override(
        "ignore|ignorez|oublie|oubliez|néglige|ne tiens pas compte|ne tenez pas compte",
        "instruction|consigne|directive|règle",
        "précédent|antérieur|ci-dessus|système|reçues|qui précèdent",
    ),
    _override(
        "ignora|ignore|olvida|olvide|descarta|desobedece|no sigas",
        "instruccion|indicacion|directri|órdenes|reglas",
        "anterior|previa|de arriba|del sistema|precedente",
    ),
    _override(
        "ignora|ignore|esqueça|esquece|desconsidere|descarte",
        "instruç|orientaç|diretri|regras",
        "anterior|acima|prévia|do sistema",
    ),
    _override(
        "ignora|ignorate|dimentica|trascura|non seguire",
        "istruzion|indicazion|direttiv|regole",
        "precedent|di cui sopra|sopra|del sistema|anterior",
    ),
    _override(
        "ignora|ignore|olvida|oublie|dimentica|esqueça",
        "anterior|previa|précédent|precedent",
        "instruccion|instruç|instruction|istruzion|consigne|directiv",
    ),
    # Dutch, Polish, Swedish and Danish, Russian
    _override(
        "negeer|vergeet", "vorige|eerdere|bovenstaande|alle", "instructie|opdracht|aanwijzing"
    ),
    _override(
        "zignoruj|ignoruj|pomiń|zapomnij o",
        "poprzedni|wcześniejsz|powyższ|wszystki",
        "instrukcj|poleceni|wytyczn",
    ),
    _override(
        "ignorera|ignorer|glöm|glem",
        "tidigare|tidligere|föregående|foregående|alla|alle",
        "instruktion|instruks|anvisning",
    ),
    _override(
        "игнорируй|проигнорируй|забудь|игнорируйте",
        "предыдущ|прежн|все|выше",
        "инструкц|указани|правил",
    ),
    # Chinese, Japanese, Korean, Arabic
    _override("忽略|无视|無視|忘记|忘記|不要理会", "指令|指示|提示|说明|說明|规则|規則"),
    _override("指示|命令|プロンプト|ルール", "無視し|無視せ|忘れて|従わない"),
    _override("지시|명령|프롬프트|지침", "무시"),
    _override("تجاهل", "تعليمات|التعليمات|الأوامر"),
    Phrase("address", 2, ("if you are|since you are", "an ai|a language model|an llm|a model")),
    Phrase("address", 2, ("as an ai language model|as a language model|as an ai model",)),
    Phrase("address", 2, ("wenn du|falls du|wenn sie", "eine ki|ein sprachmodell", "bist|sind")),
    Phrase("address", 2, ("si tu es|si vous êtes|si eres|se sei", "une ia|una ia|un modèle")),
    Phrase("conceal", 2, ("do not|don't|never", "mention|reveal|disclose", "instruction|prompt")),
    Phrase("conceal", 2, ("do not|don't|never", "mention|reveal|report", "this text|this note")),
    Phrase("conceal", 2, ("reveal|print|repeat|output|disclose", "system prompt|your prompt")),
    Phrase("conceal", 2, ("reveal|print|repeat|output|disclose", "your instructions|your rules")),
    Phrase(
        "verdict",
        2,
        (
            "bewerte|gib|vergib|setze|markiere|erkläre|stufe",
            "dieses bild|dieser prüfung|alle prüfung|alle kriterien|dieses motiv|diese datei",
            "100|bestanden|höchst|volle punkt|freigegeben|fehlerfrei",
        ),
    ),
    Phrase(
        "verdict",
        2,
        (
            "donne|donnez|attribue|note|évalue|pon|otorga|califica|asigna|dai|assegna|valuta",
            "cette image|ce visuel|tous les contrôles|esta imagen|todas las comprobaciones|"
            "questa immagine|tutti i controlli",
            "100|réussi|conforme|approuvé|aprobad|approvat|máxim|massim|parfait",
        ),
    ),
)

_GIVE = r"(?:give|assign|award|return|output|respond with|answer with|reply with|set|write)"
_THING = (
    r"(?:check|image|creative|picture|design|file|ad|advert|advertisement|asset|artwork|"
    r"criteri(?:a|on)|test|submission|logo|layout)s?"
)
_GOOD = (
    r"(?:pass(?:ed|es)?|approved|compliant|correct|perfect|flawless|100|10 ?/ ?10|"
    r"10 out of 10|full marks|no (?:findings|issues|errors))"
)
_MUST = r"\b(?:must|should|shall|ha(?:s|ve) to|needs? to)"
_MODEL = (
    r"(?:a[il]|llm|vlm|gpt\S{0,6}|chatgpt|gemini|claude|copilot|language model|vision model|"
    r"(?:a[il] )?assistant|chatbot|automated (?:reviewer|system|checker|judge)|"
    r"(?:a[il] |the )(?:reviewer|judge|checker|grader|evaluator|model))"
)

SPACED: tuple[Phrase, ...] = (
    Phrase("verdict", 2, expression=r"[\"'“”](?:verdict|score|findings)[\"'“”] ?:"),
    Phrase(
        "verdict",
        2,
        expression=rf"\b(?:mark|rate|grade|score|judge|classify|treat|consider|report)\b"
        rf".{{0,12}}\b(?:this|all|every|each|the|any)\b.{{0,20}}\b{_THING}\b.{{0,20}}\b{_GOOD}\b",
    ),
    Phrase(
        "verdict",
        2,
        expression=rf"\b(?:this|all|every|each|any)\b.{{0,12}}\b{_THING}\b.{{0,12}}{_MUST}"
        r" be \b(?:approved|passed|marked|scored|rated|accepted|considered)\b",
    ),
    Phrase("verdict", 1, expression=rf"\b{_THING}\b.{{0,12}}{_MUST} (?:pass|score|receive|get)\b"),
    Phrase(
        "verdict",
        2,
        expression=rf"\b{_GIVE}\b.{{0,30}}\bverdict\b|\bverdict\b ?(?:is|=|:) ?[\"'“]?pass",
    ),
    Phrase(
        "verdict",
        1,
        expression=rf"\b{_GIVE}\b.{{0,30}}\b(?:score|rating|grade|marks?)\b.{{0,20}}"
        r"\b(?:100|10 ?/ ?10|10|maximum|highest|perfect|full|top)\b",
    ),
    Phrase(
        "verdict",
        1,
        expression=rf"\b{_GIVE}\b.{{0,30}}\b(?:100|maximum|highest|perfect|full|top)\b.{{0,12}}"
        r"\b(?:score|rating|grade|marks?)\b",
    ),
    Phrase("verdict", 1, expression=r"\bscore\b.{0,4}\b(?:of )?(?:100|10 ?/ ?10|10)\b"),
    Phrase("verdict", 1, expression=r"\ball (?:the )?checks? (?:are |have |has )?pass(?:ed)?\b"),
    Phrase(
        "verdict",
        1,
        expression=r"\b(?:you (?:must|should|have to|will)|always|simply|just) "
        r"(?:approve|pass|accept|answer|respond|reply|output|return)\b",
    ),
    Phrase("verdict", 1, expression=rf"\b(?:approve|pass|accept) (?:this|the|all|every) {_THING}"),
    Phrase(
        "address",
        2,
        expression=r"<\|(?:im_start|im_end|system|user|assistant|endoftext)\|>|\[/?inst\]|<</?sys>>"
        r"|</?(?:system|instructions?|facts|checks?|assistant|prompt)>"
        r"|#{2,} ?(?:system|instructions?|assistant)\b",
    ),
    Phrase(
        "address",
        1,
        expression=rf"\b(?:attention|note|message|dear|hello|hey|hi|instructions?|notice|important)"
        rf"\b.{{0,6}}\b(?:to |for )?(?:the |any |all )?{_MODEL}\b",
    ),
    Phrase("address", 1, expression=rf"\b{_MODEL} ?:|\b(?:system|developer|admin)(?: prompt)? ?:"),
    Phrase("address", 1, expression=r"\bsystem (?:prompt|message|override)\b|\bprompt injection\b"),
    Phrase("address", 1, expression=rf"\byou are (?:now |actually )?(?:an? |the )?{_MODEL}\b"),
    Phrase("address", 1, expression=r"\bnew (?:system )?(?:instructions?|task|prompt) ?:"),
    Phrase("override", 1, expression=r"\bfrom now on,? (?:you|ignore|answer|respond|only)\b"),
    Phrase("override", 1, expression=r"\b(?:jailbreak|developer mode|debug mode|dan mode)\b"),
    Phrase(
        "conceal",
        1,
        expression=r"\b(?:do not|don'?t|never|without)\b.{0,12}\b(?:mention|report|reveal|flag|list"
        r"|raise|note|find)(?:ing|ging)?\b.{0,20}\b(?:finding|issue|problem|error|defect|violation"
        r"|mistake|flaw|anything)s?\b",
    ),
    Phrase("conceal", 1, expression=r"\b(?:leave|return|keep) (?:the )?findings (?:list )?empty\b"),
    Phrase("verdict", 2, expression=r"\bfindings? (?:must|should) be (?:empty|\[\]|none)\b"),
)
