from datetime import date

import pytest

from payymo_api.banking.errors import StatementUnreadable
from payymo_api.banking.lines import BankTransaction
from payymo_api.banking.statements import Statement, StatementFormat, read_statements
from tests.banking.statements.samples import ofx, ofx_line

both = pytest.mark.parametrize("xml", [False, True], ids=["1.x SGML", "2.x XML"])


def statement(content: bytes) -> Statement:
    [found] = read_statements(content, "statement.ofx")
    return found


def line(content: bytes) -> BankTransaction:
    [found] = statement(content).lines
    return found


def refused(content: bytes) -> str:
    with pytest.raises(StatementUnreadable) as caught:
        read_statements(content, None)
    return caught.value.detail


@both
def test_a_line_has_what_the_file_says(xml: bool) -> None:  # noqa: FBT001  a parameter
    more = "<CHECKNUM>1001" if not xml else "<CHECKNUM>1001</CHECKNUM>"
    found = statement(ofx(ofx_line(more=more), xml=xml))

    assert found.format is StatementFormat.OFX
    assert (found.account.iban, found.account.other_id) == (None, "12345678")
    assert (found.from_on, found.to_on) == (date(2026, 10, 1), date(2026, 10, 31))
    assert found.closing is not None
    assert str(found.closing.amount) == "87.50"
    [told] = found.lines
    assert (told.amount.minor, told.amount.currency) == (-1250, "GBP")
    assert told.booked_on == date(2026, 10, 1)
    assert (told.counterparty_name, told.reference) == ("Harbour Foods", "1001")
    assert told.description == "Harbour Foods Invoice 42"
    assert told.internal_id == "F1"
    assert told.raw["line"] == (9 if xml else 17)


@pytest.mark.parametrize(
    ("written", "minor"),
    [("-80", -8000), ("+1.5", 150), ("1,25", 125), (".05", 5), ("-0,5", -50), ("12.", 1200)],
)
def test_amounts_have_a_point_or_a_comma_and_a_sign(written: str, minor: int) -> None:
    assert line(ofx(ofx_line(written))).amount.minor == minor


@pytest.mark.parametrize(
    "written",
    ["20261001", "20261001120000", "20261001235959.123[-8:PST]", "20261001000000[+5.5:IST]"],
)
def test_the_day_is_the_banks_own_whatever_the_zone(written: str) -> None:
    assert line(ofx(ofx_line(day=written))).booked_on == date(2026, 10, 1)


@both
def test_an_empty_text_swallows_nothing(xml: bool) -> None:  # noqa: FBT001  a parameter
    empty = "<MEMO></MEMO>" if xml else "<MEMO>"
    content = ofx(ofx_line(memo="", more=empty), ofx_line("3", memo="x"), xml=xml)
    first, second = statement(content).lines

    assert (first.description, first.counterparty_name) == ("Harbour Foods", "Harbour Foods")
    assert second.amount.minor == 300


def test_sgml_may_close_its_texts_too() -> None:
    more = "<CHECKNUM>7</CHECKNUM>\n<NAME></NAME>"
    found = line(ofx(ofx_line(name="", memo="paid", more=more), xml=False))

    assert (found.reference, found.counterparty_name, found.description) == ("7", None, "paid")


def test_entities_cdata_and_comments_are_text_or_nothing() -> None:
    memo = "A &amp; B &#8364; <![CDATA[<x> & y]]><!-- a\nnote -->"
    found = line(ofx(ofx_line(memo=memo)))

    assert found.description == "Harbour Foods A & B € <x> & y"
    assert line(ofx(ofx_line(memo="AT&T &unknown;"))).description.endswith("AT&T &unknown;")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_the_encoding_is_found_whatever_the_header_says(encoding: str) -> None:
    content = ofx(ofx_line(name="Café Müller"), xml=False).decode("cp1252").encode(encoding)

    assert line(content).counterparty_name == "Café Müller"


def test_a_declared_code_page_is_believed() -> None:
    content = ofx(ofx_line(name="Łódź"), xml=True).decode()
    content = content.replace('encoding="UTF-8"', 'encoding="iso-8859-2"')

    assert line(content.encode("iso-8859-2")).counterparty_name == "Łódź"


def test_an_amount_in_another_currency_is_kept_in_it_and_doubted() -> None:
    more = "<CURRENCY><CURRATE>1.1</CURRATE><CURSYM>USD</CURSYM></CURRENCY>"
    found = statement(ofx(ofx_line(more=more)))

    assert found.lines[0].amount.currency == "USD"
    assert [each.code for each in found.warnings] == ["currency_mismatch"]


def test_the_other_account_and_the_payee_come_out() -> None:
    more = "<PAYEE><NAME>Harbour Foods Ltd</NAME><CITY>Hull</CITY></PAYEE><BANKACCTTO>"
    more += "<BANKID>1</BANKID><ACCTID>DE89370400440532013000</ACCTID></BANKACCTTO>"
    found = line(ofx(ofx_line(name="", more=more)))

    assert found.counterparty_name == "Harbour Foods Ltd"
    assert found.counterparty_iban == "DE89370400440532013000"


def test_pending_lines_are_pending() -> None:
    content = ofx(ofx_line(), ofx_line("5")).decode().replace("DTPOSTED", "DTTRAN")
    content = content.replace("STMTTRN>", "STMTTRNP>").replace("BANKTRANLIST", "BANKTRANLISTP")

    assert [each.booked for each in statement(content.encode()).lines] == [False, False]


def test_a_credit_cards_statement_is_one_too() -> None:
    content = ofx(ofx_line()).decode().replace("STMTRS", "CCSTMTRS")
    content = content.replace("BANKACCTFROM", "CCACCTFROM")

    assert statement(content.encode()).lines[0].amount.minor == -1250


@pytest.mark.parametrize(
    ("content", "detail"),
    [
        (ofx(ofx_line("seven")), "line 12, field STMTTRN/TRNAMT: 'seven' is not an amount"),
        (ofx(ofx_line("1,234.50")), "line 12, field STMTTRN/TRNAMT: '1,234.50' is not an amount"),
        (ofx(ofx_line("1.234")), "line 12, field STMTTRN/TRNAMT: '1.234': GBP has 2 decimals"),
        (ofx(ofx_line("")), "line 9, field STMTTRN/TRNAMT: is missing"),
        (ofx(ofx_line(day="20261301")), "line 11, field STMTTRN/DTPOSTED: 2026-13-01 is not a"),
        (ofx(ofx_line(day="yesterday")), "line 11, field STMTTRN/DTPOSTED: 'yesterday' is not"),
        (ofx(currency="XXQ"), "line 5, field STMTRS/CURDEF: 'XXQ' is not an ISO 4217"),
        (ofx(account=""), "line 6, field BANKACCTFROM/ACCTID: is missing"),
        (ofx(balance="?"), "line 10, field LEDGERBAL/BALAMT: '?' is not an amount"),
        (ofx(ofx_line())[:-30], "line 3, field STMTTRNRS: is not closed"),
        (ofx(ofx_line(memo="a < b")), "line 15, field OFX: a < begins no tag"),
        (ofx(ofx_line(memo="a\x01")), "line 15, field text: holds the byte 0x01"),
        (ofx().replace(b"STMTRS", b"INVSTMTRS"), "line 1, field OFX file/STMTRS: is missing"),
        (b"OFXHEADER:100\n", "line 1, field OFX: is missing"),
        (b"<OFX>" + b"<A></B>" * 9, "line 1, field OFX: is not closed"),
        (b"<OFX>" + b"<A>\n" * 99 + b"</A>" * 99 + b"</OFX>", "line 30, field A: is nested too"),
        (
            b'<!DOCTYPE OFX [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>\n' + ofx(),
            "line 1, field OFX: declares what",
        ),
    ],
)
def test_names_the_line_and_the_field_of_what_is_wrong(content: bytes, detail: str) -> None:
    assert refused(content).startswith(detail)


def test_a_bank_that_could_not_answer_is_quoted() -> None:
    content = ofx().decode()
    content = content.replace("<CODE>0</CODE><SEVERITY>INFO", "<CODE>2003</CODE><SEVERITY>ERROR")
    start, end = content.index("<STMTRS>"), content.index("</STMTTRNRS>")

    assert "2003" in refused((content[:start] + content[end:]).encode())
