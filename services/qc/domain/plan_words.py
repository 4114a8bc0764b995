"""The words of media plans in English and German: column names, countries, file formats."""

import re
from typing import Literal

Field = Literal[
    "name",
    "channel",
    "market",
    "width",
    "height",
    "size",
    "ratio",
    "format",
    "form",
    "weight",
    "duration",
    "min_duration",
    "safe_zone",
    "safe_top",
    "safe_right",
    "safe_bottom",
    "safe_left",
]
"""What a column tells. `form` is a column called only Format: of a size, a file type, or a name."""

_COLUMNS: dict[Field, str] = {
    "name": """placement, placements, placement name, ad placement, placement id, werbeplatz,
        platzierung, platzierungen, platzierungsname, ad unit, werbemittel, werbemittelname,
        werbeform, creative name, asset name, ad name, anzeige, position, name, title, titel,
        bezeichnung, ad type, deliverable, asset""",
    "channel": """channel, channels, kanal, kanaele, media channel, medium, media, platform,
        plattform, publisher, vermarkter, site, website, network, netzwerk, werbetraeger, umfeld,
        vendor, partner""",
    "market": "market, markets, markt, maerkte, country, countries, land, laender, territory, geo",
    "width": "width, breite, w, b, creative width, pixel width",
    "height": "height, hoehe, h, creative height, pixel height",
    "size": """size, sizes, dimension, dimensions, groesse, groessen, masse, abmessung,
        abmessungen, aufloesung, resolution, ad size, creative size, banner size, bannergroesse,
        pixelmasse, bildgroesse, pixelgroesse, asset size, format size, spec, specs, pixel""",
    "ratio": "ratio, aspect ratio, aspect, seitenverhaeltnis, verhaeltnis, bildverhaeltnis, ar",
    "format": """file format, file formats, file type, file types, filetype, dateiformat,
        dateiformate, dateityp, dateitypen, asset format, formats""",
    "form": "format, formate, ad format, werbeformat, creative format, type, typ",
    "weight": """weight, file weight, file size, filesize, dateigroesse, dateigewicht, gewicht,
        datenmenge, dateigroessen, load, initial load, kb, mb""",
    "duration": """duration, length, laenge, laufzeit, dauer, spot length, video length,
        spotlaenge, videolaenge, animation length, animation duration, animationsdauer, seconds""",
    "min_duration": "min duration, min length, mindestlaenge, mindestdauer, minimum duration",
    "safe_zone": """safe zone, safe zones, safe area, safezone, safe margin, safe margins,
        sicherheitsbereich, sicherheitszone, sicherheitsabstand, schutzzone, schutzraum""",
}
_SIDES: dict[str, Field] = {
    **dict.fromkeys(("top", "oben"), "safe_top"),
    **dict.fromkeys(("right", "rechts"), "safe_right"),
    **dict.fromkeys(("bottom", "unten"), "safe_bottom"),
    **dict.fromkeys(("left", "links"), "safe_left"),
}
_BY_WORDS: dict[str, Field] = {
    " ".join(words.split()): field
    for field, all_words in _COLUMNS.items()
    for words in all_words.split(",")
}
_NOISE = {"max", "maximum", "maximal", "maximale", "maximaler", "maximales", "px", "pixels"}
_NOISE |= {"allowed", "accepted", "recommended", "required", "in", "of", "the", "and", "und"}
_NOISE |= {"zulaessig", "zulaessige", "erlaubt", "erlaubte", "empfohlen"}
_UNITS = {
    **dict.fromkeys(("kb", "kbyte", "kbytes", "kilobyte", "kilobytes", "k"), "kb"),
    **dict.fromkeys(("mb", "mbyte", "mbytes", "megabyte", "megabytes"), "mb"),
    **dict.fromkeys(("s", "sec", "secs", "sek", "sekunden", "seconds"), "s"),
    **dict.fromkeys(("min", "minutes", "minuten"), "min"),
    **dict.fromkeys(("px", "pixel", "pixels"), "px"),
}
_BARE_UNITS: dict[str, Field] = {"kb": "weight", "mb": "weight", "px": "size", "s": "duration"}

FORMATS = {
    **dict.fromkeys(("jpg", "jpeg", "jpe"), "JPEG"),
    **dict.fromkeys(("tif", "tiff"), "TIFF"),
    **dict.fromkeys(("htm", "html", "html5"), "HTML5"),
    **{name: name.upper() for name in ("png", "gif", "webp", "pdf", "svg", "psd", "bmp", "avif")},
    **{name: name.upper() for name in ("heic", "apng", "mp4", "mov", "webm", "avi", "mkv", "zip")},
}
"""File types as a plan writes them, and as a creative's format is called."""

_COUNTRIES = """
    de: germany, deutschland; at: austria, oesterreich; ch: switzerland, schweiz; gb: uk, united
    kingdom, great britain, grossbritannien, england, vereinigtes koenigreich; us: usa, united
    states, united states of america, vereinigte staaten, america; fr: france, frankreich; it:
    italy, italien; es: spain, spanien; pt: portugal; nl: netherlands, niederlande, holland; be:
    belgium, belgien; lu: luxembourg, luxemburg; ie: ireland, irland; dk: denmark, daenemark;
    se: sweden, schweden; no: norway, norwegen; fi: finland, finnland; pl: poland, polen; cz:
    czechia, czech republic, tschechien; sk: slovakia, slowakei; hu: hungary, ungarn; ro:
    romania, rumaenien; bg: bulgaria, bulgarien; gr: greece, griechenland; hr: croatia,
    kroatien; tr: turkey, tuerkei, tuerkiye; ca: canada, kanada; mx: mexico, mexiko; br: brazil,
    brasilien; ar: argentina, argentinien; au: australia, australien; nz: new zealand,
    neuseeland; jp: japan; cn: china; in: india, indien; kr: south korea, suedkorea; sg:
    singapore, singapur; ae: uae, united arab emirates, vereinigte arabische emirate; za: south
    africa, suedafrika; ua: ukraine; sa: saudi arabia, saudi-arabien; th: thailand; id:
    indonesia, indonesien
"""
MARKETS = {
    name.strip(): code.strip()
    for line in " ".join(_COUNTRIES.split()).split(";")
    for code, _, names in [line.partition(":")]
    for name in names.split(",")
}
"""Codes by the folded names of countries."""

EVERYWHERE = {"global", "worldwide", "international", "all", "alle", "any", "weltweit", "world"}
BLANKS = {"", "-", "–", "—", "n/a", "na", "n.a.", "k.a.", "none", "keine", "any", "beliebig", "/"}
TOTALS = re.compile(
    r"(grand |sub|zwischen|gesamt)?(total|totals|sum|summe|summen|gesamt|insgesamt|gesamtsumme)\b"
)


def folded(text: str) -> str:
    """Small letters without umlauts and doubled blanks: Größe, GRÖSSE and groesse are one."""
    small = text.casefold()
    for umlaut, letters in (("ä", "ae"), ("ö", "oe"), ("ü", "ue")):
        small = small.replace(umlaut, letters)
    return " ".join(small.split())


def column_of(header: str) -> tuple[Field, str | None] | None:
    """What a column with that name tells, and the unit that its name gives; None: nothing known."""
    for part in (header, *re.split(r"[/|\n]", header)):
        words = re.findall(r"[a-z0-9%]+", folded(part))
        units = [_UNITS[word] for word in words if word in _UNITS]
        unit = "%" if "%" in words else units[-1] if units else None
        if found := _field(words, unit):
            return found, unit
    return None


def _field(words: list[str], unit: str | None) -> Field | None:
    plain = [word for word in words if word not in _NOISE]
    bare = [word for word in plain if word not in _UNITS and word != "%"]
    side = next((_SIDES[word] for word in bare if word in _SIDES), None)
    without_side = " ".join(word for word in bare if word not in _SIDES)
    if side and (_BY_WORDS.get(without_side) == "safe_zone" or without_side == "safe"):
        return side
    if "min" in words and _BY_WORDS.get(" ".join(bare)) == "duration":
        return "min_duration"
    found = _BY_WORDS.get(" ".join(plain)) or _BY_WORDS.get(" ".join(bare))
    if found == "size" and unit in ("kb", "mb"):
        return "weight"
    if not bare and words and unit in _BARE_UNITS:
        return _BARE_UNITS[unit]
    return found
