from datetime import UTC, date, datetime

import pytest

from payymo_api.banking.errors import StatementUnreadable
from payymo_api.banking.lines import BankTransaction
from payymo_api.banking.statements import StatementFormat, read_statements
from payymo_api.core.money import Money
from tests.banking.statements.samples import IBAN, PARTY, balance, camt, entry, payment

VERSIONS = [f"camt.05{kind}.001.{n:02}" for kind in (2, 3) for n in range(2, 14)]


def only_line(content: bytes) -> BankTransaction:
    [statement] = read_statements(content, None)
    [line] = statement.lines
    return line


def refused(content: bytes) -> str:
    with pytest.raises(StatementUnreadable) as caught:
        read_statements(content, None)
    assert [error.pointer for error in caught.value.errors] == ["/file"]
    return caught.value.detail


@pytest.mark.parametrize("message", VERSIONS)
def test_reads_every_version_by_element_names(message: str) -> None:
    line = only_line(camt(entry(details=payment()), message=message))
    assert (line.amount, line.counterparty_name) == (Money(10000, "GBP"), "Harbour Lights Ltd")


def test_a_statement_says_whose_it_is_and_of_which_days() -> None:
    days = "<FrDtTm>2026-10-01T00:00:00Z</FrDtTm><ToDtTm>2026-10-09T24:00:00Z</ToDtTm>"
    period = f"<FrToDt>{days}</FrToDt>"
    content = camt(
        period, balances=balance("OPBD", "5.00") + balance("CLBD", "5.00", direction="DBIT")
    )
    [statement] = read_statements(content, "october.xml")
    assert statement.format is StatementFormat.CAMT
    assert (statement.id, statement.filename) == ("S1", "october.xml")
    assert (statement.account.iban, statement.account.currency) == (IBAN, "GBP")
    assert (statement.from_on, statement.to_on) == (date(2026, 10, 1), date(2026, 10, 9))
    assert statement.opening is not None
    assert statement.closing is not None
    assert (statement.opening.amount.minor, statement.closing.amount.minor) == (500, -500)


def test_an_account_without_iban_keeps_its_number_and_takes_the_balance_currency() -> None:
    content = camt(
        balances=balance("OPBD", "5.00", "SEK"),
        account="<Id><Othr><Id>12-34</Id></Othr></Id>",
    )
    [statement] = read_statements(content, None)
    assert (statement.account.iban, statement.account.other_id) == (None, "12-34")
    assert statement.account.currency == "SEK"


def test_money_out_is_negative() -> None:
    assert only_line(camt(entry(direction="DBIT"))).amount == Money(-10000, "GBP")


@pytest.mark.parametrize(("direction", "minor"), [("CRDT", 10000), ("DBIT", -10000)])
def test_a_reversal_moves_the_way_its_indicator_says(direction: str, minor: int) -> None:
    more = "<RvslInd>true</RvslInd>\n"
    line = only_line(camt(entry(direction=direction, more=more)))
    assert (line.amount.minor, line.raw["reversal"]) == (minor, True)


def test_the_counterparty_of_a_returned_payment_is_who_once_paid() -> None:
    more = "<RvslInd>true</RvslInd>\n"
    party = "<RltdPties><Dbtr><Nm>Payer</Nm></Dbtr><Cdtr><Nm>Us</Nm></Cdtr></RltdPties>"
    line = only_line(camt(entry(direction="DBIT", more=more, details=payment(party))))
    assert line.counterparty_name == "Payer"


def test_the_other_role_is_the_counterparty_where_the_usual_one_is_empty() -> None:
    party = "<RltdPties><Cdtr><Nm>Odd Bank's Payer</Nm></Cdtr>{}</RltdPties>"
    account = "<CdtrAcct><Id><IBAN>GB82 MIDL 4005 1520 4811 23</IBAN></Id></CdtrAcct>"
    line = only_line(camt(entry(details=payment(party.format(account)))))
    assert (line.counterparty_name, line.counterparty_iban) == (
        "Odd Bank's Payer",
        "GB82MIDL40051520481123",
    )


def test_we_are_never_our_own_counterparty() -> None:
    own = f"<CdtrAcct><Id><IBAN>{IBAN}</IBAN></Id></CdtrAcct>"
    party = f"<RltdPties><Cdtr><Nm>Us</Nm></Cdtr>{own}</RltdPties>"
    for direction in ("CRDT", "DBIT"):
        line = only_line(camt(entry(direction=direction, details=payment(party))))
        assert (line.counterparty_name, line.counterparty_iban) == (None, None)


def test_version_eight_puts_names_below_the_party_and_statuses_below_a_code() -> None:
    party = "<RltdPties><Dbtr><Pty><Nm>Ines Marlow</Nm></Pty></Dbtr></RltdPties>"
    content = camt(entry(status="<Cd>BOOK</Cd>", details=payment(party)), message="camt.053.001.08")
    assert only_line(content).counterparty_name == "Ines Marlow"


def test_pending_and_future_entries_are_not_booked() -> None:
    [statement] = read_statements(
        camt(entry(status="PDNG"), entry(status="<Cd>FUTR</Cd>"), entry()), None
    )
    assert [line.booked for line in statement.lines] == [False, False, True]


def test_entries_for_information_are_left_out_and_counted() -> None:
    [statement] = read_statements(camt(entry(status="INFO"), entry(status="INFO"), entry()), None)
    [warning] = statement.warnings
    assert len(statement.lines) == 1
    assert warning.code == "entries_left_out"
    assert warning.detail.endswith(": 2")


def test_one_payment_gives_the_line_its_facts() -> None:
    told = (
        "<Refs><AcctSvcrRef>B1</AcctSvcrRef><EndToEndId>E2E-1</EndToEndId></Refs>"
        f"{PARTY}<RmtInf><Ustrd>Invoice</Ustrd><Ustrd>INV-7</Ustrd>"
        "<Strd><RfrdDocInf><Nb>INV-8</Nb></RfrdDocInf>"
        "<CdtrRefInf><Ref>RF18539007547034</Ref></CdtrRefInf></Strd></RmtInf>"
    )
    line = only_line(camt(entry(details=payment(told))))
    assert line.description == "Invoice INV-7 INV-8"
    assert (line.reference, line.end_to_end_id) == ("RF18539007547034", "E2E-1")
    assert (line.counterparty_iban, line.provider_id) == ("GB82MIDL40051520481123", "B1")
    assert (line.booked_on, line.value_on) == (date(2026, 10, 1), date(2026, 10, 2))


def test_the_entry_reference_of_the_bank_comes_before_the_payment_one() -> None:
    told = "<Refs><AcctSvcrRef>B1</AcctSvcrRef></Refs>"
    more = "<AcctSvcrRef>B0</AcctSvcrRef>"
    assert only_line(camt(entry(details=payment(told), more=more))).provider_id == "B0"


def test_a_placeholder_is_no_reference() -> None:
    told = "<Refs><EndToEndId>NOTPROVIDED</EndToEndId></Refs>"
    line = only_line(camt(entry(details=payment(told), more="<AcctSvcrRef>NONREF</AcctSvcrRef>")))
    assert (line.end_to_end_id, line.provider_id) == (None, None)


def test_a_batch_is_one_line_with_its_payments_kept() -> None:
    batch = "<Btch><NbOfTxs>2</NbOfTxs></Btch>"
    parts = [
        payment(
            f'<Refs><EndToEndId>E{n}</EndToEndId></Refs><Amt Ccy="GBP">{n}0.00</Amt>'
            f"<RltdPties><Dbtr><Nm>Payer {n}</Nm></Dbtr></RltdPties>"
            f"<RmtInf><Ustrd>INV-{n}</Ustrd></RmtInf>"
        )
        for n in (4, 6)
    ]
    more = "<AddtlNtryInf>Collected payments</AddtlNtryInf>"
    line = only_line(camt(entry(details=batch + "".join(parts), more=more)))
    assert (line.amount.minor, line.description) == (10000, "Collected payments")
    assert (line.counterparty_name, line.end_to_end_id) == (None, None)
    assert line.raw["batch"] == {"NbOfTxs": "2"}
    assert [
        (part["amount"], part["currency"], part["counterparty_name"], part["end_to_end_id"])
        for part in line.raw["details"]
    ] == [("40.00", "GBP", "Payer 4", "E4"), ("60.00", "GBP", "Payer 6", "E6")]


def test_what_all_payments_of_a_batch_share_is_the_line_s() -> None:
    line = only_line(camt(entry(details=payment() + payment())))
    assert line.counterparty_name == "Harbour Lights Ltd"


def test_all_else_the_entry_says_stays_in_raw() -> None:
    more = (
        "<BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>RCDT</Cd><SubFmlyCd>ESCT</SubFmlyCd></Fmly></Domn>"
        "</BkTxCd><Odd a='1'>x</Odd><Odd>y</Odd>\n"
    )
    raw = only_line(camt(entry(more=more))).raw
    assert raw["bank_transaction_code"] == {
        "domain": "PMNT",
        "family": "RCDT",
        "subfamily": "ESCT",
        "proprietary": None,
    }
    assert raw["entry"]["Odd"] == [{"@a": "1", "text": "x"}, "y"]
    assert raw["line"] == 6


def test_a_booking_moment_counts_only_with_its_zone() -> None:
    for text, moment in [
        ("2026-10-01T23:30:00+02:00", datetime(2026, 10, 1, 21, 30, tzinfo=UTC)),
        ("2026-10-01T23:30:00", None),
    ]:
        line = only_line(camt(entry(booked=f"<DtTm>{text}</DtTm>")))
        assert (line.booked_on, line.booked_at) == (date(2026, 10, 1), moment)


def test_a_day_may_carry_a_zone() -> None:
    assert only_line(camt(entry(booked="<Dt>2026-10-01Z</Dt>"))).booked_on == date(2026, 10, 1)


def test_a_statement_that_adds_up_raises_no_doubt() -> None:
    balances = balance("OPBD", "10.00") + balance("CLBD", "60.00")
    booked = [entry("100.00"), entry("50.00", direction="DBIT"), entry("9.00", status="PDNG")]
    [statement] = read_statements(camt(*booked, balances=balances), None)
    assert statement.warnings == ()


def test_a_statement_that_does_not_add_up_names_both_sums() -> None:
    balances = balance("OPBD", "10.00") + balance("CLBD", "60.00")
    [statement] = read_statements(camt(entry(), balances=balances), None)
    [warning] = statement.warnings
    assert warning.code == "balance_mismatch"
    assert "110.00 GBP" in warning.detail
    assert "60.00 GBP" in warning.detail


def test_another_currency_than_the_account_s_is_kept_and_warned_of() -> None:
    balances = balance("OPBD", "10.00") + balance("CLBD", "110.00")
    [statement] = read_statements(camt(entry(currency="JPY", amount="5"), balances=balances), None)
    assert statement.lines[0].amount == Money(5, "JPY")
    assert [warning.code for warning in statement.warnings] == ["currency_mismatch"]


def test_an_interim_balance_is_not_summed_up_to() -> None:
    balances = balance("OPBD", "10.00") + balance("ITBD", "999.00")
    [statement] = read_statements(camt(entry(), balances=balances), None)
    assert statement.closing is not None
    assert (statement.closing.type, statement.warnings) == ("ITBD", ())


@pytest.mark.parametrize(
    ("content", "detail"),
    [
        (camt(entry("1.234")), "line 7, field Ntry/Amt: '1.234': GBP has 2 decimals"),
        (camt(entry("NaN")), "line 7, field Ntry/Amt: 'NaN' is not an amount"),
        (camt(entry("-1.00")), "line 7, field Ntry/Amt: '-1.00' is not an amount"),
        (camt(entry("1e3")), "line 7, field Ntry/Amt: '1e3' is not an amount"),
        (camt(entry("1_0")), "line 7, field Ntry/Amt: '1_0' is not an amount"),
        (camt(entry("")), "line 7, field Ntry/Amt: '' is not an amount"),
        (camt(entry("9" * 16)), f"line 7, field Ntry/Amt: '{'9' * 16}': an amount has at most"),
        (camt(entry("1." + "0" * 40 + "1")), "line 7, field Ntry/Amt: '1.0000"),
        (camt(entry(currency="")), "line 7, field Ntry/Amt/@Ccy: is missing"),
        (camt(entry(currency="XXQ")), "line 7, field Ntry/Amt: '100.00': 'XXQ' is not an ISO"),
        (camt(entry(direction="UP")), "line 8, field Ntry/CdtDbtInd: 'UP' is no direction"),
        (camt(entry(status="ODD")), "line 9, field Ntry/Sts: 'ODD' is no status"),
        (
            camt(entry(booked="<Dt>2026-02-30</Dt>")),
            "line 10, field BookgDt/Dt: 2026-02-30 is not a date",
        ),
        (camt(entry(booked="<Dt>soon</Dt>")), "line 10, field BookgDt/Dt: 'soon' is not a date"),
        (camt(entry(booked="<Dt>0001-01-01</Dt>")), "line 10, field BookgDt/Dt: 0001-01-01 is"),
        (
            camt(entry(booked="<DtTm>2026-10-01T25:00:00Z</DtTm>")),
            "line 10, field BookgDt/DtTm: '2026-10-01T25:00:00Z' is no time",
        ),
        (camt(balances=balance("CLBD", "x")), "line 6, field Bal/Amt: 'x' is not an amount"),
        (
            camt(balances=balance("CLBD", "1").replace("CdOrPrtry", "X")),
            "line 6, field Bal/Tp: is missing",
        ),
        (camt(account="<Ccy>GBP</Ccy>"), "line 5, field Acct/Id: is missing"),
        (
            camt(account=f"<Id><IBAN>{IBAN}</IBAN></Id><Ccy>GBX</Ccy>"),
            "line 5, field Acct/Ccy: 'GBX' is not an ISO 4217 currency",
        ),
        (camt().replace(b"Acct>", b"Acc>"), "line 4, field Stmt/Acct: is missing"),
        (camt().replace(b"<Id>S1</Id>", b""), "line 4, field Stmt/Id: is missing"),
        (camt().replace(b"Stmt>", b"Smt>"), "line 2, field Document: holds no BkToCstmrStmt"),
        (b"<Document>\n<BkToCstmrStmt/>\n</Document>", "line 2, field BkToCstmrStmt: holds no"),
    ],
)
def test_names_the_line_and_the_field_of_what_is_wrong(content: bytes, detail: str) -> None:
    assert refused(content).startswith(detail)


@pytest.mark.parametrize("name", ["Amt", "CdtDbtInd", "Sts"])
def test_names_what_an_entry_lacks(name: str) -> None:
    content = camt(entry()).replace(name.encode(), b"Other")
    assert refused(content) == f"line 6, field Ntry/{name}: is missing"


def test_a_truncated_file_is_refused_wherever_it_ends() -> None:
    content = camt(entry(details=payment())).strip()
    for end in range(1, len(content), 7):
        assert refused(content[:end]).startswith("line ")


BOMB = b"""<?xml version="1.0"?>
<!DOCTYPE Document [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>
<Document><BkToCstmrStmt><Stmt><Id>&b;</Id></Stmt></BkToCstmrStmt></Document>"""


def test_a_document_type_is_refused_in_any_encoding() -> None:
    assert refused(BOMB).startswith("line 2, field DOCTYPE:")
    wide = BOMB.decode().replace('version="1.0"', 'version="1.0" encoding="UTF-16"')
    assert "field DOCTYPE:" in refused(wide.encode("utf-16"))


def test_an_external_entity_opens_no_file(tmp_path: object) -> None:
    secret = f"{tmp_path}/secret"
    doctype = f'<!DOCTYPE Document [<!ENTITY x SYSTEM "file://{secret}">]>'.encode()
    content = camt(entry(details=payment("<RmtInf><Ustrd>&x;</Ustrd></RmtInf>")))
    assert "DOCTYPE" in refused(content.replace(b"<Document", doctype + b"<Document"))
    assert refused(content).startswith("line 12, field XML: Entity 'x' not defined")


def test_nesting_without_end_is_refused() -> None:
    assert "field XML" in refused(b"<a>" * 100_000)


def test_bytes_of_another_encoding_are_refused() -> None:
    content = camt(entry(more="<AddtlNtryInf>Café</AddtlNtryInf>\n"))
    assert "field XML" in refused(content.replace("é".encode(), b"\xe9"))
    declared = content.decode().replace('encoding="UTF-8"', 'encoding="ISO-8859-1"')
    assert only_line(declared.encode("latin-1")).description == "Café"
