"""What the report counts, and what its views make of a bank's text."""

import dataclasses
import json
import re
from html.parser import HTMLParser

from typing_extensions import override

from payymo_api.backtest.details import as_data
from payymo_api.backtest.page import as_html
from payymo_api.backtest.past import Past, ReadFile
from payymo_api.backtest.replay import replay
from payymo_api.backtest.report import Rate, Report, report
from payymo_api.backtest.terminal import as_text
from tests.backtest.matcher import Tiny
from tests.backtest.past import bank_line, invoice, past

SCRIPT = "<script>alert('A-1')</script> \x1b[31m"
A, B = invoice("A-1", 500), invoice("B-2", 700)
RIGHT = bank_line(0, 500, SCRIPT, counterparty_name="<b>Alder & Co</b>")
WRONG = bank_line(40, 700, "A-1 again")
GUESSED = bank_line(41, 700, "thanks")
FEE = bank_line(41, -300, "fee")
KNOWN = {RIGHT: [A], WRONG: [B], GUESSED: [B], FEE: []}


def made(told: Past) -> Report:
    return report(told, replay(told, Tiny()))


def known_past() -> Past:
    return past([RIGHT, WRONG, GUESSED, FEE], [A, B], KNOWN)


def test_lines_money_and_months_are_counted_by_decision() -> None:
    found = made(known_past())
    assert [(each.name, each.lines, each.money) for each in found.groups] == [
        ("posted", 2, {"EUR": 1200}),
        ("proposed", 1, {"EUR": 700}),
        ("left alone", 1, {"EUR": 300}),
    ]
    assert found.months == {"2026-03": {"post": 1}, "2026-04": {"post": 1, "propose": 1, "none": 1}}
    assert found.reasons["post"] == [("number", 2)]


def test_precision_is_of_what_was_posted_and_recall_of_what_belongs_somewhere() -> None:
    judged = made(known_past()).judged
    assert judged.posted == Rate(1, 2)
    assert judged.found == Rate(1, 3)
    assert judged.first == judged.first_three == Rate(1, 1)
    assert judged.nowhere == Rate(1, 1)


def test_a_rates_bounds_are_wilsons() -> None:
    rate = Rate(9, 10)
    assert (round(rate.low, 4), round(rate.high, 4)) == (0.5958, 0.9821)


def test_what_was_said_is_set_against_what_came_true() -> None:
    found = [(round(each.said, 2), each.was) for each in made(known_past()).calibration]
    assert found == [(0.4, Rate(1, 1)), (0.99, Rate(1, 2))]


def test_without_a_known_past_there_is_no_precision() -> None:
    found = made(past([RIGHT, FEE], [A, B]))
    assert found.judged.posted is None
    assert "no precision to report" in as_text(found)
    assert as_data(found)["known"]["precision"] is None
    assert "came true" not in as_html(found)


def test_the_terminal_gets_plain_lines_of_a_hundred_at_most() -> None:
    told = known_past()
    wide = ReadFile("a" * 120 + ".csv", "csv", 7, {"amount": "Betrag " * 30}, ("odd " * 60,))
    text = as_text(made(dataclasses.replace(told, files=[wide])))
    assert max(map(len, text.splitlines())) <= 100
    assert "\x1b" not in text
    assert "posted to A-1; right: B-2" in text
    assert "precision): 50.00 %, 1 of 2 lines" in text


def test_the_page_shows_the_banks_text_and_runs_none_of_it() -> None:
    html = as_html(made(known_past()))
    assert "&lt;script&gt;alert(&#x27;A-1&#x27;)&lt;/script&gt;" in html
    assert "&lt;b&gt;Alder &amp; Co&lt;/b&gt;" in html
    assert _Tags.of(html).isdisjoint({"script", "link", "img", "iframe", "object", "form", "base"})


def test_the_page_asks_for_nothing_else() -> None:
    html = as_html(made(known_past()))
    assert not re.search(r"(src|href|action|srcset)=|url\(|@import|https?:", html)
    assert html.count("<svg ") == 6  # months, EUR, probabilities, three of reasons
    assert "prefers-color-scheme" in html


def test_the_page_has_every_line_with_evidence_and_what_would_change_it() -> None:
    html = as_html(made(known_past()))
    assert html.count("<details") == 4
    assert "amount of B-2" in html
    assert "<i>What would change it:</i> an invoice&#x27;s number in the text" in html
    assert 'class="post wrong"' in html


def test_the_data_are_plain_json() -> None:
    data = json.loads(json.dumps(as_data(made(known_past()))))
    assert data["decisions"]["posted"] == {"lines": 2, "amount_minor": {"EUR": 1200}}
    assert data["known"]["precision"]["hits"] == 1
    guessed = data["lines"][2]
    assert guessed["decision"] == "proposed"
    assert guessed["known"] == ["B-2"]
    assert guessed["offers"][0]["parts"] == [
        {
            "type": "invoice",
            "number": "B-2",
            "amount": "7.00",
            "currency": "EUR",
            "write_off": None,
            "write_off_reason": None,
        }
    ]


class _Tags(HTMLParser):
    """The names of a page's elements."""

    @classmethod
    def of(cls, html: str) -> set[str]:
        parser = cls()
        parser.feed(html)
        return parser.names

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    @override
    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.names.add(tag)
