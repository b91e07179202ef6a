import json
from typing import Any

import pytest

from payymo_api.banking.service import rules as service
from tests.banking.conftest import TRANSACTIONS, Office
from tests.banking.statements.samples import camt, entry
from tests.banking.test_importing import make_account, put
from tests.conftest import Someone

RULES = "/api/v1/category_rules"
MEMORIES = "/api/v1/category_memories"


def spent(
    on: str,
    name: str,
    minor: str = "10.00",
    *,
    day: str = "2026-10-01",
    iban: str = "",
    direction: str = "DBIT",
) -> str:
    """A line with a text and a counterparty."""
    other = "Cdtr" if direction == "DBIT" else "Dbtr"
    account = f"<{other}Acct><Id><IBAN>{iban}</IBAN></Id></{other}Acct>" if iban else ""
    party = f"<{other}><Nm>{name}</Nm></{other}>" if name else ""
    details = (
        f"<TxDtls><RltdPties>{party}{account}</RltdPties>"
        f"<RmtInf><Ustrd>{on}</Ustrd></RmtInf></TxDtls>"
    )
    return entry(minor, direction=direction, booked=f"<Dt>{day}</Dt>", details=details)


async def tell(office: Office, *entries: str) -> list[dict[str, Any]]:
    """Lines come by a statement file; return all that there are, by description."""
    answer = await put(office.client, camt(*entries))
    assert answer.status_code == 200, answer.text
    return sorted(await office.lines(), key=lambda line: line["description"])


async def make_rule(office: Office, **body: Any) -> dict[str, Any]:  # noqa: ANN401  JSON
    answer = await office.client.post(RULES, json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()  # type: ignore[no-any-return]  # JSON


async def choose(office: Office, line: dict[str, Any], category: str | None) -> dict[str, Any]:
    url = f"{TRANSACTIONS}/{line['id']}"
    answer = await office.client.put(url, json={"category": category})
    assert answer.status_code == 200, answer.text
    return answer.json()  # type: ignore[no-any-return]  # JSON


@pytest.fixture
async def account(office: Office) -> str:
    return await make_account(office.client)


async def test_new_lines_come_with_merchant_and_category(office: Office, account: str) -> None:
    await make_rule(office, category="software.subscriptions", text="figma")
    await make_rule(office, category="never", text="figma", priority=200)
    await make_rule(office, category="never", text="figma", priority=1, enabled=False)

    lines = await tell(
        office,
        spent("a FIGMA monthly", "FIGMA INC"),
        spent("b Monthly account fee", "Albion Bank"),
        spent("c something", "SumUp  *CORNER CAFE"),
    )

    assert [(e["merchant"], e["category"], e["category_source"]) for e in lines] == [
        ("Figma Inc", "software.subscriptions", "rule"),
        ("Albion Bank", "bank.fees", "default"),
        ("Corner Cafe", None, None),
    ]
    (told, *_) = [
        json.loads(each.data or "") for each in await office.events("transaction.created")
    ]
    assert told["category"] == "software.subscriptions"


async def test_a_rule_of_an_account_is_for_its_lines_only(office: Office, account: str) -> None:
    other = {"name": "Reserve", "currency": "GBP", "iban": "GB94BARC10201530093459"}
    elsewhere = (await office.client.post("/api/v1/bank_accounts", json=other)).json()["id"]
    body = {"category": "office", "text": "order", "account_id": account}
    made = await make_rule(office, **body)
    assert made["account_id"] == account

    (line,) = await tell(office, spent("order 1", "Acme"))
    assert line["category"] == "office"
    here = await office.client.post(f"{RULES}/preview", json=body | {"category": "travel"})
    there = await office.client.post(
        f"{RULES}/preview", json=body | {"category": "travel", "account_id": elsewhere}
    )
    assert (here.json()["looked_at"], there.json()["count"]) == (1, 0)
    url = f"{RULES}/{made['id']}"
    moved = await office.client.put(url, json=body | {"account_id": elsewhere})
    assert moved.json()["account_id"] == elsewhere
    *_, line = await tell(office, spent("order 2", "Acme", day="2026-10-02"))
    assert line["category"] is None


async def test_a_users_choice_is_remembered_for_the_counterparty(
    office: Office, account: str
) -> None:
    await make_rule(office, category="office", text="order")
    iban = "DE89370400440532013000"
    first, second = await tell(
        office, spent("order 1", "Acme", iban=iban), spent("order 2", "Corner Cafe")
    )
    assert (first["category"], second["category"]) == ("office", "office")

    await choose(office, first, "assets")
    await choose(office, second, "travel.meals")
    await choose(office, second, "travel")
    lines = await tell(
        office,
        spent("order 3", "Acme Germany", day="2026-10-02", iban=iban),
        spent("order 4", "CORNER CAFE", day="2026-10-02"),
        spent("order 5", "CORNER CAFE", day="2026-10-02", direction="CRDT"),
    )

    assert [(e["category"], e["category_source"]) for e in lines] == [
        ("assets", "user"),
        ("travel", "user"),
        ("assets", "memory"),
        ("travel", "memory"),
        ("office", "rule"),
    ]
    memories = (await office.get(MEMORIES))["data"]
    assert [(e["known_by"], e["value"], e["category"]) for e in memories] == [
        ("merchant", "corner cafe", "travel"),
        ("iban", iban, "assets"),
    ]

    assert (await office.client.delete(f"{MEMORIES}/{memories[0]['id']}")).status_code == 204
    later = await tell(office, spent("order 6", "Corner Cafe", day="2026-10-03"))
    assert (later[-1]["category"], later[-1]["category_source"]) == ("office", "rule")


async def test_a_batch_is_remembered_as_well(office: Office, account: str) -> None:
    first, second = await tell(office, spent("1", "Acme"), spent("2", "Bolt"))
    rows = [{"id": each["id"], "category": "travel"} for each in (first, second)]

    answer = await office.client.post(f"{TRANSACTIONS}/batch", json={"rows": rows})

    assert [each["status"] for each in answer.json()["results"]] == ["updated", "updated"]
    assert len((await office.get(MEMORIES))["data"]) == 2
    later = await tell(office, spent("3", "Bolt", day="2026-10-02"))
    assert later[-1]["category_source"] == "memory"


async def test_no_category_is_a_choice_too(office: Office, account: str) -> None:
    await make_rule(office, category="office", text="order")
    (line,) = await tell(office, spent("order", "Acme"))

    emptied = await choose(office, line, None)

    assert (emptied["category"], emptied["category_source"]) == (None, "user")
    assert (await office.get(MEMORIES))["data"] == []


async def test_rules_are_listed_in_the_order_in_which_they_decide(office: Office) -> None:
    made = [await make_rule(office, category="x", text="a", priority=each) for each in (5, 1, 5)]

    first = await office.get(RULES, limit=2)
    rest = await office.get(RULES, limit=2, cursor=first["next_cursor"])

    listed = [each["id"] for each in (*first["data"], *rest["data"])]
    assert listed == [made[1]["id"], made[0]["id"], made[2]["id"]]


async def test_a_rule_is_read_replaced_and_deleted(office: Office) -> None:
    made = await make_rule(office, category="x", text="a", direction="in", name="My rule")
    url = f"{RULES}/{made['id']}"
    read = await office.client.get(url)

    replaced = await office.client.put(url, json={"category": "y", "counterparty_name": "b"})
    stale = await office.client.put(
        url, json={"category": "z", "text": "c"}, headers={"If-Match": read.headers["ETag"]}
    )

    assert read.json() == made
    assert (replaced.json()["text"], replaced.json()["direction"]) == (None, None)
    assert (replaced.json()["category"], replaced.json()["name"]) == ("y", None)
    assert stale.status_code == 412
    assert (await office.client.delete(url)).status_code == 204
    assert (await office.client.get(url)).status_code == 404


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, ""),
        ({"text": "***"}, "/text"),
        ({"counterparty_name": "-"}, "/counterparty_name"),
        ({"min_amount_minor": 1}, "/currency"),
        (
            {"min_amount_minor": 2, "max_amount_minor": 1, "currency": "GBP"},
            "/max_amount_minor",
        ),
        ({"max_amount_minor": -1, "currency": "GBP"}, "/max_amount_minor"),
        ({"counterparty_iban": "GB00BUKB20201555555555"}, "/counterparty_iban"),
        ({"text": "a", "text_match": "regex"}, "/text_match"),
        ({"text": "a", "priority": -1}, "/priority"),
    ],
)
async def test_a_rule_that_can_not_be_meant_is_refused(
    office: Office, body: dict[str, Any], pointer: str
) -> None:
    answer = await office.client.post(RULES, json={"category": "x", **body})

    assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")
    assert [each["pointer"] for each in answer.json()["errors"]] == [pointer]


async def test_there_are_only_so_many_rules(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "MOST_RULES", 1)
    await make_rule(office, category="x", text="a")

    answer = await office.client.post(RULES, json={"category": "x", "text": "b"})

    assert (answer.status_code, answer.json()["code"]) == (409, "too_many_category_rules")


async def test_a_preview_tells_what_would_change_and_changes_nothing(
    office: Office, account: str, stranger: Someone
) -> None:
    await make_account(stranger.client)
    await put(stranger.client, camt(spent("order of a stranger", "Acme")))
    await make_rule(office, category="first", text="order 1", priority=1)
    *_, chosen, _, remembered = await tell(
        office,
        spent("order 1", "Acme"),
        spent("order 2", "Bolt"),
        spent("order 3", "Card shop"),
        spent("order 4", "Dry cleaner", day="2026-10-04"),
        spent("order 5", "Elm"),
    )
    await choose(office, remembered, "remembered")
    await tell(office, spent("order 6", "Elm", day="2026-10-06"))
    await choose(office, chosen, "chosen")

    trial = {"category": "tried", "text": "order", "lines": 1}
    answer = await office.client.post(f"{RULES}/preview", json=trial)

    told = answer.json()
    assert (told["count"], told["looked_at"], told["is_complete"]) == (2, 6, True)
    (line,) = told["lines"]
    assert (line["description"], line["category"]) == ("order 4", None)
    assert await office.lines(category="tried") == []
    assert (await office.get(RULES))["data"][0]["category"] == "first"


async def test_the_default_categories_are_listed_with_their_parents(office: Office) -> None:
    listed = (await office.get("/api/v1/categories"))["data"]

    by_code = {each["code"]: each for each in listed}
    assert by_code["office.supplies"] == {
        "code": "office.supplies",
        "parent": "office",
        "name": "Supplies",
        "direction": "out",
    }
    assert by_code["office"]["parent"] is None
