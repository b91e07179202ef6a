from datetime import date

import pytest

from payymo_api.banking.errors import StatementUnreadable
from payymo_api.banking.lines import BankTransaction
from payymo_api.banking.statements import Statement, StatementFormat, read_statements
from payymo_api.core.money import Money
from tests.banking.statements.samples import mt940

ENTRY = ":61:2610011002C100,00NTRFNONREF"


def only(content: bytes) -> Statement:
    [statement] = read_statements(content, "october.sta")
    return statement


def only_line(*rows: str, entry: str = ENTRY) -> BankTransaction:
    [line] = only(mt940(entry, *rows)).lines
    return line


def refused(content: bytes) -> str:
    with pytest.raises(StatementUnreadable) as caught:
        read_statements(content, None)
    assert [error.pointer for error in caught.value.errors] == ["/file"]
    return caught.value.detail


def test_a_statement_says_whose_it_is_and_of_which_days() -> None:
    statement = only(mt940(closing="D261002EUR5,", account="NL71RABO0123456789 EUR"))
    assert statement.format is StatementFormat.MT940
    assert (statement.id, statement.number, statement.filename) == ("REF1", "7/1", "october.sta")
    assert (statement.account.iban, statement.account.currency) == ("NL71RABO0123456789", "EUR")
    assert (statement.from_on, statement.to_on) == (date(2026, 10, 1), date(2026, 10, 2))
    assert statement.closing is not None
    assert statement.closing.amount == Money(-500, "EUR")


def test_an_account_without_iban_keeps_its_number() -> None:
    account = only(mt940(account="50880050/0194777000888")).account
    assert (account.iban, account.other_id) == (None, "50880050/0194777000888")


def test_available_balances_are_kept() -> None:
    statement = only(mt940(":64:C261002EUR7,5"))
    assert [kept.type for kept in statement.balances] == ["60F", "62F", "64"]


@pytest.mark.parametrize(
    ("mark", "minor", "reversal"),
    [
        ("C", 1250, False),
        ("D", -1250, False),
        ("RD", 1250, True),
        ("RC", -1250, True),
        ("CR", 1250, False),  # R is the euro's third letter
    ],
)
def test_the_mark_says_which_way_the_money_went(mark: str, minor: int, *, reversal: bool) -> None:
    line = only_line(entry=f":61:2610011002{mark}12,50NTRFNONREF")
    assert (line.amount, line.raw["reversal"]) == (Money(minor, "EUR"), reversal)


@pytest.mark.parametrize(
    ("written", "minor"),
    [
        ("1234,56", 123456),
        ("1234,5", 123450),
        ("1234,", 123400),
        ("0,12", 12),
        ("00,12", 12),
        ("001,12", 112),
        (",5", 50),
        ("500", 50000),
        ("000000000025,00", 2500),
    ],
)
def test_reads_every_way_to_write_an_amount(written: str, minor: int) -> None:
    line = only_line(entry=f":61:2610011002C{written}NTRFNONREF")
    assert line.amount.minor == minor
    opening = only(mt940(opening=f"C261001EUR{written}")).opening
    assert opening is not None
    assert opening.amount.minor == minor


@pytest.mark.parametrize(
    ("written", "booked", "value"),
    [
        ("2610011002", date(2026, 10, 2), date(2026, 10, 1)),
        ("261001", date(2026, 10, 1), date(2026, 10, 1)),
        ("2612310102", date(2027, 1, 2), date(2026, 12, 31)),
        ("2701021231", date(2026, 12, 31), date(2027, 1, 2)),
        ("2402290229", date(2024, 2, 29), date(2024, 2, 29)),
        ("2602300227", date(2026, 2, 27), date(2026, 2, 28)),
        ("9912311231", date(1999, 12, 31), date(1999, 12, 31)),
    ],
)
def test_the_entry_date_is_the_one_nearest_the_value_date(
    written: str, booked: date, value: date
) -> None:
    line = only_line(entry=f":61:{written}C1,00NTRFNONREF")
    assert (line.booked_on, line.value_on) == (booked, value)


def test_references_of_a_line_are_the_customer_s_and_the_bank_s() -> None:
    line = only_line(entry=":61:2610011002C1,00NTRFINV-7 of May//BANK123\nmore words")
    assert (line.reference, line.provider_id) == ("INV-7 of May", "BANK123")
    assert line.description == "more words"
    assert line.raw["bank_transaction_code"] == "NTRF"


def test_placeholders_are_no_references() -> None:
    line = only_line(entry=":61:2610011002C1,00NTRFNONREF//NONREF")
    assert (line.reference, line.provider_id) == (None, None)


def test_two_entries_without_a_type_code_stay_two() -> None:
    entry = ":61:2610011002C100,00"
    assert len(only(mt940(entry, ":86:one", entry, ":86:two")).lines) == 2


def test_details_behind_the_balance_belong_to_no_line() -> None:
    content = mt940(ENTRY, ":86:ours").replace(b"\n-\n", b"\n:86:D000004C000002\n-XXX\n")
    assert [line.description for line in only(content).lines] == ["ours"]


def test_all_fields_of_an_entry_stay_in_raw() -> None:
    line = only_line(":86:soft\u00adhyphen", ":NS:01more")
    assert line.description == "soft-hyphen"
    assert line.raw["fields"] == [
        [":61:", ENTRY[4:]],
        [":86:", "soft-hyphen"],
        [":NS:", "01more"],
    ]
    assert line.raw["line"] == 5


def test_a_row_that_is_full_goes_on_in_the_next() -> None:
    assert only_line(f":86:{'x' * 61} INV", "-7").description == f"{'x' * 61} INV-7"
    assert only_line(f":86:{'x' * 59} RECH", "NUNG").description == f"{'x' * 59} RECHNUNG"
    assert only_line(f":86:{'x' * 59} 2026", "Okt").description == f"{'x' * 59} 2026 Okt"
    assert only_line(f":86:{'x' * 58} RECH", "NUNG").description == f"{'x' * 58} RECH NUNG"
    assert only_line(":86:one", "", "two").description == "one two"


@pytest.mark.parametrize(
    ("rows", "name", "account", "description"),
    [
        (  # German subfields
            [
                ":86:166?00GUTSCHR?20EREF+E-1?21SVWZ+Invoice INV-7, ok?",
                "?22 yes?31DE02120300",
                "000000202051?32Erika?33 Mustermann",
            ],
            "Erika Mustermann",
            "DE02120300000000202051",
            "Invoice INV-7, ok? yes",
        ),
        (  # Triodos
            [":86:000>100722334455", ">20 HUUR>21 LOODS>310311223344"],
            None,
            "0722334455",
            "HUUR LOODS",
        ),
        (  # Rabobank
            [":86:/EREF/E-1/BENM//NAME/ANNA LIS/REMI/Invoice INV-7/ISDT/2026-10-01"],
            "ANNA LIS",
            None,
            "Invoice INV-7",
        ),
        (  # ABN AMRO since SEPA
            [
                ":86:/TRTP/SEPA OVERBOEKING/IBAN/NL91ABNA0417164300/BIC/ABNANL2A/NAME/Jo",
                "hn",
                "/REMI/INV-7/EREF/E-1",
            ],
            "John",
            "NL91ABNA0417164300",
            "INV-7",
        ),
        (  # ING since SEPA
            [":86:/EREF/E-1//CNTP/NL91ABNA0417164300/ABNANL2A/John///REMI/USTD//INV-7/"],
            "John",
            "NL91ABNA0417164300",
            "INV-7",
        ),
        (  # ING before, a card payment
            [":86: KIOSK OOST>UTRECHT 03\u00ad10\u00ad2026 09:57 002"],
            "KIOSK OOST",
            None,
            "KIOSK OOST>UTRECHT 03-10-2026 09:57 002",
        ),
        (  # ING before
            [":86:0711223344 Bakkerij 42AC"],
            "Bakkerij",
            "0711223344",
            "Bakkerij 42AC",
        ),
        (  # ASN
            [":86:NL20INGB0001234567 mw de vries", "", "factuur INV-7", "", ""],
            "mw de vries",
            "NL20INGB0001234567",
            "factuur INV-7",
        ),
        (  # Knab
            [":86:FACTUUR INV-7", "REK: NL20INGB0001234567/NAAM: DE VRIES"],
            "DE VRIES",
            "NL20INGB0001234567",
            "FACTUUR INV-7",
        ),
        (  # mBank
            [
                ":86:911 COLLECT; Z RACH.: ",
                "61109010140000071219812874; OD: EWA LIS  ",
                "UL. POLNA 1; TYT.: ZAPLATA   ; ",
                "TNR: 17.1",
            ],
            "EWA LIS",
            "PL61109010140000071219812874",
            "ZAPLATA",
        ),
        (  # PostFinance
            [":86:GIRO AUS AUFTRAGGEBER: ANNA MUSTER 261001CH55 MITTEILUNGEN: RECHNUNG"],
            "ANNA MUSTER",
            None,
            "GIRO AUS AUFTRAGGEBER: ANNA MUSTER 261001CH55 MITTEILUNGEN: RECHNUNG",
        ),
        (  # ABN AMRO before SEPA
            [":86:GIRO   712345 WATER - NOORD    BETALINGSKENM.  70123"],
            "WATER - NOORD",
            "712345",
            "BETALINGSKENM. 70123",
        ),
        (
            [":86:BEA   NR:AB12345   03.10.26/12.54 BLOEMEN OOST 7,PAS999"],
            "BLOEMEN OOST 7",
            None,
            "BEA NR:AB12345 03.10.26/12.54 BLOEMEN OOST 7,PAS999",
        ),
        ([":86:11.22.33.444     DE VRIES"], "DE VRIES", "112233444", "11.22.33.444 DE VRIES"),
        ([":86:plain words"], None, None, "plain words"),
        ([":86:"], None, None, ""),
    ],
)
def test_reads_the_dialect_of_each_bank(
    rows: list[str], name: str | None, account: str | None, description: str
) -> None:
    line = only_line(*rows)
    assert line.counterparty_name == name
    assert line.raw["counterparty_account"] == account
    assert line.counterparty_iban == (account if account and account[0].isalpha() else None)
    assert line.description == description
    if any("E-1" in row for row in rows):
        assert line.end_to_end_id == "E-1"


def test_abn_amro_s_payment_reference_is_the_reference() -> None:
    assert only_line(":86:GIRO 712345 WATER    BETALINGSKENM.  70123").reference == "70123"


def test_a_structured_remittance_is_the_reference() -> None:
    line = only_line(":86:/NAME/John/REMI/STRD/CUR/9876123456789012/")
    assert line.reference == "9876123456789012"


def test_account_and_name_may_stand_in_the_line_itself() -> None:
    line = only_line(":86:", entry=":61:2610011002C1,00NOVBNL20INGB0001234567\nmw de vries")
    assert (line.counterparty_iban, line.counterparty_name) == (
        "NL20INGB0001234567",
        "mw de vries",
    )
    assert line.reference is None


def test_several_statements_stand_in_one_file_in_any_envelope() -> None:
    one = mt940(ENTRY)
    swift = b"{1:F01BANKNL2AXXXX0000000000}{2:O940BANKNL2AXXXXN}{3:}{4:\n"
    content = swift + one.replace(b"\n-\n", b"\n-}{5:}\n") + b"BANKNL2A\n940\nBANKNL2A\n" + one
    content += b":940:\n" + one.replace(b"-\n", b"") + b":940:\n" + one
    assert [len(statement.lines) for statement in read_statements(content, None)] == [1] * 4


def test_windows_line_ends_and_transport_marks_fall_away() -> None:
    content = b"\x01\r\n" + mt940(ENTRY, ":86:words").replace(b"\n", b"\r\n") + b"\x03"
    assert only(content).lines[0].description == "words"


def test_a_tag_may_be_split_behind_its_first_colon() -> None:
    line = only_line(
        ":", "86:166?00GUTSCHR?20SVWZ+Danke", entry=":61:2610011002CR\n25,00N062NONREF"
    )
    assert (line.amount.minor, line.description) == (2500, "Danke")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_reads_letters_in_either_encoding(encoding: str) -> None:
    content = mt940(ENTRY, ":86:Café Müller").decode().encode(encoding)
    assert only(content).lines[0].description == "Café Müller"


def test_a_time_of_day_in_the_text_is_no_tag() -> None:
    assert only_line(":86:seen at", ":15:30 today").description == "seen at :15:30 today"


def test_a_statement_that_does_not_add_up_names_both_sums() -> None:
    [warning] = only(mt940(ENTRY)).warnings
    assert warning.code == "balance_mismatch"
    assert "1100.00 EUR" in warning.detail
    assert "1000.00 EUR" in warning.detail
    assert only(mt940(ENTRY, closing="C261002EUR1100,00")).warnings == ()


def test_balances_of_two_currencies_are_warned_of() -> None:
    [warning] = only(mt940(closing="C261002USD1000,00")).warnings
    assert warning.code == "currency_mismatch"


@pytest.mark.parametrize(
    ("content", "detail"),
    [
        (mt940(":61:2610011002C1,2,3NTRFX"), "line 5, field :61: '1.2.3' is not an amount"),
        (mt940(":61:2610011002C1,234NTRFX"), "line 5, field :61: '1.234': EUR has 2 decimals"),
        (mt940(":61:2610011002C500.25NTRFX"), "line 5, field :61: '500.25NTRFX' holds no amount"),
        (mt940(f":61:2610011002C{'9' * 16},00NTRFX"), "line 5, field :61: '9999999999999999,00"),
        (mt940(":61:2610011002C,NTRFX"), "line 5, field :61: '.' is not an amount"),
        (mt940(":61:2610011002X1,00NTRFX"), "line 5, field :61: '2610011002X1,00NTRFX' is no"),
        (mt940(":61:2613011002C1,00NTRFX"), "line 5, field :61: 2026-13-01 is not a date"),
        (mt940(":61:2610011332C1,00NTRFX"), "line 5, field :61: 2025-13-32 is not a date"),
        (mt940(":61:2607010229C1,00NTRFX"), "line 5, field :61: 02-29 is not a date near"),
        (mt940(":61:"), "line 5, field :61: '' is no statement line"),
        (mt940(f":61:2610011002C1,00NTRF{'x' * 500}"), "line 5, field :61: has 519 characters"),
        (mt940(opening="C261001EURX"), "line 4, field :60F: 'C261001EURX' is no balance"),
        (mt940(opening="C261001XXQ1,00"), "line 4, field :60F: '1.00': 'XXQ' is not an ISO 4217"),
        (mt940(opening="C261301EUR1,00"), "line 4, field :60F: 2026-13-01 is not a date"),
        (mt940(opening="C261001EUR"), "line 4, field :60F: '' is not an amount"),
        (mt940(account=""), "line 2, field :25: names no account"),
        (mt940(closing=None), "line 4, field :62F: is missing from the statement that begins on"),
        (mt940(":60F:C261001EUR1,00"), "line 5, field :60F: comes twice in one statement"),
        (mt940(closing="C261002EUR1,00\n" + ENTRY), "line 6, field :61: stands outside the"),
        (b":60F:C100318EUR1234,56\n", "line 1, field :60F: stands before any :20:"),
        (mt940(ENTRY, ":86:a\x00b"), "line 6, field text: holds the byte 0x00"),
        (mt940(ENTRY, ":86:#").replace(b"#", b"\x81\xff"), "line 6, field text: byte 0x81 is"),
        (b":99:unknown\n", "line 1, field :20: is missing"),
        (b"", "line 1, field file: is neither CAMT.053, CAMT.052, MT940, OFX nor CSV"),
        (b"Date;Amount\n2026-10-01;5\n", "line 1, field file: is neither"),
        (bytes(range(256)) * 100, "line 1, field file: is neither"),
    ],
)
def test_names_the_line_and_the_field_of_what_is_wrong(content: bytes, detail: str) -> None:
    assert refused(content).startswith(detail)
