"""Reads costs back out of each form of a report, as a person or a script would."""

import csv
import io
import json
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from html.parser import HTMLParser

import pypdfium2
from openpyxl import load_workbook

from services.usage.domain.report import exact_sum

Costs = Mapping[str, Decimal]
"""The sum of the costs of each dimension: clients, users, days, months, providers, models, checks;
and `total`, as the form itself names it."""

TITLES = {
    "Usage by client": "clients",
    "Usage by user": "users",
    "Usage by date": "days",
    "Cost by month": "months",
    "Token usage by provider": "providers",
    "Usage by model": "models",
    "Usage by check": "checks",
}
USD = re.compile(r"-?\$[\d,]+\.\d+")


def usd(text: str) -> Decimal:
    return Decimal(text.replace("$", "").replace(",", ""))


def from_json(text: str) -> Costs:
    document = json.loads(text, parse_float=Decimal)
    keys = ("client", "user", "month", "provider", "model", "check")
    found = {f"{key}s": _sum(x["cost"] for x in document[f"by_{key}"].values()) for key in keys}
    found["days"] = _sum(x["cost"] for x in document["by_date"].values())
    return found | {"total": Decimal(document["total_cost"])}


def from_csv(text: str) -> Costs:
    rows = list(csv.reader(io.StringIO(text)))
    sections = {
        "CLIENT USAGE": "clients",
        "USER USAGE": "users",
        "DATE USAGE": "days",
        "MONTH USAGE": "months",
        "PROVIDER USAGE": "providers",
        "MODEL USAGE": "models",
        "CHECK USAGE": "checks",
    }
    found = {name: _of_section(rows, title) for title, name in sections.items()}
    [total] = [row[1] for row in rows if row[:1] == ["Total Cost"]]
    return found | {"total": Decimal(total)}


def _of_section(rows: list[list[str]], title: str) -> Decimal:
    start = rows.index([title]) + 1
    place = rows[start].index("Cost")
    end = next((n for n in range(start, len(rows)) if not rows[n]), len(rows))
    return _sum(row[place] for row in rows[start + 1 : end])


def from_xlsx(content: bytes) -> Costs:
    book = load_workbook(io.BytesIO(content))
    found = {}
    for name in TITLES.values():
        head, *rows = book[name.capitalize()].iter_rows(values_only=True)
        place = head.index("Cost (exact)")
        found[name] = _sum(row[place] for row in rows)
    [total] = [
        row[2]
        for row in book["Summary"].iter_rows(values_only=True, max_col=3)
        if row[0] == "Total cost"
    ]
    return found | {"total": Decimal(str(total))}


class _Tables(HTMLParser):
    """Rows of each table by its caption, and the facts."""

    def __init__(self) -> None:
        super().__init__()
        self.tables: dict[str, list[list[str]]] = {}
        self.facts: dict[str, str] = {}
        self._tag = self._caption = self._fact = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "tr":
            self.tables.setdefault(self._caption, []).append([])
        if tag in ("td", "th"):
            self.tables[self._caption][-1].append("")
        if tag not in ("bdi",):
            self._tag = tag

    def handle_data(self, data: str) -> None:
        if self._tag == "caption":
            self._caption = data
        elif self._tag in ("td", "th"):
            self.tables[self._caption][-1][-1] += data.strip()
        elif self._tag == "dt":
            self._fact = data
        elif self._tag == "dd":
            self.facts[self._fact] = data
        self._tag = self._tag if self._tag in ("td", "th") else ""

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self._tag = ""


def tables_of(page: str) -> tuple[dict[str, list[list[str]]], dict[str, str]]:
    parser = _Tables()
    parser.feed(page)
    return parser.tables, parser.facts


def from_html(page: str) -> Costs:
    tables, facts = tables_of(page)
    found = {}
    for title, name in TITLES.items():
        head, *rows = tables.get(title, [["Cost"]])
        place = head.index("Cost")
        found[name] = _sum(usd(row[place]) for row in rows if len(row) == len(head))
    return found | {"total": usd(facts["Total cost"])}


def from_text(text: str) -> Costs:
    titles = {
        "USAGE BY CLIENT": "clients",
        "USAGE BY USER": "users",
        "USAGE BY DATE": "days",
        "COST BY MONTH": "months",
        "TOKEN USAGE BY PROVIDER": "providers",
        "USAGE BY MODEL": "models",
        "USAGE BY CHECK": "checks",
    }
    parts = re.split(rf"{'-' * 80}\n([A-Z ]+).*\n{'-' * 80}\n", text)
    found = {}
    for title, body in zip(parts[1::2], parts[2::2], strict=True):
        if name := titles.get(title.strip()):
            lines = [x for x in body.splitlines() if x.startswith(("  Cost:", "20"))]
            found[name] = _sum(usd(USD.findall(line)[-1]) for line in lines)
    [total] = [line for line in text.splitlines() if line.startswith("Total cost:")]
    return found | {"total": usd(USD.findall(total)[0])}


def pdf_text(content: bytes) -> str:
    document = pypdfium2.PdfDocument(content)
    return "\n".join(page.get_textpage().get_text_range() for page in document)


def from_pdf(content: bytes) -> Costs:
    """The total of each table as the page says it, and that of the whole."""
    text = pdf_text(content).replace("\r", "")
    found = {}
    for title, name in TITLES.items():
        body = re.split(
            r"\n(?:Usage by|Cost by m|Token usage|Fill perc|Tool c|Analyses by)",
            text.partition(f"{title}\n")[2],
        )[0]
        totals = re.findall(r"Total cost\s+(-?\$[\d,.]+)", body)
        costs = totals or USD.findall(body)[-1:]
        found[name] = _sum(usd(cost) for cost in costs)
    [total] = re.findall(r"Total cost.*?\n(-?\$[\d,.]+)", text.partition("Summary")[2])[:1]
    return found | {"total": usd(total)}


def _sum(costs: Iterable[object]) -> Decimal:
    return exact_sum(Decimal(str(cost)) for cost in costs)
