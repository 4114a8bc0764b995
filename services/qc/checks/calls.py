"""Calls to action and verbs that tell people what to do, by language: closed lists."""

CALLS: dict[str, tuple[str, ...]] = {
    "en": (
        "shop now", "buy now", "order now", "learn more", "find out more", "discover more",
        "sign up", "book now", "get yours", "get started", "try it", "try now", "download now",
        "subscribe", "join now", "see more", "explore", "start now", "add to cart", "visit us",
        "scan me", "scan here", "scan to", "swipe up", "tap to", "click here", "get the app",
        "order online", "shop the", "read more", "watch now", "call now", "apply now",
        "contact us", "enter now", "play now", "pre-order", "reserve now",
    ),
    "de": (
        "jetzt kaufen", "jetzt bestellen", "jetzt entdecken", "mehr erfahren", "jetzt shoppen",
        "jetzt anmelden", "jetzt buchen", "jetzt probieren", "jetzt testen", "jetzt sichern",
        "mehr entdecken", "zum shop", "jetzt herunterladen", "jetzt mitmachen",
        "jetzt ausprobieren", "hier klicken", "jetzt scannen", "jetzt ansehen",
        "jetzt registrieren",
    ),
    "fr": (
        "acheter maintenant", "achetez maintenant", "en savoir plus", "découvrir", "découvrez",
        "commander", "commandez", "je découvre", "j'en profite", "profitez-en", "s'inscrire",
        "inscrivez-vous", "réserver", "réservez", "télécharger", "téléchargez", "essayez",
        "scannez",
    ),
    "es": (
        "comprar ahora", "compra ahora", "compra ya", "más información", "saber más", "descubre",
        "descúbrelo", "pruébalo", "regístrate", "suscríbete", "reserva ahora", "descarga",
        "ver más", "pide ya", "escanea",
    ),
    "it": (
        "acquista ora", "compra ora", "scopri di più", "scopri", "ordina ora", "iscriviti",
        "prenota ora", "prova ora", "provalo", "scarica", "registrati",
    ),
    "nl": (
        "koop nu", "shop nu", "bestel nu", "meer weten", "lees meer", "ontdek", "probeer nu",
        "schrijf je in", "boek nu", "download nu", "meld je aan", "bekijk",
    ),
    "pt": (
        "compre agora", "compra já", "saiba mais", "descubra", "descobre", "peça já",
        "experimente", "inscreva-se", "baixe", "reserve já", "ver mais",
    ),
}  # fmt: skip

IMPERATIVES: dict[str, tuple[str, ...]] = {
    "en": (
        "add", "apply", "ask", "be", "become", "begin", "book", "boost", "break", "bring", "browse",
        "build", "buy", "call", "capture", "carry", "catch", "celebrate", "change", "check",
        "choose", "claim", "click", "collect", "come", "connect", "create", "dare", "discover",
        "dive", "do", "don't", "download", "dream", "drink", "drive", "eat", "embrace", "enjoy",
        "enter", "escape", "experience", "explore", "express", "feel", "fill", "find", "follow",
        "forget", "get", "gift", "give", "go", "grab", "grow", "have", "hear", "help", "imagine",
        "indulge", "join", "jump", "keep", "know", "learn", "leave", "let", "let's", "listen",
        "live", "look", "love", "make", "meet", "mix", "move", "never", "open", "order", "own",
        "pick", "play", "pour", "power", "protect", "pull", "push", "put", "reach", "read",
        "recycle", "refresh", "register", "relax", "reserve", "return", "ride", "rise", "run",
        "save", "say", "scan", "see", "sell", "send", "serve", "set", "share", "shine", "shop",
        "show", "sign", "sip", "sit", "skip", "slide", "smell", "snap", "spread", "stand", "start",
        "stay", "step", "stop", "subscribe", "swipe", "take", "talk", "tap", "taste", "tell",
        "think", "touch", "treat", "try", "turn", "unleash", "unlock", "unwind", "upgrade", "use",
        "visit", "wake", "walk", "watch", "wear", "win", "work", "write",
    ),
    "de": (
        "bestell", "bestellen", "besuche", "besuchen", "buche", "entdecke", "entdecken", "erlebe",
        "erleben", "erfahre", "feiere", "finde", "finden", "geh", "genieße", "genießen", "genieß",
        "gib", "gönn", "hol", "hole", "kauf", "kaufe", "kaufen", "komm", "koste", "lass", "lerne",
        "lies", "mach", "mache", "nimm", "nutze", "probier", "probiere", "probieren", "schau",
        "sei", "sichere", "sichern", "spare", "spüre", "starte", "teste", "trink", "vergiss",
        "wähle", "zeig",
    ),
    "fr": (
        "achetez", "ajoutez", "allez", "appelez", "choisissez", "commandez", "dégustez",
        "découvrez", "découvre", "demandez", "essayez", "faites", "fêtez", "goûtez", "gagnez",
        "jouez", "laissez", "offrez", "osez", "partagez", "passez", "prenez", "profitez",
        "ressentez", "réservez", "savourez", "scannez", "soyez", "téléchargez", "trouvez",
        "venez", "vivez", "voyez",
    ),
    "es": (
        "ahorra", "atrévete", "busca", "celebra", "compra", "comparte", "conoce", "consigue",
        "descarga", "descubre", "disfruta", "elige", "encuentra", "escanea", "gana", "haz",
        "juega", "llama", "lleva", "mira", "pide", "prueba", "pruébalo", "regala", "reserva",
        "saborea", "siente", "sé", "únete", "ven", "vive",
    ),
    "it": (
        "acquista", "approfitta", "assapora", "cerca", "chiama", "compra", "condividi", "entra",
        "festeggia", "gioca", "guarda", "gusta", "iscriviti", "lasciati", "ordina", "porta",
        "prenota", "prendi", "prova", "regala", "risparmia", "scarica", "scegli", "scopri",
        "senti", "sii", "trova", "vieni", "vinci", "vivi",
    ),
    "nl": (
        "beleef", "bestel", "bekijk", "bezoek", "boek", "deel", "doe", "drink", "ervaar", "geef",
        "geniet", "ga", "kies", "kijk", "kom", "koop", "lees", "leer", "maak", "neem", "ontdek",
        "pak", "probeer", "proef", "scan", "speel", "vier", "vind", "win",
    ),
    "pt": (
        "aproveite", "baixe", "celebre", "compre", "compartilhe", "conheça", "descubra",
        "descobre", "desfrute", "encontre", "escolha", "experimente", "faça", "ganhe", "peça",
        "prove", "saboreie", "seja", "sinta", "venha", "viva",
    ),
}  # fmt: skip
"""Forms of address to one and to several."""


def of_languages(lists: dict[str, tuple[str, ...]], languages: list[str]) -> list[str]:
    """The entries for names like `de` or `de_AT`; all of them when no language is named."""
    codes = [one.replace("-", "_").split("_")[0].casefold() for one in languages]
    chosen = [one for code in codes for one in lists.get(code, ())]
    return chosen or ([] if codes else [one for every in lists.values() for one in every])
