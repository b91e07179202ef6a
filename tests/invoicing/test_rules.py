import pytest
from hypothesis import given
from hypothesis import strategies as st

from payymo_api.invoicing.rules import document_keys, is_rf_reference, key


@pytest.mark.parametrize(
    "text", ["Inv-2026/0042", "INV 2026 0042", "inv20260042", "\uff29NV-2026.0042"]
)
def test_a_number_is_its_letters_and_digits(text: str) -> None:
    assert key(text) == "INV20260042"


def test_a_document_is_named_by_number_and_reference() -> None:
    assert document_keys("A-1", "RF18 5390 0754 7034") == {"A1", "RF18539007547034"}
    assert document_keys("---", None) == set()


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
