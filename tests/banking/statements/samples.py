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
