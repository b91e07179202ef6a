import pytest
from hypothesis import given
from hypothesis import strategies as st

from payymo_api.invoicing.rules.names import (
    Likeness,
    heard,
    likeness,
    name_of,
    name_words,
    within,
)

LETTERS = "ABCD"


def alike(name: str, payer: str) -> Likeness:
    known = name_of(name)
    assert known
    return likeness(known, heard(name_words(payer), is_name=True))


def in_text(name: str, text: str) -> Likeness:
    known = name_of(name)
    assert known
    return likeness(known, heard(name_words(text), is_name=False))


@pytest.mark.parametrize(
    ("name", "payer"),
    [
        ("Nordwald Timber GmbH", "NORDWALD TIMBER GMBH"),
        ("Käserei Höllriegl AG", "Kaeserei Hoellriegl AG"),
        ("Käserei Höllriegl AG", "KASEREI HOLLRIEGL AG"),
        ("Ølsted Møbler ApS", "OELSTED MOEBLER APS"),
        ("Groß & Söhne OHG", "GROSS SOEHNE OHG"),
        ("Frutas Belmonte S.L.U.", "FRUTAS BELMONTE SLU"),
        ("Pękalski Sp. z o.o.", "PEKALSKI SP Z O O"),
        ("Jespersen A/S", "JESPERSEN AS"),
    ],
)
def test_one_name_however_banks_write_it(name: str, payer: str) -> None:
    assert alike(name, payer) >= Likeness.WHOLE


@pytest.mark.parametrize(
    ("name", "payer", "likeness"),
    [
        ("Nordwald Timber GmbH", "Timber Nordwald", Likeness.WHOLE),
        ("Henrike Oldenburg", "OLDENBURG, HENRIKE", Likeness.WHOLE),
        ("Henrike Oldenburg", "Frau Henrike Maria Oldenburg", Likeness.WITHIN),
        ("Jespersen A/S", "Jespersen", Likeness.WHOLE),
        ("Nordwald Timber GmbH", "NORDWALD TI", Likeness.NEAR),
        ("Nordwald Timber GmbH", "NORDWALDTIMB", Likeness.NEAR),
        ("Nordwald Timber GmbH", "Nordwlad Timber", Likeness.NEAR),
        ("Nordwald Timber GmbH", "Nordwald Tinber", Likeness.NEAR),
        ("Nordwald Timber GmbH", "M?bel Nordwald Tim?er", Likeness.NEAR),
        ("Henrike Oldenburg", "H. Oldenburg", Likeness.INITIAL),
        ("Henrike Oldenburg", "Oldenburg H", Likeness.INITIAL),
        ("Henrike Oldenburg", "Bernd Oldenburg", Likeness.SHARED),
        ("Henrike Oldenburg", "Henrike Sommerfeld", Likeness.SHARED),
        ("Henrike Oldenburg", "Henrike O", Likeness.SHARED),
        ("Nordwald Timber GmbH", "Backhaus Sommerfeld GmbH", Likeness.NONE),
    ],
)
def test_what_is_left_of_a_name_says_how_sure_it_is(
    name: str, payer: str, likeness: Likeness
) -> None:
    assert alike(name, payer) is likeness


def test_the_legal_form_tells_the_same_name_from_a_whole_one() -> None:
    assert alike("Nordwald Timber GmbH", "Nordwald Timber GmbH") is Likeness.SAME
    assert alike("Nordwald Timber GmbH", "Nordwald Timber AG") is Likeness.WHOLE


@pytest.mark.parametrize("name", ["GmbH & Co. KG", "BV", "Mr. X", "", "  ", "Dr."])
def test_what_tells_nobody_from_others_is_no_name(name: str) -> None:
    assert name_of(name) is None


def test_a_name_stands_in_a_text_only_whole() -> None:
    text = "rechnung 12 nordwald timber danke"

    assert in_text("Nordwald Timber GmbH", text) is Likeness.WHOLE
    assert in_text("Nordwald Holding GmbH", text) is Likeness.SHARED
    assert in_text("Backhaus Sommerfeld KG", text) is Likeness.NONE
    assert in_text("Dank", "dank") is Likeness.SHARED


def distance(one: str, other: str) -> int:
    """The optimal string alignment distance by its textbook table."""
    table = {(row, -1): row + 1 for row in range(-1, len(one))}
    table |= {(-1, column): column + 1 for column in range(-1, len(other))}
    for row, left in enumerate(one):
        for column, right in enumerate(other):
            table[row, column] = min(
                table[row - 1, column] + 1,
                table[row, column - 1] + 1,
                table[row - 1, column - 1] + (left != right),
            )
            swapped = one[row - 1 : row + 1] == other[column - 1 : column + 1][::-1]
            if row and column and swapped:
                table[row, column] = min(table[row, column], table[row - 2, column - 2] + 1)
    return table[len(one) - 1, len(other) - 1]


@given(st.text(LETTERS, max_size=6), st.text(LETTERS, max_size=6), st.sampled_from([1, 2]))
def test_within_is_the_alignment_distance(one: str, other: str, most: int) -> None:
    assert within(one, other, most) == (distance(one, other) <= most)


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_two_texts_compare(name: str, payer: str) -> None:
    known = name_of(name)
    if known:
        words = name_words(payer)
        likeness(known, heard(words, is_name=True))
        assert likeness(known, heard(words[::-1], is_name=False)) is likeness(
            known, heard(words, is_name=False)
        )
