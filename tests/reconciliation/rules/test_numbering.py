import pytest

from payymo_api.reconciliation.rules.numbering import Named, another, named
from payymo_api.reconciliation.rules.reading import read
from tests.reconciliation.rules.books import invoice, line

DOCUMENT = invoice("RE-2026-0071", 100, creditor_reference="RF18 5390 0754 7034")


def how(text: str) -> Named | None:
    return named(read(line(1, text)), DOCUMENT)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("RF18539007547034", Named.REFERENCE),
        ("rf18 5390 0754 7034", Named.REFERENCE),
        ("re 2026 0071", Named.WHOLE),
        ("RECHNUNG 2026-0071", Named.DIGITS),
        ("20260071", Named.DIGITS),
        ("RE-2O26-OO7I", Named.NEAR),
        ("RE-2062-0071", Named.NEAR),
        ("RE-2026-071", Named.NEAR),
        ("RE-2026-00071", Named.NEAR),
        ("RX-2026-0071", Named.DIGITS),
        ("Rechnung 71", Named.TAIL),
        ("Rechnung 0071 danke", Named.TAIL),
        ("Zahlung RE-2026-0", Named.CUT),
        ("danke", None),
        ("RE-1999-5555", None),
    ],
)
def test_a_text_names_a_document_more_or_less_clearly(text: str, expected: Named | None) -> None:
    assert how(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("RE-2026-0345", True),
        ("RE-2026-0071", False),
        ("RE-2026-0017", False),
        ("RG-99", False),
        ("31.12.2026", False),
        ("C70041", False),
    ],
)
def test_another_number_of_the_series_is_noticed(text: str, *, expected: bool) -> None:
    assert another(read(line(1, text)), [DOCUMENT]) is expected


@pytest.mark.parametrize("number", ["", "-", "X", "ÄÖ"])
def test_a_document_with_hardly_a_number_is_named_by_nothing(number: str) -> None:
    document = invoice(number, 100)

    assert named(read(line(1, f"pay {number} 2026 thanks")), document) is None
