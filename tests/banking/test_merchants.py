import pytest
from hypothesis import given
from hypothesis import strategies as st

from payymo_api.banking.rules.merchants import LONGEST, cleaned, merchant


@pytest.mark.parametrize(
    ("told", "name"),
    [
        ("SumUp  *Corner Cafe", "Corner Cafe"),
        ("SUMUP *CORNER CAFE BERLIN DE", "Corner Cafe"),
        ("PAYPAL *SPOTIFY 35314369001", "Spotify"),
        ("SQ *BLUE BOTTLE COFFEE", "Blue Bottle Coffee"),
        ("TESCO STORES 3297 LONDON GB", "Tesco Stores"),
        ("COSTA COFFEE 43021 LONDON", "Costa Coffee"),
        ("CARD PAYMENT TO TRAINLINE.COM ON 12 NOV", "Trainline.com"),
        ("CARD PAYMENT TO SHELL 12-11-2026 14:05", "Shell"),
        ("KARTENZAHLUNG REWE MARKT GMBH//BERLIN/DE", "Rewe Markt GmbH"),
        ("SEPA LASTSCHRIFT STADTWERKE MÜNCHEN GMBH", "Stadtwerke München GmbH"),
        ("PRLV SEPA ORANGE SA", "Orange SA"),
        ("ADOBE SYSTEMS SOFTWARE REF 8812934455", "Adobe Systems Software"),
        ("AMZN Mktp UK*1A2B3C4D5", "AMZN Mktp UK"),
        ("HETZNER ONLINE GMBH CARD 4432", "Hetzner Online GmbH"),
        ("harbour lights ltd", "Harbour Lights Ltd"),
        ("HMRC VAT", "HMRC Vat"),
        ("COCA-COLA EUROPE", "Coca-Cola Europe"),
        ("McDonald's", "McDonald's"),
        ("Bank of London", "Bank of London"),
        ("HOTEL BERLIN", "Hotel Berlin"),
        ("VOLKSWAGEN AG", "Volkswagen AG"),
        ("BP 24", "BP 24"),
        ("PayPal *", "PayPal"),
        ("4.99 *", "4.99"),
        ("1 " * 150 + "Corner Cafe", "Corner Cafe"),
        ("1" * 300, "1" * 80),
    ],
)
def test_a_merchant_is_what_the_bank_wraps_the_name_in_taken_off(told: str, name: str) -> None:
    assert cleaned(told) == name


def test_the_counterpartys_name_goes_before_the_description() -> None:
    assert merchant("ACME LTD", "CARD PAYMENT TO SHELL") == "Acme Ltd"
    assert merchant("1234", "CARD PAYMENT TO SHELL") == "Shell"
    assert merchant(None, "12.50 / 991") is None


_PIECES = st.sampled_from(
    "PAYPAL * SQ SumUp CARD PAYMENT TO //BERLIN/DE 3297 LONDON GB 12/11/2026 ON 14:05 REF 99182736"
    " Müller GMBH & Co. KG **** xx1234 #12 Café ß 25DEC 2026-11-24 A1B2C3D4 ltd".split()
)
_TEXTS = (
    st.text(max_size=200)
    | st.lists(_PIECES, max_size=12).map(" ".join)
    | st.builds(str.__add__, st.text("12 -,*", max_size=500), st.text("a1- *", max_size=500))
)


@given(_TEXTS)
def test_cleaning_again_changes_nothing(text: str) -> None:
    once = cleaned(text)
    assert cleaned(once) == once


@given(_TEXTS)
def test_a_text_with_letters_is_never_emptied_and_never_long(text: str) -> None:
    found = merchant(text, "")
    has_letter = any(character.isalpha() for character in text)
    assert bool(found) == has_letter
    assert found is None or (len(found) <= LONGEST and any(map(str.isalpha, found)))
