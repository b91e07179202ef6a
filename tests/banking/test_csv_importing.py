"""CSV files over HTTP: shown first, confirmed once, then read."""

import json
from typing import Any

import httpx
import pytest

from tests.banking.conftest import ACCOUNTS, TRANSACTIONS, Office
from tests.banking.statements.samples import camt, entry
from tests.banking.test_importing import make_account, put
from tests.conftest import Someone

PREVIEW = f"{TRANSACTIONS}/import/preview"
IBAN = "DE89370400440532013000"
FILE = b"""Konto;DE89 3704 0044 0532 0130 00
Buchungstag;Betrag;Verwendungszweck;Saldo
13.10.2026;-34,50;=1+1;765,50
15.10.2026;1.234,50;Rechnung 42;2.000,00
"""


async def show(client: httpx.AsyncClient, content: bytes, **form: str) -> dict[str, Any]:
    answer = await client.post(PREVIEW, files={"file": ("a.csv", content)}, data=form)
    assert answer.status_code == 200, answer.text
    return answer.json()  # type: ignore[no-any-return]  # JSON


async def test_a_preview_shows_the_guess_and_stores_nothing(office: Office) -> None:
    account = await make_account(office.client, IBAN, "EUR")

    shown = await show(office.client, FILE)

    assert (shown["format"], shown["account_id"]) == ("csv", account)
    assert shown["mapping_source"] == "guessed"
    assert shown["mapping"]["booked_on"] == "Buchungstag"
    assert (shown["read"], shown["questions"], shown["problems"]) == (2, [], [])
    assert [line["amount"] for line in shown["lines"]] == [-34.5, 1234.5]
    assert shown["lines"][0]["currency"] == "EUR"
    assert shown["columns"][1] == {"name": "Betrag", "samples": ["-34,50", "1.234,50"]}
    assert {"date_order", "amount"} <= {reason["field"] for reason in shown["reasons"]}
    assert await office.lines() == []
    assert (await office.get(f"{TRANSACTIONS}/imports"))["data"] == []


async def test_a_guess_is_never_applied_unconfirmed(office: Office) -> None:
    await make_account(office.client, IBAN, "EUR")

    answer = await put(office.client, FILE)

    assert (answer.status_code, answer.json()["code"]) == (422, "mapping_needed")
    assert answer.json()["errors"][0]["pointer"] == "/mapping"
    assert await office.lines() == []


async def test_a_confirmed_mapping_is_used_and_kept_for_files_of_the_same_columns(
    office: Office,
) -> None:
    account = await make_account(office.client, IBAN, "EUR")
    mapping = (await show(office.client, FILE))["mapping"]

    first = await put(office.client, FILE, mapping=json.dumps(mapping))
    saved = await office.get(f"{ACCOUNTS}/{account}/csv_mapping")
    more = FILE + b"16.10.2026;-0,50;Porto;1.999,50\n"
    second = await put(office.client, more)
    other = await put(office.client, FILE.replace(b"Saldo", b"Stand"), account_id=account)

    assert first.json()["added"] == 2, first.text
    assert saved["mapping"] == mapping
    assert saved["columns"] == ["Buchungstag", "Betrag", "Verwendungszweck", "Saldo"]
    assert second.json()["imports"][0]["added"] == 1, second.text
    assert second.json()["imports"][0]["duplicates"] == 2
    assert other.json()["code"] == "mapping_needed"
    assert (await show(office.client, more))["mapping_source"] == "saved"
    lines = await office.lines()
    assert sorted(line["amount_minor"] for line in lines) == [-3450, -50, 123450]
    assert "=1+1" in {line["description"] for line in lines}
    balances = (await office.get(f"{ACCOUNTS}/{account}"))["balances"]
    assert {each["amount_minor"] for each in balances} == {80000, 199950}


async def test_a_saved_mapping_can_be_forgotten(office: Office) -> None:
    account = await make_account(office.client, IBAN, "EUR")
    mapping = (await show(office.client, FILE))["mapping"]
    await put(office.client, FILE, mapping=json.dumps(mapping))

    gone = await office.client.delete(f"{ACCOUNTS}/{account}/csv_mapping")

    assert gone.status_code == 204
    assert (await office.client.get(f"{ACCOUNTS}/{account}/csv_mapping")).status_code == 404
    assert (await put(office.client, FILE)).json()["code"] == "mapping_needed"


async def test_a_mapping_of_another_tenant_is_not_there(office: Office, stranger: Someone) -> None:
    theirs = await make_account(stranger.client, IBAN, "EUR")
    mapping = (await show(stranger.client, FILE))["mapping"]
    await put(stranger.client, FILE, mapping=json.dumps(mapping))
    await make_account(office.client, IBAN, "EUR")

    answer = await office.client.get(f"{ACCOUNTS}/{theirs}/csv_mapping")

    assert answer.status_code == 404
    assert (await put(office.client, FILE)).json()["code"] == "mapping_needed"


async def test_what_is_open_is_asked_and_the_answer_can_be_tried(office: Office) -> None:
    account = await make_account(office.client, IBAN, "EUR")
    content = b"Date,Amount,Text\n01/02/2026,-5.00,a\n"

    asked = await show(office.client, content, account_id=account)
    mapping = asked["mapping"]
    refused = await put(
        office.client, content, account_id=account, mapping=json.dumps(asked["mapping"])
    )
    tried = await show(
        office.client,
        content,
        account_id=account,
        mapping=json.dumps(mapping | {"date_order": "mdy"}),
    )

    assert [each["field"] for each in asked["questions"]] == ["date_order"]
    assert asked["lines"] == []
    assert "date_order" in asked["problems"][0]
    assert (refused.status_code, refused.json()["code"]) == (422, "statement_unreadable")
    assert (tried["mapping_source"], tried["lines"][0]["booked_on"]) == ("given", "2026-01-02")


async def test_a_file_whose_account_is_unknown_is_shown_without_a_currency(office: Office) -> None:
    shown = await show(office.client, FILE)
    answer = await put(office.client, FILE, mapping=json.dumps(shown["mapping"]))

    assert (shown["account_id"], shown["lines"][0]["currency"]) == (None, None)
    assert answer.json()["code"] == "unknown_statement_account"
    assert answer.json()["errors"][0]["pointer"] == "/account_id"


async def test_a_file_of_another_account_is_refused(office: Office) -> None:
    other = await make_account(office.client, "GB33BUKB20201555555555", "EUR")
    mapping = (await show(office.client, FILE, account_id=other))["mapping"]

    answer = await put(office.client, FILE, account_id=other, mapping=json.dumps(mapping))

    assert answer.json()["code"] == "unknown_statement_account"
    assert (await office.client.get(f"{ACCOUNTS}/{other}/csv_mapping")).status_code == 404


@pytest.mark.parametrize(
    ("mapping", "status", "pointer"),
    [
        ({"booked_on": "Tag"}, 422, "/mapping/booked_on"),
        ({"no_such_field": 1}, 422, "/mapping/no_such_field"),
        ({"delimiter": "x"}, 422, "/mapping/delimiter"),
        ({"amount": None}, 422, "/mapping"),
        ({"debit": "Betrag"}, 422, "/mapping"),
        ({"direction": "Saldo"}, 422, "/mapping"),
        ("{", 400, None),
    ],
)
async def test_a_mapping_that_is_wrong_is_refused_by_its_field(
    office: Office, mapping: dict[str, Any] | str, status: int, pointer: str | None
) -> None:
    await make_account(office.client, IBAN, "EUR")
    right = (await show(office.client, FILE))["mapping"]
    sent = mapping if isinstance(mapping, str) else json.dumps(right | mapping)

    answer = await put(office.client, FILE, mapping=sent)

    assert answer.status_code == status, answer.text
    assert pointer is None or answer.json()["errors"][0]["pointer"] == pointer
    assert await office.lines() == []


async def test_a_broken_row_is_named_with_its_column_and_stores_nothing(office: Office) -> None:
    account = await make_account(office.client, IBAN, "EUR")
    mapping = (await show(office.client, FILE))["mapping"]
    broken = FILE.replace(b"-34,50", b"much").replace(b"15.10.2026", b"35.10.2026")

    shown = await show(office.client, broken, mapping=json.dumps(mapping))
    answer = await put(office.client, broken, mapping=json.dumps(mapping))

    details = [error["detail"] for error in answer.json()["errors"]]
    assert details == shown["problems"]
    assert details[0] == "line 3, field Betrag: 'much' is not an amount"
    assert details[1].startswith("line 4, field Buchungstag: '35.10.2026' is not a date")
    assert await office.lines() == []
    assert (await office.client.get(f"{ACCOUNTS}/{account}/csv_mapping")).status_code == 404


async def test_other_formats_are_shown_too_and_take_no_mapping(office: Office) -> None:
    account = await make_account(office.client)
    content = camt(entry("100.00"))
    mapping = '{"delimiter": ";", "booked_on": "a", "amount": "b"}'

    shown = await show(office.client, content)
    refused = await put(office.client, content, mapping=mapping)

    assert (shown["format"], shown["account_id"], shown["mapping"]) == ("camt", account, None)
    assert (shown["read"], shown["lines"][0]["amount"]) == (1, 100.0)
    assert refused.json()["code"] == "mapping_misfit"
    assert await office.lines() == []
