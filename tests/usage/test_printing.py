"""The print: pages that a person can read, bounded, with nothing of a name as markup."""

from dataclasses import replace

import pypdfium2
import pytest

from libs.letters import needs_other_font
from libs.problems import Unavailable
from services.usage.domain.report_pages import OTHER_SCRIPTS
from services.usage.printing import report_pdf
from tests.usage.drawn import EVIL, big, hostile
from tests.usage.reading import pdf_text, usd

MARGIN_PT = 40.0
"""Of a page, at its right side."""


@pytest.fixture(scope="module")
def text() -> str:
    return pdf_text(report_pdf(hostile())).replace("\r", "")


def test_names_are_text_and_read_no_file(text: str) -> None:
    assert '#read("/etc/passwd")' in text
    assert "root:" not in text
    assert "<script>alert(1)</script" in text


def test_every_page_has_its_number_and_tables_repeat_their_heads() -> None:
    document = pypdfium2.PdfDocument(report_pdf(big(days=100, clients=90, users=10)))
    pages = [page.get_textpage().get_text_range() for page in document]

    assert all(f"Page {n} of {len(pages)}" in page for n, page in enumerate(pages, 1))
    assert "client_080" in pages[1] and "Client" in pages[1]
    width, height = document[0].get_size()
    assert (round(width), round(height)) == (595, 842)


def test_page_says_where_letters_may_be_missing(text: str) -> None:
    assert OTHER_SCRIPTS.split(":")[0] in text.replace("\n", " ")
    assert "built-in fonts" not in pdf_text(report_pdf(big(days=1, clients=1, users=1)))


def test_ten_thousand_users_are_cut_to_the_dearest_and_the_sum_stays() -> None:
    report = big(days=10, clients=3, users=10_000)

    content = report_pdf(report)

    text = pdf_text(content).replace("\r", "")
    others = text.partition("and 9,000 more, ")[2].split()[0]
    dropped = [line.spent.cost_usd for line in report.by_user[1_000:]]
    assert usd(others) == sum(dropped)
    assert usd(text.partition("and 9,000 more, ")[2].split("\n")[1].split()[-1]) == (
        report.spent.cost_usd
    )
    assert len(content) < 4_000_000


def test_long_name_can_be_found_and_copied_though_it_is_broken(text: str) -> None:
    assert text.replace("\n", "").count(EVIL[0]) > text.count(EVIL[0]) > 1
    assert "\u200b" not in text


def test_no_name_leaves_the_page() -> None:
    document = pypdfium2.PdfDocument(report_pdf(hostile()))

    for page in document:
        text = page.get_textpage()
        ends = [text.get_charbox(place)[2] for place in range(text.count_chars())]
        assert max(ends) < page.get_width() - MARGIN_PT


def test_long_address_is_broken_so_that_it_stays_in_its_column() -> None:
    report, address = big(days=1, clients=1, users=1), "maximiliane.von.hohenstein@agency.example"
    users = [replace(report.by_user[0], key=address, name="Max", email=address)]
    text = pdf_text(report_pdf(replace(report, by_user=users)))

    assert address not in text
    assert text.replace("\r\n", "").count(address) == 2


def test_hebrew_and_arabic_need_no_font_of_the_machine(text: str) -> None:
    assert "שלום" in text
    assert (
        not needs_other_font("ش")
        and not needs_other_font("ש")
        and needs_other_font("李")
        and needs_other_font("🎨")
    )


def test_printing_that_takes_too_long_is_ended() -> None:
    with pytest.raises(Unavailable, match="took too long: take fewer days"):
        report_pdf(big(), timeout_s=0.05)
