"""Whatever a file holds, reading it ends in statements or in StatementUnreadable, and soon."""

from collections.abc import Sequence

from hypothesis import example, given, settings
from hypothesis import strategies as st

from payymo_api.banking.errors import StatementUnreadable
from payymo_api.banking.statements import Statement, read_file, read_statements
from payymo_api.banking.statements.csv_guess import guess
from payymo_api.banking.statements.csv_sheet import Sheet
from payymo_api.banking.statements.csv_statement import read_csv
from tests.banking.statements.samples import balance, camt, entry, mt940, ofx, ofx_line, payment

MIB = 1024 * 1024
WIDE = 100_000
WHOLE = [
    camt(
        entry(details=payment(), more="<RvslInd>true</RvslInd>\n"),
        entry(status="<Cd>PDNG</Cd>", booked="<DtTm>2026-10-01T10:00:00Z</DtTm>"),
        balances=balance("OPBD", "1.00") + balance("CLBD", "2.00"),
    ),
    mt940(
        *(":61:2610011002RC10,00NTRFREF//B1", "more", ":86:166?00X?20EREF+1?21SVWZ+y?32Name"),
        *(":61:261001D1,NTRFNONREF", ":86:/EREF/1/NAME/ANNA/REMI/text/", "more"),
        *(":61:261001D1,NMSC", ":86:911 C; Z RACH.: 5611; OD: EWA  UL; TYT.: P ;"),
        *(":61:261001D1,NMSC", ":86:GIRO  7123 WATER   BETALINGSKENM.  42"),
    ),
    ofx(ofx_line("-12.50", memo="A &amp; B"), ofx_line("3"), xml=True),
    ofx(ofx_line("-12,50"), ofx_line("3"), xml=False),
    b'Report\nDate;Amount;D/C;Balance\n13.10.2026;1.234,50;C;"1.234,50"\n14.10.2026;4,50;D;1.230,00',
    b"Date,Paid out,Paid in,IBAN\n2026-10-01,1.00,,DE89370400440532013000\n2026-10-02,,2.00,\n",
]
SNIPPETS = [
    b":61:",
    b":20:",
    b":86:",
    b"-}",
    b"{4:",
    b"<",
    b"</Amt>",
    b"&x;",
    b"]]>",
    b"NaN",
    b"\n",
]
SNIPPETS += [
    b"<!DOCTYPE a>",
    b"<!--",
    b"<![CDATA[",
    b"<MEMO>",
    b"</STMTTRN>",
    b'"',
    b";",
    b"\t",
    b"(",
    b"32.13.2026",
    b"\x00",
    b"\xff",
    b"\xc2\xad",
    b"999999999999999999",
    b",",
    b"?99",
    b"/",
]

edits = st.tuples(
    st.floats(0, 1),
    st.integers(0, 30),
    st.one_of(st.sampled_from(SNIPPETS), st.binary(max_size=8)),
)


def outcome(content: bytes) -> Sequence[Statement] | str:
    """Read as far as it goes; a CSV by the mapping that is guessed."""
    try:
        file = read_file(content, "file")
        return file.statements if file.sheet is None else read_guessed(file.sheet, content)
    except StatementUnreadable as error:
        return error.detail


def read_guessed(sheet: Sheet, content: bytes) -> Sequence[Statement] | str:
    mapping = guess(sheet, places=2).mapping
    if mapping is None:
        return "line 1, field file: no mapping"
    reading = read_csv(content, mapping, "EUR", None)
    return reading.problems[0] if reading.problems else [reading.statement]


@given(st.sampled_from(WHOLE), st.lists(edits, max_size=6))
@settings(max_examples=600, deadline=None)
def test_a_damaged_file_is_read_or_refused(
    whole: bytes, damage: list[tuple[float, int, bytes]]
) -> None:
    content = whole
    for place, length, insert in damage:
        at = int(place * len(content))
        content = content[:at] + insert + content[at + length :]
    found = outcome(content)
    assert found
    if isinstance(found, str):
        assert found.startswith("line ")
        assert ", field " in found


@given(st.binary(max_size=400))
@example(b"<")
@example(b":20:")
def test_any_bytes_are_refused_by_name(content: bytes) -> None:
    assert str(outcome(content)).startswith("line ")


def test_twenty_mebibytes_of_junk_are_refused() -> None:
    """The test would hang if any reader went over its text again and again."""
    for junk in (b"\x00\xff", b"junk" * 999 + b"\n", b"<a>", b":61:x", b"<Document>" + b"x" * 100):
        assert str(outcome(junk * (20 * MIB // len(junk)))).startswith("line ")
    assert str(outcome(b":20:" + b"9" * 20 * MIB)).startswith("line ")


def test_one_endless_row_in_any_place_is_read_or_refused() -> None:
    """Each would take minutes if a pattern walked back over the row."""
    starts = [":61:261001C1,00NTRF", ":86:GIRO 1 x", ":86:REK:", ":86:BEA  NR:", ":86:/NAME/"]
    starts += [":86:166?20", ":86:911;TYT.: ", ":86:0111111111 ", ":86:AUFTRAGGEBER: ", ":86:a>b"]
    for start in starts:
        for filler in (
            " ",
            "x",
            "REK:",
            "?20",
            ";OD: ",
            "/NAME",
            " 131209CH",
            "> 22-07-2010",
            "//",
        ):
            row = start + filler * (WIDE // len(filler))
            rows = [row] if start.startswith(":61:") else [":61:261001C1,00NTRF", row, "tail"]
            assert outcome(mt940(*rows))


def test_a_large_statement_is_read_whole() -> None:
    [statement] = read_statements(camt(*[entry(details=payment())] * 1000), None)
    assert len(statement.lines) == 1000
