import pytest
from hypothesis import given
from hypothesis import strategies as st

from payymo_api.invoicing.rules import is_rf_reference, key
from payymo_api.invoicing.rules.keys import customer_keys, document_keys


@pytest.mark.parametrize(
    "text", ["Inv-2026/0042", "INV 2026 0042", "inv20260042", "\uff29NV-2026.0042"]
)
def test_a_number_is_its_letters_and_digits(text: str) -> None:
    assert key(text) == "INV20260042"


def test_a_document_is_named_by_number_digits_reference_and_order() -> None:
    found = document_keys("Ré-2026/0042", "RF18 5390 0754 7034", "PO 7")
    assert found == {"RE20260042", "20260042", "RF18539007547034", "PO7"}


@pytest.mark.parametrize("number", ["---", "A-1", ""])
def test_what_is_too_short_to_tell_names_nothing(number: str) -> None:
    assert document_keys(number, None, None) == set()


def test_a_customer_is_known_by_number_accounts_and_words() -> None:
    found = customer_keys("K-7", ("Müller Söhne GmbH", None), ["DE89370400440532013000"])
    assert found == {
        ("number", "K7"),
        ("account", "DE89370400440532013000"),
        ("account", "370400440532013000"),
        ("word", "MULLER"),
        ("word", "SOHNE"),
        ("word", "^MULLE"),
        ("word", "SOHNE$"),
    }


def made_reference(body: str) -> str:
    digits = "".join(str(int(each, 36)) for each in f"{body}RF00")
    return f"RF{98 - int(digits) % 97:02d}{body}"


@given(st.text("0123456789", min_size=1, max_size=21), st.data())
def test_check_digits_find_one_wrong_digit(body: str, data: st.DataObject) -> None:
    reference = made_reference(body)
    place = data.draw(st.integers(4, len(reference) - 1))
    other = "1" if reference[place] == "0" else "0"

    assert is_rf_reference(reference)
    assert not is_rf_reference(reference[:place] + other + reference[place + 1 :])
