// The official Node SDK against the sandbox: node --test, with SANDBOX_URL in the environment.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import Stripe from "stripe";

const url = new URL(process.env.SANDBOX_URL);
const stripe = new Stripe("sk_test_sandbox", {
  host: url.hostname,
  port: url.port,
  protocol: "http",
  telemetry: false,
});
const card = { payment_method: "pm_card_visa", confirm: true, return_url: "https://shop.example/" };

const control = (path, body, method = "POST") =>
  fetch(`${url.origin}/sandbox${path}`, { method, body: JSON.stringify(body ?? {}) });

const pay = (values = {}) =>
  stripe.paymentIntents.create({ amount: 1000, currency: "gbp", ...card, ...values });

async function customerWithCard() {
  const customer = await stripe.customers.create({ email: "payer@example.com" });
  const method = await stripe.paymentMethods.attach("pm_card_visa", { customer: customer.id });
  const settings = { invoice_settings: { default_payment_method: method.id } };
  return stripe.customers.update(customer.id, settings);
}

beforeEach(() => control("/reset"));

test("takes a payment and expands what it cost", async () => {
  const intent = await pay({ expand: ["latest_charge.balance_transaction"] });
  assert.equal(intent.status, "succeeded");
  assert.equal(intent.latest_charge.balance_transaction.net, 965);
});

test("declines a card", async () => {
  const declined = pay({ payment_method: "pm_card_chargeDeclinedInsufficientFunds" });
  await assert.rejects(declined, (error) => {
    assert.ok(error instanceof Stripe.errors.StripeCardError);
    assert.equal(error.decline_code, "insufficient_funds");
    return error.payment_intent.status === "requires_payment_method";
  });
});

test("asks the payer to authenticate", async () => {
  const intent = await pay({ payment_method: "pm_card_authenticationRequired" });
  assert.equal(intent.status, "requires_action");
  const form = new URLSearchParams({ approve: "1" });
  const page = intent.next_action.redirect_to_url.url;
  const back = await fetch(page, { method: "POST", body: form, redirect: "manual" });
  assert.match(back.headers.get("location"), /redirect_status=succeeded/);
  assert.equal((await stripe.paymentIntents.retrieve(intent.id)).status, "succeeded");
});

test("refunds a part", async () => {
  const intent = await pay();
  await stripe.refunds.create({ payment_intent: intent.id, amount: 300 });
  const charge = await stripe.charges.retrieve(intent.latest_charge);
  assert.equal(charge.amount_refunded, 300);
});

test("answers a dispute", async () => {
  await pay({ payment_method: "pm_card_createDispute" });
  const { data } = await stripe.disputes.list();
  const evidence = { uncategorized_text: "winning_evidence" };
  const closed = await stripe.disputes.update(data[0].id, { evidence });
  assert.equal(closed.status, "won");
});

test("sells a subscription and ends it", async () => {
  const customer = await customerWithCard();
  const price = await stripe.prices.create({
    currency: "gbp",
    unit_amount: 900,
    recurring: { interval: "month" },
    product_data: { name: "Hosting" },
  });
  const items = [{ price: price.id }];
  const made = await stripe.subscriptions.create({ customer: customer.id, items });
  assert.equal(made.status, "active");
  assert.equal((await stripe.subscriptions.cancel(made.id)).status, "canceled");
});

test("bills by invoice", async () => {
  const customer = await customerWithCard();
  const draft = await stripe.invoices.create({ customer: customer.id });
  await stripe.invoiceItems.create({ customer: customer.id, invoice: draft.id, amount: 700 });
  await stripe.invoices.finalizeInvoice(draft.id);
  const paid = await stripe.invoices.pay(draft.id, { expand: ["payments"] });
  assert.equal(paid.status, "paid");
  assert.equal(paid.payments.data[0].amount_paid, 700);
});

test("a payout is the sum of its parts", async () => {
  await pay();
  await pay({ amount: 2500 });
  const made = await control("/stripe/payouts", { currency: "gbp", pending: true });
  const payout = await stripe.payouts.retrieve((await made.json()).id);
  const rows = stripe.balanceTransactions.list({ payout: payout.id, limit: 1 });
  let sum = 0;
  for await (const row of rows) if (row.type !== "payout") sum += row.net;
  assert.equal(sum, payout.amount);
});

test("the same idempotency key charges once", async () => {
  const options = { idempotencyKey: "order-1" };
  const values = { amount: 1000, currency: "gbp", ...card };
  const first = await stripe.paymentIntents.create(values, options);
  const again = await stripe.paymentIntents.create(values, options);
  assert.equal(first.id, again.id);
  const changed = stripe.paymentIntents.create({ ...values, amount: 2000 }, options);
  await assert.rejects(changed, Stripe.errors.StripeIdempotencyError);
});

test("verifies a webhook's signature", async () => {
  const event = await control("/stripe/trigger", { event: "charge.refunded" });
  const payload = JSON.stringify(await event.json());
  const secret = "whsec_test";
  const header = stripe.webhooks.generateTestHeaderString({ payload, secret });
  const told = stripe.webhooks.constructEvent(payload, header, secret);
  assert.equal(told.type, "charge.refunded");
});
