"""What is kept of each import, and who may see it."""

import hashlib

from payymo_api.core.types import new_id, public_id
from tests.banking.conftest import TRANSACTIONS, Office
from tests.banking.statements.samples import balance, camt, entry, ofx, ofx_line
from tests.banking.test_importing import STATEMENT, make_account, put
from tests.conftest import Someone

IMPORTS = f"{TRANSACTIONS}/imports"


async def test_an_import_can_be_read_later_as_it_was_answered(office: Office) -> None:
    account = await make_account(office.client)
    (answered,) = (await put(office.client, STATEMENT)).json()["imports"]

    (listed,) = (await office.get(IMPORTS))["data"]
    found = await office.get(f"{IMPORTS}/{answered['run_id']}")

    assert found == listed
    assert {name: found[name] for name in answered} == answered
    assert found["id"] == answered["run_id"]
    assert (found["account_id"], found["read"], found["added"]) == (account, 3, 3)
    assert (found["format"], found["file_name"]) == ("camt", "statement.xml")
    assert found["digest"] == hashlib.sha256(STATEMENT).hexdigest()
    keys = (await office.get("/api/v1/api_keys"))["data"]
    assert found["key_id"] in {key["id"] for key in keys}
    assert found["same_file_as"] is None


async def test_the_very_same_bytes_are_recognised_and_name_the_first_import(
    office: Office,
) -> None:
    await make_account(office.client)
    first, second, third = [
        (await put(office.client, STATEMENT)).json()["imports"][0] for _ in range(3)
    ]
    other = (await put(office.client, STATEMENT + b"\n")).json()["imports"][0]

    assert first["same_file_as"] is None
    assert second["same_file_as"] == third["same_file_as"] == first["run_id"]
    assert (second["added"], second["duplicates"]) == (0, 3)
    assert other["same_file_as"] is None


async def test_imports_are_listed_newest_first_and_by_account(office: Office) -> None:
    account = await make_account(office.client)
    await make_account(office.client, "DE89370400440532013000")
    other = STATEMENT.replace(b"GB33BUKB20201555555555", b"DE89370400440532013000")
    runs = []
    for content in (STATEMENT, other, STATEMENT + b"\n"):
        answer = (await put(office.client, content)).json()
        runs.append(answer["imports"][0]["run_id"])

    page = await office.get(IMPORTS, limit=2)
    rest = await office.get(IMPORTS, limit=2, cursor=page["next_cursor"])
    narrowed = await office.get(IMPORTS, account_id=account)

    assert [each["id"] for each in page["data"] + rest["data"]] == runs[::-1]
    assert [each["id"] for each in narrowed["data"]] == [runs[2], runs[0]]


async def test_a_run_of_a_feed_is_no_import_and_a_strangers_is_not_there(
    office: Office, stranger: Someone
) -> None:
    made = await office.connect()
    (run, *_) = await office.runs(made)
    await make_account(stranger.client)
    theirs = (await put(stranger.client, STATEMENT)).json()["imports"][0]["run_id"]

    assert (await office.get(IMPORTS))["data"] == []
    for id in (run["id"], theirs, public_id("run", new_id())):
        assert (await office.client.get(f"{IMPORTS}/{id}")).status_code == 404


async def test_a_warning_stays_with_the_import(office: Office) -> None:
    await make_account(office.client)
    content = camt(entry("100.00"), balances=balance("OPBD", "0.00") + balance("CLBD", "85.50"))
    answered = (await put(office.client, content)).json()["imports"][0]

    found = await office.get(f"{IMPORTS}/{answered['run_id']}")

    assert [each["code"] for each in found["warnings"]] == ["balance_mismatch"]


async def test_a_refused_file_leaves_no_record(office: Office) -> None:
    await make_account(office.client)
    await put(office.client, STATEMENT.replace(b"7.25", b"seven", 1))

    assert (await office.get(IMPORTS))["data"] == []


async def test_a_file_of_several_accounts_does_not_go_into_one(office: Office) -> None:
    account = await make_account(office.client)
    one, two = ofx(ofx_line(), account="1"), ofx(ofx_line("-1"), account="2")
    start, end = b"<STMTTRNRS>", b"</STMTTRNRS>"
    second = two[two.index(start) : two.index(end) + len(end)]
    both = one.replace(end, end + second)
    quiet = one.replace(end, end + ofx(account="2")[two.index(start) :].partition(end)[0] + end)

    refused = await put(office.client, both, account_id=account)
    taken = await put(office.client, quiet, account_id=account)

    assert refused.json()["code"] == "unknown_statement_account"
    assert "several accounts" in refused.json()["detail"]
    assert taken.json()["added"] == 1, taken.text


async def test_an_ofx_file_fills_its_account_and_tells_its_balance(office: Office) -> None:
    account = await make_account(office.client)
    answer = await put(office.client, ofx(ofx_line(), ofx_line("100")), account_id=account)

    assert (answer.json()["format"], answer.json()["added"]) == ("ofx", 2), answer.text
    assert sorted(each["amount_minor"] for each in await office.lines()) == [-1250, 10000]
    (told,) = (await office.get(f"/api/v1/bank_accounts/{account}"))["balances"]
    assert (told["type"], told["amount_minor"]) == ("LEDGERBAL", 8750)
