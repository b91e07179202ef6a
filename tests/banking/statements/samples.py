"""Small statements, whole but for what a test changes."""

IBAN = "GB33BUKB20201555555555"

PARTY = """
<RltdPties>
  <Dbtr><Nm>Harbour Lights Ltd</Nm></Dbtr>
  <DbtrAcct><Id><IBAN>GB82MIDL40051520481123</IBAN></Id></DbtrAcct>
  <Cdtr><Nm>Us</Nm></Cdtr>
  <CdtrAcct><Id><IBAN>GB33BUKB20201555555555</IBAN></Id></CdtrAcct>
</RltdPties>
"""


def payment(inner: str = PARTY) -> str:
    return f"<TxDtls>{inner}</TxDtls>"


def entry(  # one argument for each thing an entry says
    amount: str = "100.00",
    *,
    currency: str = "GBP",
    direction: str = "CRDT",
    status: str = "BOOK",
    booked: str = "<Dt>2026-10-01</Dt>",
    details: str = "",
    more: str = "",
) -> str:
    return (
        f'<Ntry>\n<Amt Ccy="{currency}">{amount}</Amt>\n<CdtDbtInd>{direction}</CdtDbtInd>\n{more}'
        f"<Sts>{status}</Sts>\n<BookgDt>{booked}</BookgDt>\n<ValDt><Dt>2026-10-02</Dt></ValDt>\n"
        f"<NtryDtls>{details}</NtryDtls>\n</Ntry>\n"
    )


def balance(kind: str, amount: str, currency: str = "GBP", direction: str = "CRDT") -> str:
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp>"
        f'<Amt Ccy="{currency}">{amount}</Amt><CdtDbtInd>{direction}</CdtDbtInd>'
        "<Dt><Dt>2026-10-01</Dt></Dt></Bal>\n"
    )


def camt(
    *entries: str,
    balances: str = "",
    account: str = f"<Id><IBAN>{IBAN}</IBAN></Id><Ccy>GBP</Ccy>",
    message: str = "camt.053.001.02",
) -> bytes:
    """The first entry begins on line 6, its amount stands on line 7; each balance adds a line."""
    wrapper, part = ("BkToCstmrAcctRpt", "Rpt") if ".052." in message else ("BkToCstmrStmt", "Stmt")
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:{message}">\n<{wrapper}>\n<{part}>\n'
        f"<Id>S1</Id><Acct>{account}</Acct>\n"
        f"{balances}{''.join(entries)}</{part}>\n</{wrapper}>\n</Document>\n"
    ).encode()


def mt940(
    *rows: str,
    opening: str = "C261001EUR1000,00",
    closing: str | None = "C261002EUR1000,00",
    account: str = "NL71RABO0123456789",
) -> bytes:
    """The first of `rows` stands on line 5."""
    head = [":20:REF1", f":25:{account}", ":28C:7/1", f":60F:{opening}"]
    tail = [] if closing is None else [f":62F:{closing}", "-"]
    return "\n".join([*head, *rows, *tail, ""]).encode()


def ofx_line(
    amount: str = "-12.50",
    *,
    day: str = "20261001",
    name: str = "Harbour Foods",
    memo: str = "Invoice 42",
    fitid: str = "F1",
    more: str = "",
) -> list[tuple[str, str]]:
    """The texts of one STMTTRN; `more` is put behind them as it is."""
    told = [("TRNTYPE", "OTHER"), ("DTPOSTED", day), ("TRNAMT", amount), ("FITID", fitid)]
    told += [("NAME", name), ("MEMO", memo)]
    return [each for each in told if each[1]] + ([("", more)] if more else [])


def ofx(
    *lines: list[tuple[str, str]],
    xml: bool = True,
    currency: str = "GBP",
    account: str = "12345678",
    balance: str = "87.50",
) -> bytes:
    """The first STMTTRN begins on line 9 of an XML file, on line 17 of an SGML file."""

    def text(name: str, value: str) -> str:
        if not name:
            return value
        return f"<{name}>{value}</{name}>" if xml else f"<{name}>{value}"

    heads = ["OFXHEADER:100", "DATA:OFXSGML", "VERSION:102", "SECURITY:NONE", "ENCODING:USASCII"]
    heads += ["CHARSET:1252", "COMPRESSION:NONE", "OLDFILEUID:NONE", "NEWFILEUID:NONE", ""]
    head = ['<?xml version="1.0" encoding="UTF-8"?>', '<?OFX OFXHEADER="200" VERSION="211"?>']
    rows = [
        *(head if xml else heads),
        "<OFX><BANKMSGSRSV1><STMTTRNRS>",
        "<STATUS>" + text("CODE", "0") + text("SEVERITY", "INFO") + "</STATUS>",
        "<STMTRS>" + text("CURDEF", currency),
        "<BANKACCTFROM>" + text("BANKID", "1") + text("ACCTID", account) + "</BANKACCTFROM>",
        "<BANKTRANLIST>" + text("DTSTART", "20261001") + text("DTEND", "20261031"),
        "",
    ]
    for line in lines:
        rows += ["<STMTTRN>", *(text(name, value) for name, value in line), "</STMTTRN>"]
    rows += ["</BANKTRANLIST>", "<LEDGERBAL>" + text("BALAMT", balance), text("DTASOF", "20261031")]
    rows += ["</LEDGERBAL>", "</STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>", ""]
    return "\n".join(rows).encode("utf-8" if xml else "cp1252")
