"""Check digits against examples that the issuers of the schemes publish."""

from random import Random

import pytest

from benchmarks.matching import numbers


@pytest.mark.parametrize(
    ("scheme", "base", "whole"),
    [
        ("rf", "539007547034", "RF18539007547034"),
        ("ogm", "0108068171", "010806817183"),
        ("fi", "123456", "1234561"),
        ("luhn", "7992739871", "79927398713"),
        ("kid11", "8601111794", "86011117947"),
        ("qrr", "21000000000313947143000901", "210000000003139471430009017"),
    ],
)
def test_a_reference_ends_as_its_scheme_says(scheme: str, base: str, whole: str) -> None:
    assert numbers.REFERENCES[scheme](base) == whole


def test_a_swedish_reference_tells_its_length() -> None:
    reference = numbers.luhn_with_length("123456")
    assert reference[:-1] == "1234568"
    assert numbers.luhn(reference[:-1]) == reference


def test_a_kid_whose_check_digit_would_be_a_dash_is_not_made() -> None:
    assert any(numbers.kid11(str(base)) is None for base in range(100))


def test_an_account_number_has_the_length_of_its_country() -> None:
    rng = Random(1)  # noqa: S311  no secret is drawn
    lengths = {each: len(numbers.iban(rng, each)) for each in ("NO", "DE", "GB", "NL", "PL")}
    assert lengths == {"NO": 15, "DE": 22, "GB": 22, "NL": 18, "PL": 28}
