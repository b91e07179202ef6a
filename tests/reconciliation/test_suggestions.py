"""What the engine proposes, kept and decided; the engine's answers are written by hand here."""

import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

import httpx
import pytest
from sqlalchemy import select, update

from payymo_api.banking.models import Transaction
from payymo_api.banking.repository import rollups
from payymo_api.core.clock import now
from payymo_api.core.db import Database
from payymo_api.core.types import InvoiceId, TenantId, new_id, parse_public_id, public_id
from payymo_api.messaging.models import OutboxEvent
from payymo_api.reconciliation import tasks
from payymo_api.reconciliation.repository.suggestions import SuggestionRepository
from tests.invoicing.factories import INVOICES, make_customer, make_invoice
from tests.payments.factories import make_payout
from tests.reconciliation.factories import (
    MATCH,
    PAYER,
    STATUS,
    SUGGESTIONS,
    answer,
    line,
    make_line,
    make_suggestion,
    match,
    part,
    proposal,
    say,
    settled,
    share,
)


async def suggestions(client: httpx.AsyncClient, **params: str) -> list[dict[str, Any]]:
    return list((await client.get(SUGGESTIONS, params=params)).json()["data"])


async def accept(client: httpx.AsyncClient, id: str, place: int = 0) -> httpx.Response:
    return await client.post(f"{SUGGESTIONS}/{id}/accept", json={"proposal": place})


async def reject(client: httpx.AsyncClient, id: str) -> httpx.Response:
    return await client.post(f"{SUGGESTIONS}/{id}/reject")


async def events(database: Database, tenant_id: TenantId, name: str) -> Sequence[OutboxEvent]:
    async with database.scope(tenant_id) as scope:
        statement = select(OutboxEvent).where(OutboxEvent.name == name).order_by(OutboxEvent.id)
        return (await scope.session.scalars(statement)).all()


async def test_a_suggestion_waits_and_is_told(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    one, two = await make_invoice(client), await make_invoice(client)
    money = await make_line(database, tenant_id, 10000)
    fits = [proposal(share(each["id"], 10000), probability=0.61234) for each in (one, two)]

    await say(database, tenant_id, answer(money, *fits))

    (found,) = await suggestions(client, status="pending")
    read = await client.get(f"{SUGGESTIONS}/{found['id']}")
    assert read.json() == found
    assert b'"amount":100.00,"amount_minor":10000,"currency":"GBP"' in read.content
    assert (found["transaction_id"], found["probability"]) == (money, 0.6123)
    assert (found["because"], found["to_change"]) == ("Two fit.", "A reference.")
    first, second = found["proposals"]
    assert first["evidence"] == [{"code": "amount", "text": "The amount fits."}]
    assert [each["document_id"] for each in first["allocations"]] == [one["id"]]
    assert [each["document_id"] for each in second["allocations"]] == [two["id"]]
    assert (await line(database, tenant_id, money)).match_state == "suggested"
    (told,) = await events(database, tenant_id, "reconciliation.suggested")
    data = json.loads(told.data or "")
    assert (data["suggestion_id"], data["transaction_id"]) == (found["id"], money)
    assert [each["document_id"] for each in data["documents"]] == [one["id"]]


async def test_the_same_again_changes_nothing(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    invoice, money = await make_invoice(client), await make_line(database, tenant_id, 10000)
    same = answer(money, proposal(share(invoice["id"], 10000)))
    await say(database, tenant_id, same)
    before = await line(database, tenant_id, money), await suggestions(client)

    await say(database, tenant_id, same)

    after = await line(database, tenant_id, money), await suggestions(client)
    assert (before[0].changed_xid, before[1]) == (after[0].changed_xid, after[1])
    assert len(await events(database, tenant_id, "reconciliation.suggested")) == 1


async def test_new_reasons_keep_the_suggestion_and_other_documents_replace_it(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    one, two = await make_invoice(client), await make_invoice(client)
    money = await make_line(database, tenant_id, 10000)
    first = await make_suggestion(database, tenant_id, money, [one["id"]])

    await say(
        database,
        tenant_id,
        answer(money, proposal(share(one["id"], 10000), probability=0.97)),
    )
    (kept,) = await suggestions(client)
    second = await make_suggestion(database, tenant_id, money, [two["id"]])

    assert (kept["id"], kept["probability"]) == (first, 0.97)
    found = {each["id"]: each["status"] for each in await suggestions(client)}
    assert found == {first: "superseded", second: "pending"}
    assert (await line(database, tenant_id, money)).match_state == "suggested"
    assert len(await events(database, tenant_id, "reconciliation.suggested")) == 2


async def test_what_proposes_nothing_takes_back(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    invoice, money = await make_invoice(client), await make_line(database, tenant_id, 10000)
    await make_suggestion(database, tenant_id, money, [invoice["id"]])

    await say(database, tenant_id, answer(money))

    assert [each["status"] for each in await suggestions(client)] == ["superseded"]
    assert (await line(database, tenant_id, money)).match_state == "unmatched"


@pytest.mark.parametrize(
    "fields", [{"status": "pending"}, {"match_state": "ignored"}, {"removed_at": now()}]
)
async def test_a_line_that_can_not_be_matched_gets_no_suggestion(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId, fields: dict[str, object]
) -> None:
    invoice = await make_invoice(client)
    money = await make_line(database, tenant_id, 10000, **fields)

    await say(database, tenant_id, answer(money, proposal(share(invoice["id"], 10000))))

    assert await suggestions(client) == []


async def test_a_line_of_which_a_part_is_settled_stays_partial(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    invoice, money = await make_invoice(client), await make_line(database, tenant_id, 10000)
    await match(client, part(money, invoice["id"], 4000))

    await say(database, tenant_id, answer(money, proposal(share(invoice["id"], 6000))))

    assert await suggestions(client) == []
    assert (await line(database, tenant_id, money)).match_state == "partial"


async def test_accepting_matches_as_proposed(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    one, two = await make_invoice(client), await make_invoice(client)
    money = await make_line(database, tenant_id, 10000)
    id = await make_suggestion(database, tenant_id, money, [one["id"], two["id"]])

    made = await accept(client, id)

    assert made.status_code == 201
    found = made.json()
    assert (found["source"], found["probability"]) == ("suggestion", 0.9)
    assert found["evidence"] == ["The amount fits."]
    assert found["created_by"].startswith("key_")
    assert found["runner_up"]["because"] == "Two fit."
    assert found["runner_up"]["allocations"][0]["document_id"] == two["id"]
    assert (await client.get(f"{MATCH}/{found['id']}")).json() == found
    assert await settled(client, one["id"]) == (10000, "paid")
    assert (await line(database, tenant_id, money)).match_state == "matched"
    read = (await client.get(f"{SUGGESTIONS}/{id}")).json()
    assert (read["status"], read["match_id"]) == ("accepted", found["id"])
    assert read["decided_by"] == found["created_by"]
    again = await accept(client, id)
    assert (again.status_code, again.json()["code"]) == (409, "suggestion_decided")


async def test_another_proposal_than_the_first_can_be_chosen(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    one, two = await make_invoice(client), await make_invoice(client)
    money = await make_line(database, tenant_id, 10000)
    id = await make_suggestion(database, tenant_id, money, [one["id"], two["id"]])

    beyond = await accept(client, id, 2)
    made = await accept(client, id, 1)

    assert (beyond.status_code, beyond.json()["errors"][0]["pointer"]) == (422, "/proposal")
    assert made.json()["runner_up"]["allocations"][0]["document_id"] == one["id"]
    assert await settled(client, two["id"]) == (10000, "paid")


async def test_all_shapes_can_be_proposed(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    """A sum less a credit note and a fee, with the rest on account; another currency; a payout."""
    customer = await make_customer(client)
    invoice = await make_invoice(client, customer_id=customer["id"])
    note = await make_invoice(client, kind="credit_note", amount="20.00")
    abroad = await make_invoice(client, currency="EUR", amount="120.00")
    payout = await make_payout(database, tenant_id, 97540)
    sums = await make_line(database, tenant_id, 8500)
    euros = await make_line(database, tenant_id, 10000)
    paid_out = await make_line(database, tenant_id, 97540)
    whole = share(invoice["id"], 9800, write_off=200, write_off_reason="fee")
    netted = share(note["id"], -2000, "credit_note")
    rest = share(customer["id"], 700, "on_account")
    converted = share(abroad["id"], 10000, document_amount=12000)
    await say(
        database,
        tenant_id,
        answer(sums, proposal(whole, netted, rest)),
        answer(euros, proposal(converted)),
        answer(paid_out, proposal(share(payout, 97540, "payout"))),
    )

    made = [await accept(client, each["id"]) for each in await suggestions(client)]

    assert [each.status_code for each in made] == [201, 201, 201]
    assert await settled(client, invoice["id"]) == (10000, "paid")
    assert await settled(client, note["id"]) == (2000, "paid")
    assert await settled(client, abroad["id"]) == (12000, "paid")
    (credit,) = (await client.get(f"{STATUS}/credits")).json()["data"]
    assert (credit["customer_id"], credit["left_minor"]) == (customer["id"], 700)
    assert {(await line(database, tenant_id, each)).match_state for each in (sums, euros)} == {
        "matched"
    }


async def test_a_match_by_hand_supersedes(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    one, two = await make_invoice(client), await make_invoice(client)
    money = await make_line(database, tenant_id, 10000)
    id = await make_suggestion(database, tenant_id, money, [one["id"]])

    assert (await match(client, part(money, two["id"], 10000))).status_code == 201

    assert (await client.get(f"{SUGGESTIONS}/{id}")).json()["status"] == "superseded"
    for answered in (await accept(client, id), await reject(client, id)):
        assert (answered.status_code, answered.json()["code"]) == (409, "suggestion_decided")
    assert await settled(client, one["id"]) == (0, "open")


async def test_what_does_not_fit_any_more_is_refused_and_still_waits(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    paid, deleted = await make_invoice(client), await make_invoice(client)
    first, second, other = [await make_line(database, tenant_id, 10000) for _ in range(3)]
    over = await make_suggestion(database, tenant_id, first, [paid["id"]])
    gone = await make_suggestion(database, tenant_id, second, [deleted["id"]])
    await match(client, part(other, paid["id"], 10000))
    await client.delete(f"{INVOICES}/{deleted['id']}")

    refused = [await accept(client, over), await accept(client, gone)]

    assert [(each.status_code, each.json()["code"]) for each in refused] == [
        (409, "document_over_settled"),
        (409, "suggestion_outdated"),
    ]
    assert {each["status"] for each in await suggestions(client)} == {"pending"}


async def test_rejecting_opens_the_line_and_stays_remembered(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    invoice = await make_invoice(client, number="INV-1001")
    money = await make_line(database, tenant_id, 10000, reference="INV-1001", examined_at=now())
    id = await make_suggestion(database, tenant_id, money, [invoice["id"]])

    rejected = await reject(client, id)
    opened = await line(database, tenant_id, money)
    (due,) = await events(database, tenant_id, "decision.made")
    await tasks.match_after_decision(database, tenant_id, due.payload)

    assert (rejected.status_code, rejected.json()["status"]) == (200, "rejected")
    assert (opened.match_state, opened.examined_at) == ("unmatched", None)
    assert (await line(database, tenant_id, money)).match_state == "unmatched"
    assert (await line(database, tenant_id, money)).examined_at is not None
    (fact,) = (await client.get(f"{STATUS}/learned")).json()["data"]
    assert (fact["kind"], fact["key"]) == ("not_this", None)
    assert (fact["transaction_id"], fact["document_id"]) == (money, invoice["id"])
    again = await reject(client, id)
    assert (again.status_code, again.json()["code"]) == (409, "suggestion_decided")


async def test_undoing_an_accepted_suggestion_opens_the_line_again(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    invoice = await make_invoice(client, number="INV-1001")
    money = await make_line(database, tenant_id, 10000, reference="INV-1001", examined_at=now())
    id = await make_suggestion(database, tenant_id, money, [invoice["id"]])
    made = (await accept(client, id)).json()

    await client.delete(f"{MATCH}/{made['id']}")

    opened = await line(database, tenant_id, money)
    assert (opened.match_state, opened.examined_at) == ("unmatched", None)
    assert (await client.get(f"{SUGGESTIONS}/{id}")).json()["status"] == "accepted"
    for due in await events(database, tenant_id, "decision.made"):
        await tasks.match_after_decision(database, tenant_id, due.payload)
    assert await settled(client, invoice["id"]) == (0, "open")


async def test_money_on_account_alone_is_accepted_undone_and_rejected(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    """It names no document that could be set apart."""
    customer, money = await make_customer(client), await make_line(database, tenant_id, 10000)
    rest = proposal(share(customer["id"], 10000, "on_account"))
    await say(database, tenant_id, answer(money, rest))
    made = await accept(client, (await suggestions(client))[0]["id"])

    undone = await client.delete(f"{MATCH}/{made.json()['id']}")
    await say(database, tenant_id, answer(money, rest))
    rejected = await reject(client, (await suggestions(client))[0]["id"])

    assert (made.status_code, undone.status_code, rejected.status_code) == (201, 204, 200)
    assert (await line(database, tenant_id, money)).match_state == "unmatched"


async def test_many_are_accepted_and_one_that_is_refused_spoils_none(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    invoices = [await make_invoice(client) for _ in range(3)]
    lines = [await make_line(database, tenant_id, 10000) for _ in range(4)]
    named = [*invoices, invoices[0]]
    ids = [
        await make_suggestion(database, tenant_id, money, [each["id"]])
        for money, each in zip(lines, named, strict=True)
    ]
    unknown = public_id("sug", new_id())
    await match(client, part(await make_line(database, tenant_id, 1), invoices[1]["id"], 1))

    answered = await client.post(f"{SUGGESTIONS}/accept", json={"ids": [*ids, unknown, ids[0]]})

    assert answered.status_code == 200
    results = answered.json()["results"]
    assert [each["suggestion_id"] for each in results] == [*ids, unknown]
    codes = [each["error"] and each["error"]["code"] for each in results]
    over = "document_over_settled"
    assert codes == [None, over, None, over, "not_found"]
    assert [bool(each["match_id"]) for each in results] == [True, False, True, False, False]
    states = [(await line(database, tenant_id, each)).match_state for each in lines]
    assert states == ["matched", "suggested", "matched", "suggested"]


async def test_all_that_are_probable_enough_are_accepted(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    invoices = [await make_invoice(client) for _ in range(3)]
    lines = [await make_line(database, tenant_id, 10000) for _ in range(3)]
    await say(
        database,
        tenant_id,
        *(
            answer(money, proposal(share(each["id"], 10000), probability=probability))
            for money, each, probability in zip(lines, invoices, (0.98, 0.5, 0.99), strict=True)
        ),
    )

    answered = await client.post(f"{SUGGESTIONS}/accept", json={"min_probability": 0.98})

    assert [each["status"] for each in answered.json()["results"]] == ["accepted"] * 2
    (left,) = await suggestions(client, status="pending")
    assert left["transaction_id"] == lines[1]


@pytest.mark.parametrize("body", [{}, {"ids": []}, {"ids": None, "min_probability": 2}])
async def test_bulk_acceptance_names_what_it_wants(
    client: httpx.AsyncClient, body: dict[str, object]
) -> None:
    assert (await client.post(f"{SUGGESTIONS}/accept", json=body)).status_code == 422


async def test_suggestions_are_listed_by_what_they_name(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    one, two = await make_invoice(client), await make_invoice(client)
    first, second = [await make_line(database, tenant_id, 10000) for _ in range(2)]
    earlier = await make_suggestion(database, tenant_id, first, [one["id"], two["id"]])
    later = await make_suggestion(database, tenant_id, second, [two["id"]])

    async def found(**params: str) -> list[str]:
        return [each["id"] for each in await suggestions(client, **params)]

    assert await found() == [later, earlier]
    assert await found(invoice_id=one["id"]) == await found(transaction_id=first) == [earlier]
    assert await found(invoice_id=two["id"]) == [later, earlier]
    assert await found(min_probability="0.95") == await found(invoice_id="inv_x") == []
    async with database.scope(tenant_id) as scope:
        ids = {each["id"]: InvoiceId(parse_public_id("inv", each["id"])) for each in (one, two)}
        reserved = await SuggestionRepository(scope).reserved(ids.values())
    assert reserved == {
        ids[one["id"]]: {parse_public_id("tr", first)},
        ids[two["id"]]: {parse_public_id("tr", second)},
    }


async def test_a_line_that_the_bank_takes_back_has_no_suggestion(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    invoice, money = await make_invoice(client), await make_line(database, tenant_id, 10000)
    id = await make_suggestion(database, tenant_id, money, [invoice["id"]])
    key = parse_public_id("tr", money)
    async with database.scope(tenant_id) as scope:
        await scope.session.execute(
            update(Transaction).where(Transaction.id == key).values(removed_at=now())
        )

    early = await accept(client, id)
    await tasks.undo_removed_line(database, tenant_id, {"transaction_id": str(key)})

    assert (early.status_code, early.json()["code"]) == (409, "suggestion_outdated")
    assert (await client.get(f"{SUGGESTIONS}/{id}")).json()["status"] == "superseded"


async def test_the_engine_may_still_match_what_it_only_suggested(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    one, two = await make_invoice(client), await make_invoice(client, number="INV-1001")
    money = await make_line(database, tenant_id, 10000, reference="INV-1001")
    id = await make_suggestion(database, tenant_id, money, [one["id"]])

    await tasks.match_open_lines(database, tenant_id, {})

    assert (await client.get(f"{SUGGESTIONS}/{id}")).json()["status"] == "superseded"
    assert await settled(client, two["id"]) == (10000, "paid")


async def test_half_of_an_own_transfer_has_no_suggestion(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    accounts = [PAYER, "GB33BUKB20201555555555"]
    bodies = [{"name": "Own", "currency": "GBP", "iban": each} for each in accounts]
    made = [(await client.post("/api/v1/bank_accounts", json=each)).json() for each in bodies]
    invoice = await make_invoice(client)
    money = await make_line(
        database, tenant_id, 10000, counterparty_iban=accounts[0], examined_at=now()
    )
    out = await make_line(database, tenant_id, -10000, counterparty_iban=accounts[1])
    async with database.scope(tenant_id) as scope:
        for id, account in ((out, made[0]), (money, made[1])):
            row = await scope.session.get_one(
                Transaction, {"tenant_id": tenant_id, "id": parse_public_id("tr", id)}
            )
            async with rollups.tracked(scope, [row]):
                row.account_id = parse_public_id("bacc", account["id"])  # type: ignore[assignment]  # a UUID
    id = await make_suggestion(database, tenant_id, money, [invoice["id"]])

    await tasks.match_open_lines(database, tenant_id, {})

    assert (await line(database, tenant_id, money)).match_state == "ignored"
    assert (await client.get(f"{SUGGESTIONS}/{id}")).json()["status"] == "superseded"


async def test_of_all_who_decide_at_once_one_decides(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    """Accept, reject and match by hand one line, at the same time and in many rounds."""
    for _ in range(15):
        one, two = await make_invoice(client), await make_invoice(client)
        money = await make_line(database, tenant_id, 10000)
        id = await make_suggestion(database, tenant_id, money, [one["id"], two["id"]])

        answers = await asyncio.gather(
            accept(client, id),
            reject(client, id),
            match(client, part(money, two["id"], 10000)),
            accept(client, id, 1),
            reject(client, id),
        )

        read = (await client.get(f"{SUGGESTIONS}/{id}")).json()
        state = (await line(database, tenant_id, money)).match_state
        decided = [each for each in answers if each.is_success]
        refused = {each.json()["code"] for each in answers if not each.is_success}
        assert {each.status_code for each in answers} <= {200, 201, 409}
        assert refused <= {"suggestion_decided", "line_over_allocated"}
        if read["status"] == "rejected":
            # A rejected suggestion leaves the line free for a match by hand.
            assert len(decided) in {1, 2}
            assert state == ("matched" if len(decided) == 2 else "unmatched")
        else:
            assert len(decided) == 1
            assert state == "matched"
        paid = [await settled(client, each["id"]) for each in (one, two)]
        assert sorted(paid) in ([(0, "open")] * 2, [(0, "open"), (10000, "paid")])


async def test_un_matching_while_others_decide(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    for _ in range(10):
        invoice, money = await make_invoice(client), await make_line(database, tenant_id, 10000)
        id = await make_suggestion(database, tenant_id, money, [invoice["id"]])
        made = (await accept(client, id)).json()

        answers = await asyncio.gather(
            client.delete(f"{MATCH}/{made['id']}"),
            match(client, part(money, invoice["id"], 10000)),
            client.delete(f"{MATCH}/{made['id']}"),
            accept(client, id),
            reject(client, id),
        )

        codes = Counter(each.status_code for each in answers)
        rematched = codes[201]
        assert codes == Counter({204: 1, 409: 4 - rematched} | ({201: 1} if rematched else {}))
        expected = (10000, "paid") if rematched else (0, "open")
        assert await settled(client, invoice["id"]) == expected
        assert (await line(database, tenant_id, money)).settled_minor == expected[0]


async def test_the_statistics_follow(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    invoice = await make_invoice(client)
    lines = [await make_line(database, tenant_id, 10000) for _ in range(4)]
    ids = [await make_suggestion(database, tenant_id, each, [invoice["id"]]) for each in lines]
    await accept(client, ids[0])
    await reject(client, ids[1])
    await say(database, tenant_id, answer(lines[2]))

    async with database.scope(tenant_id) as scope:
        assert await rollups.differences(scope) == 0
    states = [(await line(database, tenant_id, each)).match_state for each in lines]
    assert states == ["matched", "unmatched", "unmatched", "suggested"]
