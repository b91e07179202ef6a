from collections.abc import Callable

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from payymo_api.reconciliation.rules.schemes import Scheme, schemes_of, strong

CAPITALS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
DIGITS = "0123456789"


def rf(body: str) -> str:
    number = "".join(str(int(each, 36)) for each in f"{body}RF00")
    return f"RF{98 - int(number) % 97:02d}{body}"


def ogm(body: str) -> str:
    return f"{body}{int(body) % 97 or 97:02d}"


def finnish(body: str) -> str:
    total = sum(int(each) * (7, 3, 1)[place % 3] for place, each in enumerate(reversed(body)))
    return f"{body}{-total % 10}"


def luhn(body: str) -> str:
    doubled = [int(each) * (2 - place % 2) for place, each in enumerate(reversed(body))]
    return f"{body}{-sum(each // 10 + each % 10 for each in doubled) % 10}"


def with_length(body: str) -> str:
    return luhn(f"{body}{(len(body) + 2) % 10}")


def mod_11(body: str) -> str:
    total = sum(int(each) * (2 + place % 6) for place, each in enumerate(reversed(body)))
    check = -total % 11
    return f"{body}{'-' if check == 10 else check}"


def recursive(body: str) -> str:
    carry = 0
    for each in body:
        carry = [0, 9, 4, 6, 8, 2, 7, 1, 3, 5][(carry + int(each)) % 10]
    return f"{body}{-carry % 10}"


Maker = Callable[[str], str]
MAKERS: list[tuple[Scheme, Maker, int, int]] = [
    ("rf", rf, 1, 21),
    ("ogm", ogm, 10, 10),
    ("fi", finnish, 3, 19),
    ("se_ocr", luhn, 1, 24),
    ("se_ocr", with_length, 1, 23),
    ("kid10", luhn, 1, 24),
    ("kid11", mod_11, 1, 24),
    ("qrr", recursive, 26, 26),
    ("qrr", recursive, 15, 15),
]


def bodies(shortest: int, longest: int) -> st.SearchStrategy[str]:
    """Zeros alone name nothing."""
    numbers = st.text(DIGITS, min_size=shortest, max_size=longest)
    return numbers.filter(lambda body: bool(body.strip("0")))


@pytest.mark.parametrize(
    ("reference", "scheme"),
    [
        ("RF18 5390 0754 7034", "rf"),
        ("rf18539007547034", "rf"),
        ("+++090/9337/55493+++", "ogm"),
        ("***090/9337/55493***", "ogm"),
        ("12 34561", "fi"),
        ("00000000000001234561", "fi"),
        ("79927398713", "se_ocr"),
        ("602243", "kid10"),
        ("21 00000 00003 13947 14300 09017", "qrr"),
    ],
)
def test_published_examples_are_recognised(reference: str, scheme: Scheme) -> None:
    assert scheme in schemes_of(reference)


@pytest.mark.parametrize(("scheme", "make", "shortest", "longest"), MAKERS)
@given(data=st.data())
def test_a_reference_with_its_check_digits_is_recognised(
    scheme: Scheme, make: Maker, shortest: int, longest: int, data: st.DataObject
) -> None:
    reference = make(data.draw(bodies(shortest, longest)))

    assert scheme in schemes_of(reference)
    assert scheme in schemes_of(" ".join(reference[:-1]) + reference[-1])


@pytest.mark.parametrize(("scheme", "make", "shortest", "longest"), MAKERS)
@given(data=st.data())
def test_one_wrong_digit_is_noticed(
    scheme: Scheme, make: Maker, shortest: int, longest: int, data: st.DataObject
) -> None:
    reference = make(data.draw(bodies(shortest, longest)))
    places = [place for place, each in enumerate(reference) if each.isdigit()]
    place = data.draw(st.sampled_from(places))
    other = data.draw(st.sampled_from(DIGITS.replace(reference[place], "")))
    wrong = reference[:place] + other + reference[place + 1 :]
    # A last dash may be a separator too, with a right reference before it.
    assume(not wrong.endswith("-"))

    assert scheme not in schemes_of(wrong)


@given(st.text(CAPITALS + DIGITS, min_size=1, max_size=21), st.data())
def test_one_wrong_letter_is_noticed(body: str, data: st.DataObject) -> None:
    reference = rf(body)
    place = data.draw(st.integers(4, len(reference) - 1))
    same = CAPITALS if reference[place].isalpha() else DIGITS
    other = data.draw(st.sampled_from(same.replace(reference[place], "")))

    assert schemes_of(reference) == {"rf"}
    assert schemes_of(reference[:place] + other + reference[place + 1 :]) == frozenset()


@pytest.mark.parametrize("reference", ["", "---", "0000", "INV-2026-0042", "RF18", "1", "٣٤٥٦"])
def test_what_is_no_reference_keeps_no_scheme(reference: str) -> None:
    assert schemes_of(reference) == frozenset()
    assert not strong(reference)


@pytest.mark.parametrize(
    ("make", "body"), [(rf, "INV42"), (ogm, "0909337554"), (with_length, "120001")]
)
def test_two_check_digits_are_strong(make: Maker, body: str) -> None:
    assert strong(make(body))


@pytest.mark.parametrize(
    ("make", "body"),
    [(finnish, "123456"), (luhn, "799273987"), (mod_11, "12345678"), (recursive, "8" * 26)],
)
def test_one_check_digit_is_not_strong(make: Maker, body: str) -> None:
    assert schemes_of(make(body))
    assert not strong(make(body))


@pytest.mark.parametrize("length", range(3, 26))
def test_strong_numbers_are_rare(length: int) -> None:
    """Of 20,000 numbers in a row; 12 digits may be OGM as well as OCR."""
    first = 10 ** (length - 1)
    numbers = range(first, first + min(20_000, 9 * first))
    share = sum(strong(str(each)) for each in numbers) / len(numbers)

    assert share < (0.025 if length == 12 else 0.015)
