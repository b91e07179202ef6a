import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.banking.conftest import ACCOUNTS, TRANSACTIONS, Office
from tests.banking.statements.samples import (
    IBAN,
    balance,
    camt,
    entry,
    mt940,
    ofx,
    ofx_line,
    payment,
)
from tests.conftest import Someone

IMPORT = f"{TRANSACTIONS}/import"
EXAMPLE = Path(__file__).parents[2] / "examples" / "statement.camt053.xml"
STATEMENT = camt(
    entry("100.00", details=payment()),
    entry("7.25", direction="DBIT"),
    entry("7.25", direction="DBIT"),
    balances=balance("OPBD", "0.00") + balance("CLBD", "85.50"),
)


async def make_account(client: httpx.AsyncClient, iban: str = IBAN, currency: str = "GBP") -> str:
    body = {"name": "Files", "iban": iban, "currency": currency}
    made = await client.post(ACCOUNTS, json=body)
    assert made.status_code == 201, made.text
    id: str = made.json()["id"]
    return id


async def put(client: httpx.AsyncClient, content: bytes, **form: str) -> httpx.Response:
    return await client.post(IMPORT, files={"file": ("statement.xml", content)}, data=form)


async def test_a_file_fills_the_account_that_it_names(office: Office) -> None:
    account = await make_account(office.client)

    answer = await put(office.client, STATEMENT)

    assert answer.status_code == 200, answer.text
    (told,) = answer.json()["imports"]
    assert (told["account_id"], told["read"], told["added"]) == (account, 3, 3)
    assert told["warnings"] == []
    assert sorted(each["amount_minor"] for each in await office.lines()) == [-725, -725, 10000]
    found = await office.get(f"{ACCOUNTS}/{account}")
    assert {each["amount_minor"] for each in found["balances"]} == {0, 8550}
    (summary,) = await office.events("transactions.imported")
    assert '"count":3' in (summary.data or "")


async def test_a_second_time_it_changes_nothing(office: Office) -> None:
    await make_account(office.client)
    await put(office.client, STATEMENT)
    before = await office.lines()
    events = len(await office.events("transaction.created", "transaction.updated"))

    again = (await put(office.client, STATEMENT)).json()["imports"][0]

    assert (again["added"], again["modified"], again["duplicates"]) == (0, 0, 3)
    assert await office.lines() == before
    assert len(await office.events("transaction.created", "transaction.updated")) == events


async def test_the_same_file_by_many_at_once_counts_once(office: Office) -> None:
    await make_account(office.client)
    answers = await asyncio.gather(*(put(office.client, STATEMENT) for _ in range(6)))

    assert {each.status_code for each in answers} == {200}
    assert sum(each.json()["added"] for each in answers) == len(await office.lines()) == 3


async def test_a_file_and_a_feed_of_one_account_never_both_count(office: Office) -> None:
    office.institution = "KURZBANK_KRZBATWW"
    made = await office.connect()
    iban = made["accounts"][0]["iban"]
    before = await office.lines(status="booked")
    told = [each for each in before if each["booked_on"] == before[0]["booked_on"]]
    day = f"<Dt>{told[0]['booked_on']}</Dt>"
    entries = [
        entry(
            f"{abs(each['amount']):.2f}",
            currency="EUR",
            direction="CRDT" if each["amount"] > 0 else "DBIT",
            booked=day,
        )
        for each in told
    ]
    file = camt(
        *entries,
        entry("98765.43", currency="EUR", booked=f"<Dt>{before[-1]['booked_on']}</Dt>"),
        account=f"<Id><IBAN>{iban}</IBAN></Id><Ccy>EUR</Ccy>",
    )

    (answer,) = (await put(office.client, file)).json()["imports"]

    assert (answer["paired"], answer["added"]) == (len(told), 1)
    assert [each["code"] for each in answer["warnings"]] == ["not_in_feed", "not_in_file"]
    assert len(await office.lines(status="booked")) == len(before) + 1
    await office.refresh(made)
    assert len(await office.lines(status="booked")) == len(before) + 1


async def test_a_broken_file_is_named_and_stores_nothing(office: Office) -> None:
    await make_account(office.client)
    answer = await put(office.client, STATEMENT.replace(b"7.25", b"seven", 1))

    assert (answer.status_code, answer.json()["code"]) == (422, "statement_unreadable")
    assert "line" in answer.json()["detail"]
    assert await office.lines() == []


async def test_a_statement_that_does_not_add_up_is_imported_with_both_sums(office: Office) -> None:
    await make_account(office.client)
    answer = (await put(office.client, STATEMENT.replace(b"85.50", b"86.00"))).json()

    (warning,) = answer["imports"][0]["warnings"]
    assert warning["code"] == "balance_mismatch"
    assert "85.50" in warning["detail"]
    assert "86.00" in warning["detail"]
    assert answer["added"] == 3


async def test_an_account_that_is_not_here_is_named_by_its_iban(
    office: Office, stranger: Someone
) -> None:
    theirs = await make_account(stranger.client)
    unknown = await put(office.client, STATEMENT)
    foreign = await put(office.client, STATEMENT, account_id=theirs)

    assert (unknown.status_code, unknown.json()["code"]) == (422, "unknown_statement_account")
    assert IBAN in unknown.json()["detail"]
    assert foreign.status_code == 422
    assert foreign.json()["errors"][0]["pointer"] == "/account_id"
    assert (await stranger.client.get(TRANSACTIONS)).json()["data"] == []


async def test_a_file_does_not_go_into_another_account(office: Office) -> None:
    other = await make_account(office.client, "DE89370400440532013000")
    answer = await put(office.client, STATEMENT, account_id=other)

    assert answer.json()["code"] == "unknown_statement_account"
    assert await office.lines() == []


async def test_mt940_goes_where_the_caller_says(office: Office) -> None:
    account = await make_account(office.client, "DE89370400440532013000", "EUR")
    file = mt940(
        ":61:2610011001C10,00NTRFNONREF",
        ":86:Invoice 7",
        account="12345678",
        closing="C261002EUR1010,00",
    )
    answer = await put(office.client, file, account_id=account)

    assert answer.json()["format"] == "mt940", answer.text
    assert [each["amount_minor"] for each in await office.lines()] == [1000]


async def test_the_example_of_the_project_imports_whole(office: Office) -> None:
    missing = (await put(office.client, EXAMPLE.read_bytes())).json()["detail"]
    iban = missing.split("of ")[1].split(":")[0]
    await make_account(office.client, iban)
    answer = await put(office.client, EXAMPLE.read_bytes())

    assert answer.status_code == 200
    assert answer.json()["added"] == len(await office.lines()) > 0


@pytest.mark.parametrize(("size", "status"), [(2, 422), (21, 413)], ids=["2 MiB", "21 MiB"])
async def test_files_may_have_20_mib(office: Office, size: int, status: int) -> None:
    answer = await put(office.client, b" " * (size * 1024 * 1024))
    assert answer.status_code == status


async def test_an_import_under_an_idempotency_key_answers_the_same_again(office: Office) -> None:
    await make_account(office.client)
    sent: dict[str, Any] = {"files": {"file": ("a.xml", STATEMENT)}}
    key = {"Idempotency-Key": "import-1"}
    first = await office.client.post(IMPORT, headers=key, **sent)
    again = await office.client.post(IMPORT, headers=key, **sent)

    assert first.json() == again.json()
    assert again.headers["Idempotent-Replayed"] == "true"


async def test_an_id_that_a_later_download_gives_anew_names_another_line(office: Office) -> None:
    """Some banks number the lines of each download from one; the same is paid every week."""
    account = await make_account(office.client)

    for day in ("20261001", "20261008"):
        content = ofx(ofx_line("-2.50", day=day, fitid="1"))
        answer = await put(office.client, content, account_id=account)
        assert answer.json()["added"] == 1, answer.text

    days = [each["booked_on"] for each in await office.lines()]
    assert days == ["2026-10-08", "2026-10-01"]


async def test_a_file_in_another_currency_than_the_accounts_is_refused(office: Office) -> None:
    account = await make_account(office.client, currency="EUR")

    answer = await put(office.client, ofx(ofx_line(), currency="USD"), account_id=account)

    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_statement_account")
    assert answer.json()["errors"][0]["detail"] == "The file is in USD, the account is in EUR."
    assert await office.lines() == []


async def test_a_file_may_be_named_anyhow(office: Office) -> None:
    await make_account(office.client)
    part = b'Content-Disposition: form-data; name="file"; filename="a\0b.xml"'
    body = b"--X\r\n" + part + b"\r\n\r\n" + STATEMENT + b"\r\n--X--\r\n"

    kind = {"Content-Type": "multipart/form-data; boundary=X"}
    answer = await office.client.post(IMPORT, content=body, headers=kind)

    assert answer.status_code == 200, answer.text
    (record,) = (await office.get(f"{TRANSACTIONS}/imports"))["data"]
    assert record["file_name"] == "ab.xml"


async def test_an_account_made_by_many_at_once_is_one(office: Office) -> None:
    for body in ({"iban": IBAN, "currency": "GBP"}, {"other_id": "12345678", "currency": "GBP"}):
        asked = [office.client.post(ACCOUNTS, json={"name": "A", **body}) for _ in range(5)]
        answers = await asyncio.gather(*asked)
        assert sorted(each.status_code for each in answers) == [201, 409, 409, 409, 409]
