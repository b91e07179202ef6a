"""Statement files of real banks' formats, against figures counted by eye and by other means.

The files are not part of the project: PAYYMO_CONFORMANCE_DATA names the folder that holds them.
"""

import os
import re
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest

from payymo_api.banking.errors import StatementUnreadable
from payymo_api.banking.lines import BankTransaction
from payymo_api.banking.statements import Statement, read_statements
from payymo_api.banking.statements.csv_guess import guess
from payymo_api.banking.statements.csv_sheet import read_sheet
from payymo_api.banking.statements.csv_statement import read_csv

FOLDER = os.environ.get("PAYYMO_CONFORMANCE_DATA")

pytestmark = pytest.mark.skipif(
    FOLDER is None, reason="PAYYMO_CONFORMANCE_DATA names no folder of sample files"
)


@dataclass(frozen=True)
class Expected:
    """Sums in the currency's units; days are booking days; per line: party, account, reference."""

    statements: int
    money_in: str
    money_out: str
    days: tuple[str, str]
    doubts: tuple[str, ...]
    lines: tuple[tuple[str | None, str | None, str | None], ...]


COMPANY = ("NAME NAME", "NL56AGDH9619008421", "4654654654654654")
ASN_CARD = ("international card services", "NL08ABNA9999999999", None)
ASN_SELF = ("paulissen g j l m", "NL56ASNB9999999999", None)
CONTRA = ("CONTRA ACCOUNT HOLDER", "NL70ABNA0987654321", None)
COLLECT = "PL56114010810000267002001001"

READ = {
    "camt/camt052.v6.xml": Expected(
        *(1, "0", "200000", ("2007-10-18", "2007-10-18"), ("currency_mismatch",)),
        lines=(("Example Creditor 6 - V1", "CH2401234004141414141", None),),
    ),
    "camt/camt053.v2.multi.statement.xml": Expected(
        *(2, "8.85", "7.00", ("2014-12-31", "2014-12-31"), ()),
        lines=(
            ("Company Name 1", "NL56AGDH9619008421", None),
            ("Company Name 2", "NL56AGDH9619008421", None),
        ),
    ),
    "camt/camt053.v2.with-party-ids.xml": Expected(
        *(1, "8.85", "0", ("2014-12-31", "2014-12-31"), ("currency_mismatch",)), lines=(COMPANY,)
    ),
    "camt/camt053.v3.xml": Expected(
        *(1, "8.85", "0", ("2014-12-31", "2014-12-31"), ("currency_mismatch",)), lines=(COMPANY,)
    ),
    "camt/camt053.v4.xml": Expected(
        *(1, "8.85", "0", ("2014-12-31", "2014-12-31"), ("currency_mismatch",)), lines=(COMPANY,)
    ),
    "camt/oca-camt053.xml": Expected(
        *(1, "1405.31", "1418.30", ("2014-01-05", "2014-01-05"), ("balance_mismatch",)),
        lines=(
            ("INSURANCE COMPANY TESTX", "NL46ABNA0499998748", None),
            ("Test Customer", "NL46ABNA0499998748", None),
            ("3rd party Media", "NL69ABNA0522123643", None),
        ),
    ),
    "mt940/asnb.sta": Expected(
        *(31, "2828.90", "2771.96", ("2020-01-01", "2020-01-31"), ()),
        lines=(
            ("hr gjlm paulissen", "NL47INGB9999999999", None),
            ASN_SELF,
            ASN_CARD,
            (None, None, None),
            ("transfer solutions bv", "NL25INGB9999999999", None),
            ASN_CARD,
            ASN_SELF,
            ASN_CARD,
        ),
    ),
    "mt940/jejik-abnamro.sta": Expected(
        *(2, "0", "345.93", ("2011-05-23", "2011-05-24"), ("balance_mismatch",) * 2),
        lines=(
            ("KPN - DIGITENNE", "428428", "0000000421886595314606715"),
            ("DIRCKIII FIL2500 KATWIJK", None, None),
            ("DIGROS FIL1015 KATWIJK Z", None, None),
            ("MC DONALDS A44 LEIDEN", None, None),
            ("PRINCE FIL. 55 KATWIJK Z", None, None),
            ("DIRX FIL6017 KATWIJK ZH", None, None),
            ("HANS ANDERS OPT./056 KAT", None, None),
            ("MYCOM DEN HAAG S-GRAVEN", None, None),
            ("PETS PLACE KATWIJK KATWI", None, None),
            ("MYCOM DEN HAAG", "528939882", None),
        ),
    ),
    # The bank runs name and text together: the sixth line's text does not begin with a name.
    "mt940/jejik-ing.sta": Expected(
        *(1, "4.68", "50.27", ("2010-07-22", "2010-07-23"), ("balance_mismatch",)),
        lines=(
            (None, None, None),
            ("GPSEOUL", "0111111111", None),
            ("ING iDEAL", "0111111111", "TMG TANGO"),
            ("ABN AMRO BANK", None, None),
            ("GPPeking", "0111111111", None),
            (None, "0123456789", None),
            ("Hr S Marechal", "0111111111", None),
        ),
    ),
    "mt940/jejik-knab.sta": Expected(
        *(2, "1000", "7260", ("2014-05-07", "2014-07-29"), ("balance_mismatch",)),
        lines=(
            (None, None, None),
            ("PICQER", "NL65INGB0123456789", None),
            ("MMS ONLINE NEDERLAND B.V.", "NL84INGB0234561789", "29-07-2014 10:05"),
        ),
    ),
    "mt940/jejik-postfinance.sta": Expected(
        *(2, "239.30", "79.90", ("2013-12-09", "2013-12-18"), ("balance_mismatch",)),
        lines=(
            ("JANE DOE EXAMPLESTRASSE 10 1234 XXXX", None, "01916"),
            ("JOHN DOE EXAMPLESTRASSE 12 1234 XXXXXXXXXX", None, "01916"),
            ("XXXXXXXXX XXX XXXXXXXXSTRASSE 111 1234 XXXXXXXXXXXX", None, "01916"),
            (None, None, "01651"),
        ),
    ),
    "mt940/jejik-rabobank-iban.sta": Expected(
        *(2, "0", "70", ("2013-01-01", "2013-01-09"), ()),
        lines=(CONTRA, ("JOHN DOE", "001234567", None)) * 2,
    ),
    "mt940/jejik-sns.sta": Expected(
        *(2, "0", "25", ("2012-06-08", "2012-06-08"), ()),
        lines=(("marechal s", "0987654321", None),) * 2,
    ),
    "mt940/jejik-triodos.sta": Expected(
        *(1, "0", "715.70", ("2011-01-01", "2011-01-25"), ("balance_mismatch",)),
        lines=((None, "0987654321", None), (None, "0133967858", None)),
    ),
    "mt940/mBank-mt940.sta": Expected(
        *(1, "0.03", "0", ("2017-01-19", "2017-01-19"), ()),
        lines=(("JAN NOWAK", COLLECT, None),) * 3,
    ),
    "ofx/oca-iban.ofx": Expected(
        *(2, "0", "360", ("2013-08-24", "2013-08-24"), ()),
        lines=(
            ("Agrolait", None, None),
            ("China Export", None, None),
            ("Axelor Scuba", None, None),
            ("China Scuba", None, None),
        ),
    ),
    "ofx/stmtrs.ofx": Expected(
        *(1, "0", "500", ("2005-10-04", "2005-10-20"), ()),
        lines=((None, None, "1000"), (None, None, None)),
    ),
    "csv/debit_credit.csv": Expected(
        *(1, "1533.50", "33.50", ("2018-12-15", "2018-12-15"), ()),
        lines=(("John Doe", "123456789", None), ("Azure Interior", None, None)),
    ),
    "csv/sample_statement_en.csv": Expected(
        *(1, "1525.00", "33.50", ("2018-12-15", "2018-12-15"), ()),
        lines=(("John Doe", "123456789", None), ("Azure Interior", None, None)),
    ),
}

OPEN = {
    "csv/debit_credit.csv": [],
    # it holds a second amount, which the currency may belong to
    "csv/sample_statement_en.csv": ["currency"],
}
"""What a CSV file leaves to the caller to answer."""

REFUSED = {
    # a message without a statement
    "camt/camt053.v2.wrong.xml": "line 3, field BkToCstmrStmt: holds no Stmt",
    # fragments: no :20:, :25: or balances, so no account, no currency
    "mt940/betterplace-amount_formats.sta": "line 1, field :60F: stands before any :20:",
    "mt940/self-provided-sparkassen.sta": "line 1, field :61: stands before any :20:",
}


COUNTED_BY_EYE = {
    "csv/debit_credit.csv": [Decimal("-33.50"), Decimal("1533.50")],
    "csv/sample_statement_en.csv": [Decimal("-33.50"), Decimal("1525.00")],
}


def content(name: str) -> bytes:
    return (Path(FOLDER or "") / "statements" / name).read_bytes()


def told(name: str) -> tuple[list[Statement], list[BankTransaction]]:
    statements = by_guess(name) if name.startswith("csv") else read_statements(content(name), name)
    return statements, [line for statement in statements for line in statement.lines]


def by_guess(name: str) -> list[Statement]:
    """A CSV file by the mapping that is guessed, its questions left as they are."""
    mapping = guess(read_sheet(content(name)), places=2).mapping
    assert mapping is not None
    return [read_csv(content(name), mapping, "USD", name).statement]


def counted(name: str) -> Counter[Decimal]:
    """Count signed amounts by patterns over the text, without the parser or its library."""
    text = content(name).decode()
    if name.startswith("camt"):
        found = re.findall(r"<Ntry>\s*<Amt[^>]*>([^<]+)</Amt>\s*<CdtDbtInd>(...)", text)
        assert len(found) == text.count("<Ntry>")
        return Counter(Decimal(a) * (1 if way == "CRD" else -1) for a, way in found)
    if name.startswith("ofx"):
        return Counter(Decimal(each) for each in re.findall(r"<TRNAMT>([^<]+)<", text))
    if name.startswith("csv"):
        return Counter(COUNTED_BY_EYE[name])
    found = re.findall(r"(?m)^:61:(?:\d{6}|\d{10})([CD])[A-Z]?([\d,]+)", text)
    assert len(found) == len(re.findall(r"(?m)^:61:", text))
    return Counter(Decimal(a.replace(",", ".")) * (1 if way == "C" else -1) for way, a in found)


def test_the_table_names_every_file() -> None:
    root = Path(FOLDER or "") / "statements"
    files = {
        f"{kind}/{path.name}"
        for kind in ("camt", "csv", "mt940", "ofx")
        for path in (root / kind).iterdir()
    }
    assert files == READ.keys() | REFUSED.keys()


@pytest.mark.parametrize("name", READ)
def test_every_amount_of_the_file_comes_out(name: str) -> None:
    _, lines = told(name)
    assert Counter(line.amount.decimal() for line in lines) == counted(name)


@pytest.mark.parametrize("name", READ)
def test_sums_and_days_are_those_of_the_file(name: str) -> None:
    statements, lines = told(name)
    amounts = [line.amount.decimal() for line in lines]
    days = sorted(str(line.booked_on) for line in lines)
    expected = READ[name]
    assert len(statements) == expected.statements
    assert sum(amount for amount in amounts if amount > 0) == Decimal(expected.money_in)
    assert -sum(amount for amount in amounts if amount < 0) == Decimal(expected.money_out)
    assert (days[0], days[-1]) == expected.days


@pytest.mark.parametrize("name", READ)
def test_parties_and_references_are_those_of_the_file(name: str) -> None:
    _, lines = told(name)
    found = [
        (
            line.counterparty_name,
            line.counterparty_iban or line.raw.get("counterparty_account"),
            line.reference,
        )
        for line in lines
    ]
    assert found == list(READ[name].lines)


@pytest.mark.parametrize("name", READ)
def test_a_sum_that_is_not_right_is_warned_of(name: str) -> None:
    statements, _ = told(name)
    codes = [warning.code for statement in statements for warning in statement.warnings]
    assert codes == list(READ[name].doubts)


@pytest.mark.parametrize("name", READ)
def test_every_line_has_text_a_party_or_a_reference(name: str) -> None:
    _, lines = told(name)
    assert all(line.description or line.reference or line.counterparty_name for line in lines)


@pytest.mark.parametrize("name", OPEN)
def test_what_a_csv_file_leaves_open_is_asked(name: str) -> None:
    found = guess(read_sheet(content(name)), places=2)
    assert [question.field for question in found.questions] == OPEN[name]


@pytest.mark.parametrize("name", REFUSED)
def test_a_broken_file_or_fragment_is_refused_by_line_and_field(name: str) -> None:
    with pytest.raises(StatementUnreadable) as caught:
        read_statements(content(name), name)
    assert caught.value.detail.startswith(REFUSED[name])


def test_end_to_end_ids_bank_references_and_pending_lines_come_out() -> None:
    _, report = told("camt/camt052.v6.xml")
    assert not report[0].booked
    assert report[0].end_to_end_id == "UXC06140000015PI00001EE00001"
    assert report[0].provider_id == "ACSR160614165200001"
    _, oca = told("camt/oca-camt053.xml")
    assert [line.end_to_end_id for line in oca] == ["435005714488-ABNO33052620", None, "115"]
    assert [part["end_to_end_id"] for part in oca[1].raw["details"]] == [
        "TESTBANK/NL/20141229/01206408",
        "TESTBANK/NL/20141229/01206407",
    ]
    _, rabobank = told("mt940/jejik-rabobank-iban.sta")
    assert rabobank[0].end_to_end_id == "01-01-2013 12:00 0030000987654321"
    _, mbank = told("mt940/mBank-mt940.sta")
    assert [line.provider_id for line in mbank] == [
        "MB170119012058",
        "MB170119012085",
        "MB170119012121",
    ]
