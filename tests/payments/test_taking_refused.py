"""What POST /stripe/payments refuses, and where it points."""

import pytest

from payymo_api.payments.repository.connections import StripeConnectionRepository
from tests.payments.conftest import Shop
from tests.payments.taking import ask, asking, charging, invoice, take

pytestmark = pytest.mark.usefixtures("nothing_blocks")


async def test_stripes_objections_name_our_fields(shop: Shop) -> None:
    small = await ask(shop, asking(shop, amount_minor=1) | {"amount": None})
    method = await ask(shop, charging(shop, "pm_none"))
    customer = await ask(shop, asking(shop, customer="cus_none"))

    found = [each.json()["errors"][0] for each in (small, method, customer)]
    assert [each["pointer"] for each in found] == ["/amount", "/payment_method", "/customer"]
    assert [each["code"] for each in found] == ["amount_too_small", *["resource_missing"] * 2]


@pytest.mark.parametrize(
    ("values", "pointer"),
    [
        ({"amount": "1.005"}, "/amount"),
        ({"amount": "0.00"}, "/amount"),
        ({"amount": "1.50", "currency": "ISK"}, "/amount"),
        ({"amount": "1.501", "currency": "KWD"}, None),
        ({"amount": "1.50", "currency": "UGX"}, "/amount"),
        ({"confirm": True}, ""),
        ({"off_session": True}, ""),
        ({"metadata": {"payymo_invoice_id": "inv_1"}}, "/metadata"),
        ({"metadata": {"a[b]": "x"}}, "/metadata/a[b]"),
        ({"metadata": {"a": "x" * 501}}, "/metadata/a"),
        ({"statement_descriptor_suffix": "<b>"}, "/statement_descriptor_suffix"),
        ({"statement_descriptor_suffix": "123"}, "/statement_descriptor_suffix"),
        ({"payment_method_types": []}, "/payment_method_types"),
        ({"customer": "Jenny"}, "/customer"),
    ],
)
async def test_what_can_not_be_is_refused_before_stripe_is_asked(
    shop: Shop, values: dict[str, object], pointer: str | None
) -> None:
    answer = await ask(shop, asking(shop, **values))

    found = [each["pointer"] for each in answer.json().get("errors", [])]
    assert found == ([] if pointer is None else [pointer])
    assert answer.status_code == (201 if pointer is None else 422)


async def test_a_connection_that_is_not_active_is_not_used(shop: Shop) -> None:
    async with shop.database.scope(shop.tenant_id) as scope:
        row = await StripeConnectionRepository(scope).get(shop.connection.id)
        row.status = "pending"

    answer = await ask(shop, asking(shop))

    assert (answer.status_code, answer.json()["code"]) == (409, "stripe_connection_not_active")


@pytest.mark.parametrize(
    ("invoice_values", "values", "status", "pointer"),
    [
        ({}, {"amount": "50.01"}, 422, "/amount"),
        ({}, {"currency": "EUR"}, 422, "/currency"),
        ({"kind": "credit_note"}, {}, 409, None),
        ({"status": "void"}, {}, 409, None),
    ],
)
async def test_an_invoice_gets_no_more_than_is_open(
    shop: Shop,
    invoice_values: dict[str, object],
    values: dict[str, object],
    status: int,
    pointer: str | None,
) -> None:
    id = await invoice(shop, **invoice_values)

    answer = await ask(shop, asking(shop, invoice_id=id, **values))

    assert answer.status_code == status, answer.text
    assert [each["pointer"] for each in answer.json()["errors"]] == ([pointer] if pointer else [])


async def test_several_payments_may_be_under_way_for_one_invoice(shop: Shop) -> None:
    id = await invoice(shop)

    for _ in range(2):
        await take(shop, asking(shop, amount="50.00", invoice_id=id))
