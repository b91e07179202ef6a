"""What a folder's files are taken for, and how what can't be read is named."""

import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from payymo_api.backtest.errors import Unusable
from payymo_api.backtest.folder import read_folder
from payymo_api.backtest.past import Past
from payymo_api.backtest.tables import Choices
from payymo_api.reconciliation.rules.values import Discount

IBAN = "GB33BUKB20201555555555"
BANK = f"""Account;{IBAN}
Booking date;Payer;Details;Amount;Balance;Transaction id
2026-03-02;ALDER LTD;INV-1;100.50;100.50;T-1
2026-03-02;ALDER LTD;INV-1;100.50;201.00;T-2
2026-03-14;;Card fee;-3.00;198.00;T-3
"""
INVOICES = """Invoice no,Invoice date,Amount,Currency,Customer
INV-1,2026-02-27,100.50,GBP,Alder Ltd
"""


def read(folder: Path, files: Mapping[str, str | bytes], choices: Choices | None = None) -> Past:
    for name, content in ({"bank.csv": BANK, "invoices.csv": INVOICES} | dict(files)).items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_folder(folder, choices or Choices())


def refusal(folder: Path, files: Mapping[str, str]) -> str:
    with pytest.raises(Unusable) as caught:
        read(folder, files)
    return str(caught.value)


def test_statements_and_invoices_make_a_past(tmp_path: Path) -> None:
    past = read(tmp_path, {"notes.pdf": "x", ".hidden.csv": "x"})
    (document,) = past.books.documents
    assert (document.number, document.amount, document.open) == ("INV-1", 10050, 10050)
    assert document.issued_on == date(2026, 2, 27)
    assert [(each.amount, each.currency) for each in past.lines] == [
        (10050, "GBP"),
        (10050, "GBP"),
        (-300, "GBP"),
    ]
    assert past.own_accounts == {IBAN}
    assert [each.names for each in past.books.customers] == [("Alder Ltd",)]
    assert [(each.name, each.kind) for each in past.files] == [
        ("bank.csv", "csv"),
        ("invoices.csv", "invoices"),
        ("notes.pdf", "not read"),
    ]
    assert past.files[1].columns["issued_on"] == "Invoice date"


@pytest.mark.parametrize(
    ("file", "header", "row"),
    [
        (
            "Rechnungen.csv",
            "Rechnungsnummer;Rechnungsdatum;Fällig am;Nettobetrag;Bruttobetrag;Währung;Kundenname",
            "INV-1;27.02.2026;13.03.2026;84,45;100,50;GBP;Alder",
        ),
        (
            "factures.csv",
            "N° facture;Date de facture;Échéance;Montant HT;Montant TTC;Devise;Nom du client",
            "INV-1;27/02/2026;13/03/2026;84,45;100,50;GBP;Alder",
        ),
        (
            "facturen.csv",
            "Factuurnummer;Factuurdatum;Vervaldatum;Bedrag excl. btw;Bedrag;Munt;Klantnaam",
            "INV-1;27-02-2026;13-03-2026;84,45;100,50;GBP;Alder",
        ),
        ("facturas.csv", "Número de factura;Fecha de emisión;Vencimiento;Importe;Divisa;Cliente",
         "INV-1;27/02/2026;13/03/2026;100,50;GBP;Alder"),
        ("fatture.csv", "Numero fattura;Data fattura;Scadenza;Importo;Divisa;Cliente",
         "INV-1;27/02/2026;13/03/2026;100,50;GBP;Alder"),
        ("fakturor.csv", "Fakturanummer;Fakturadatum;Förfallodatum;Belopp;Valuta;Kundnamn",
         "INV-1;2026-02-27;2026-03-13;100,50;GBP;Alder"),
    ],
)  # fmt: skip
def test_headers_of_many_languages_are_guessed(
    tmp_path: Path, file: str, header: str, row: str
) -> None:
    (tmp_path / file).write_text(f"{header}\n{row}\n", encoding="utf-8")
    (tmp_path / "bank.csv").write_text(BANK)
    (document,) = (past := read_folder(tmp_path, Choices())).books.documents
    assert (document.number, document.amount, document.currency) == ("INV-1", 10050, "GBP")
    assert (document.issued_on, document.due_on) == (date(2026, 2, 27), date(2026, 3, 13))
    assert past.books.customers[0].names == ("Alder",)


def test_json_may_be_nested_and_name_minor_units(tmp_path: Path) -> None:
    invoice = {
        "number": "J-1", "issuedOn": "2026-02-01T10:00:00Z", "amount_minor": 5000,
        "currency": "GBP", "kind": "credit_note", "discount": {"percent": 2.5, "days": 10},
        "collection_method": None,
        "creditor_reference": "RF18539007547034", "po_number": "PO 7", "customer_id": "c1",
    }  # fmt: skip
    past = read(
        tmp_path,
        {
            "more_invoices.json": json.dumps({"data": [invoice]}),
            "customers.jsonl": json.dumps(
                {"id": "c1", "name": "Birch", "iban": ["GB94BARC10201530093459"]}
            ),
        },
    )
    document = next(each for each in past.books.documents if each.number == "J-1")
    assert (document.kind, document.amount) == ("credit_note", 5000)
    assert document.issued_on == date(2026, 2, 1)
    assert document.discount == Discount(Decimal("2.5"), 10)
    assert document.creditor_reference == "RF18539007547034"
    (birch,) = (each for each in past.books.customers if each.id == document.customer)
    assert (birch.names, birch.accounts) == (("Birch",), ("GB94BARC10201530093459",))


def test_a_credit_note_is_one_by_its_file_its_kind_or_its_sign(tmp_path: Path) -> None:
    header = "Number,Date,Amount,Type\n"
    past = read(
        tmp_path,
        {
            "gutschriften.csv": f"{header}C-1,2026-03-01,5.00,\n",
            "invoices.csv": f"{header}C-2,2026-03-01,5.00,Credit note\nC-3,2026-03-01,-5.00,\n"
            "I-1,2026-03-01,5.00,Invoice\n",
        },
        Choices(currency="GBP"),
    )
    kinds = {each.number: (each.kind, each.amount) for each in past.books.documents}
    assert kinds == {
        "C-1": ("credit_note", 500),
        "C-2": ("credit_note", 500),
        "C-3": ("credit_note", 500),
        "I-1": ("invoice", 500),
    }


def test_files_that_tell_the_same_days_count_each_line_once(tmp_path: Path) -> None:
    later = "\n".join([*BANK.splitlines()[:2], BANK.splitlines()[-1],
                       "2026-03-20;BIRCH;INV-9;7.00;205.00;T-4", ""])  # fmt: skip
    past = read(tmp_path, {"statements/later.csv": later})
    assert [each.amount for each in past.lines] == [10050, 10050, -300, 700]
    assert len({each.id for each in past.lines}) == 4


def test_advices_of_single_entries_are_left_aside(tmp_path: Path) -> None:
    advice = (
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.054.001.08"><BkToCstmrDbtCdtNtfctn/>'
    )
    past = read(tmp_path, {"054.xml": advice})
    assert [each.kind for each in past.files if each.name == "054.xml"] == ["not read"]


@pytest.mark.parametrize("column", ["Paid with", "matched", "settled_by"])
def test_the_past_is_known_by_a_column_of_the_invoices(tmp_path: Path, column: str) -> None:
    invoices = INVOICES.replace("Customer\n", f"Customer,{column}\n").replace(
        "Alder Ltd\n", "Alder Ltd,T-1; T-9\n"
    )
    past = read(tmp_path, {"invoices.csv": invoices})
    assert past.known == {past.lines[0].id: (past.books.documents[0].id,)}
    assert past.warnings == ("1 known payments name no bank line of these statements, or several",)


def test_the_past_is_known_by_a_file_that_names_lines_or_days(tmp_path: Path) -> None:
    confirmed = (
        "Bank reference,Booked on,Amount,Invoices\nT-2,,,INV-1\n,2026-03-14,-3.00,\n"
        "T-1,,,INV-77\n,2026-03-02,100.50,INV-1\n"
    )
    past = read(tmp_path, {"confirmed.csv": confirmed})
    first, second, fee = (each.id for each in past.lines)
    assert past.known == {second: (past.books.documents[0].id,), fee: ()}
    assert first not in past.known
    assert len(past.warnings) == 2


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"invoices.csv": INVOICES.replace("100.50", "a lot")},
         "invoices.csv, row 2, column 'Amount': 'a lot' is not an amount"),
        ({"invoices.csv": INVOICES.replace("2026-02-27", "2026-02-31")},
         "invoices.csv, row 2, column 'Invoice date': '2026-02-31' is not a date (dmy)"),
        ({"invoices.csv": INVOICES.replace("GBP", "XXX")},
         "invoices.csv, row 2, column 'Currency': 'XXX' is not an ISO 4217 currency"),
        ({"invoices.csv": INVOICES.replace("INV-1", "")},
         "invoices.csv, row 2, column 'Invoice no': is empty"),
        ({"invoices.csv": INVOICES + INVOICES.splitlines()[1]},
         "invoices.csv, row 3, column 'Invoice no': 'INV-1' stands twice"),
        ({"invoices.csv": INVOICES.replace("Amount", "Sum of it")},
         "invoices.csv: no column names the amount; its columns are Invoice no, Invoice date"),
        ({"invoices.csv": INVOICES.replace("2026-02-27", "03/02/2026")},
         "invoices.csv: '03/02/2026' and all its dates can be read as dmy or mdy: say --date"),
        ({"bank.csv": BANK.replace("2026-03-02", "02/03/2026").replace("2026-03-14", "4/3/2026")},
         "bank.csv: line 3, field Booking date: '02/03/2026' and its column can be read as 'dmy'"),
        ({"bank.csv": BANK.replace("2026-03-14", "soon")},
         "bank.csv: line 5, field Booking date: 'soon' is not a date"),
        ({"invoices.json": '[{"number": 1}, 7]'}, "invoices.json, row 2: is not an object"),
        ({"invoices.json": "{"}, "invoices.json: is no JSON"),
        ({"invoices.json": "[" * 200_000}, "invoices.json: is no JSON"),
        ({"a.mt940": ":20:X\n:25:1\n"}, "a.mt940: line"),
        ({"confirmed.csv": "Invoices,Amount\nINV-1,5.00\n"},
         "confirmed.csv: no column names the booked on"),
    ],
)  # fmt: skip
def test_what_can_not_be_read_is_named_by_file_row_and_column(
    tmp_path: Path, files: dict[str, str], said: str
) -> None:
    assert refusal(tmp_path, files).startswith(said)


def test_a_currency_that_nobody_names_is_asked_for(tmp_path: Path) -> None:
    invoices = "Number,Date,Amount\nI-1,2026-03-01,5.00\n"
    assert refusal(tmp_path, {"invoices.csv": invoices}).endswith("say --currency")
    past = read(tmp_path, {}, Choices(currency="CHF"))
    assert {each.currency for each in past.lines} == {"CHF"}


def test_what_the_caller_says_holds_only_where_a_file_leaves_it_open(tmp_path: Path) -> None:
    invoices = 'Number,Date,Amount,Currency\nI-1,03/02/2026,"1,234",KWD\n'
    with pytest.raises(Unusable, match="say --decimal"):
        read(tmp_path, {"invoices.csv": invoices}, Choices(date_order="mdy"))
    past = read(tmp_path, {"invoices.csv": invoices}, Choices(date_order="mdy", decimal=","))
    assert past.books.documents[0].issued_on == date(2026, 3, 2)
    assert past.books.documents[0].amount == 1234
    assert past.lines[0].booked_on == date(2026, 3, 2)


def test_a_statement_is_one_whatever_else_its_name_says(tmp_path: Path) -> None:
    later = BANK.replace("2026-03-14", "2026-03-15").replace("T-3", "T-4")
    past = read(tmp_path, {"client statements 2026.csv": later})
    assert len(past.lines) == 4


@pytest.mark.parametrize("name", ["invoices.csv", "bank.csv"])
def test_a_folder_without_statements_or_invoices_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(INVOICES if name == "invoices.csv" else BANK)
    with pytest.raises(Unusable, match=r"holds no (bank statement|invoices)"):
        read_folder(tmp_path, Choices())
