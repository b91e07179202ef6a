// Card data stays between the payer and Stripe. What became of a payment is what Payymo says, by
// way of this shop's backend: not what the browser was told.
"use strict";

const PAUSE = 1000; // milliseconds between two questions
const QUESTIONS = 30; // after these the payer need not wait here
const WORDS = {
  succeeded: ["good", "Thank you, your payment has arrived."],
  requires_capture: ["good", "Thank you, the amount is reserved."],
  processing: ["wait", "Your bank is working on the payment. That takes some days; we'll write to you."],
  requires_action: ["wait", "Your bank wants you to confirm the payment."],
  canceled: ["bad", "This payment was given up. Please order again."],
};
const ENDS = ["succeeded", "requires_capture", "processing", "canceled"];
const WAITING = "We are waiting for your bank's answer.";
const SLOW = "The answer takes longer than usual. Please don't pay again now: we'll write to you.";
const BROKEN = "Something went wrong here. Please load the page again in a moment.";

const find = (id) => document.getElementById(id);

function say(kind, text) {
  find("message").dataset.kind = kind;
  find("message").textContent = text;
}

function offer({ form = false, next = false }) {
  find("form").hidden = !form;
  find("continue").hidden = !next;
}

async function ask(method) {
  const answer = await fetch("payment", { method });
  if (!answer.ok) throw new Error(`${method} payment: ${answer.status}`);
  return answer.json();
}

// What was known before the payer pressed the button; it outlives a trip to the bank.
const note = (payment) => sessionStorage.setItem("known", payment.updated_at);
const isNews = (payment) => payment.updated_at !== sessionStorage.getItem("known");

// Ask until the attempt has an answer: the webhook that brings it may come after the payer.
async function outcome() {
  let payment = await ask("GET");
  for (let asked = 1; asked < QUESTIONS; asked += 1) {
    if (ENDS.includes(payment.status) || (payment.failure && isNews(payment))) return payment;
    await new Promise((resolve) => setTimeout(resolve, PAUSE));
    payment = await ask("GET");
  }
  return payment;
}

function tell(payment) {
  const failed = payment.status === "requires_payment_method" && payment.failure && isNews(payment);
  const [kind, text] = failed ? ["bad", payment.failure] : (WORDS[payment.status] ?? ["wait", SLOW]);
  offer({ form: failed, next: payment.status === "requires_action" });
  say(kind, text);
  note(payment);
}

async function wait() {
  say("wait", WAITING);
  tell(await outcome());
}

async function pay(stripe, elements) {
  find("pay").disabled = true;
  say("wait", WAITING);
  note(await ask("GET"));
  const confirmParams = { return_url: location.origin + location.pathname };
  const { error } = await stripe.confirmPayment({ elements, confirmParams });
  // What goes well leaves this page, for the bank or the return_url: here is only what does not.
  if (error.payment_intent) await wait();
  else say("bad", error.message); // it never came to an attempt: a number is wrong or missing
  find("pay").disabled = false;
  find("pay").focus();
}

const orBroken = (work) =>
  work().catch((error) => {
    console.error(error);
    say("bad", BROKEN);
  });

async function start() {
  const comesBack = new URLSearchParams(location.search).has("redirect_status");
  history.replaceState(null, "", location.pathname); // the address named a secret
  const made = await ask("POST");
  const account = made.stripe_account ? { stripeAccount: made.stripe_account } : undefined;
  const stripe = Stripe(made.publishable_key, account);
  const elements = stripe.elements({ clientSecret: made.client_secret });
  const fields = elements.create("payment");
  fields.on("ready", () => (find("pay").disabled = false));
  fields.mount("#payment-element");
  find("form").addEventListener("submit", (event) => {
    event.preventDefault();
    orBroken(() => pay(stripe, elements));
  });
  find("continue").addEventListener("click", () =>
    orBroken(async () => {
      await stripe.handleNextAction({ clientSecret: made.client_secret });
      await wait(); // the bank asked on this page
    }),
  );
  if (comesBack) return wait();
  const payment = await ask("GET");
  if (payment.status in WORDS) tell(payment);
  else offer({ form: true });
}

orBroken(start);
