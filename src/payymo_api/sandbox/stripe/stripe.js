// A stand-in for https://js.stripe.com: the Payment Element for test cards, and confirmPayment.
(() => {
  "use strict";
  const api = new URL(document.currentScript.src).origin;

  const FIELDS = [
    ["number", "Card number", "4242 4242 4242 4242", "cc-number"],
    ["expiry", "Expiry (MM/YY)", "12/34", "cc-exp"],
    ["cvc", "CVC", "123", "cc-csc"],
  ];

  async function call(key, method, path, values) {
    const form = new URLSearchParams(values);
    const answer = await fetch(`${api}/v1/${path}${method === "GET" ? `?${form}` : ""}`, {
      method,
      headers: { Authorization: `Bearer ${key}` },
      body: method === "GET" ? undefined : form,
    });
    return answer.json();
  }

  const intentOf = (secret) => secret.split("_secret_")[0];

  class PaymentElement {
    #inputs = {};
    #listeners = {};

    mount(place) {
      const parent = typeof place === "string" ? document.querySelector(place) : place;
      const rows = FIELDS.map(([name, label, hint, autocomplete]) => {
        const input = Object.assign(document.createElement("input"), {
          name,
          autocomplete,
          inputMode: "numeric",
          placeholder: hint,
        });
        input.addEventListener("input", () => this.#tell("change", this.state()));
        this.#inputs[name] = input;
        const row = document.createElement("label");
        row.append(label, " ", input);
        return row;
      });
      parent.replaceChildren(...rows);
      queueMicrotask(() => this.#tell("ready", {}));
    }

    unmount() {
      Object.values(this.#inputs).forEach((input) => input.parentElement.remove());
    }

    on(event, listener) {
      (this.#listeners[event] ??= []).push(listener);
      return this;
    }

    state() {
      const filled = FIELDS.filter(([name]) => this.#inputs[name].value.trim() !== "");
      const value = { type: "card" };
      return { complete: filled.length === FIELDS.length, empty: filled.length === 0, value };
    }

    card() {
      const [month, year] = this.#inputs.expiry.value.split("/");
      return {
        "payment_method_data[type]": "card",
        "payment_method_data[card][number]": this.#inputs.number.value.replaceAll(" ", ""),
        "payment_method_data[card][exp_month]": Number(month),
        "payment_method_data[card][exp_year]": 2000 + Number(year),
        "payment_method_data[card][cvc]": this.#inputs.cvc.value,
      };
    }

    #tell(event, state) {
      (this.#listeners[event] ?? []).forEach((listener) => listener(state));
    }
  }

  class Elements {
    #payment;

    constructor(clientSecret) {
      this.clientSecret = clientSecret;
    }

    create(type) {
      if (type !== "payment") throw new Error(`The sandbox has no Element of type ${type}.`);
      this.#payment = new PaymentElement();
      return this.#payment;
    }

    getElement(type) {
      return type === "payment" ? (this.#payment ?? null) : null;
    }

    async submit() {
      if (this.#payment?.state().complete) return {};
      const message = "Your card details are incomplete.";
      return { error: { type: "validation_error", code: "incomplete", message } };
    }
  }

  // Where the payer must go next, if anywhere.
  function nextUrl(intent) {
    const action = intent.next_action;
    return action?.redirect_to_url?.url ?? action?.use_stripe_sdk?.stripe_js;
  }

  function returnUrl(base, intent) {
    const url = new URL(base);
    url.searchParams.set("payment_intent", intent.id);
    url.searchParams.set("payment_intent_client_secret", intent.client_secret);
    url.searchParams.set("redirect_status", "succeeded");
    return url.href;
  }

  const never = () => new Promise(() => {}); // the page is about to go

  window.Stripe = (key) => ({
    elements: ({ clientSecret }) => new Elements(clientSecret),

    async confirmPayment({ elements, clientSecret, confirmParams = {}, redirect = "always" }) {
      const unfinished = await elements.submit();
      if (unfinished.error) return unfinished;
      const secret = clientSecret ?? elements.clientSecret;
      const values = { client_secret: secret, ...elements.getElement("payment").card() };
      if (confirmParams.return_url) values.return_url = confirmParams.return_url;
      const intent = await call(key, "POST", `payment_intents/${intentOf(secret)}/confirm`, values);
      if (intent.error) return { error: intent.error };
      if (intent.status === "requires_action") {
        window.location.assign(nextUrl(intent));
        return never();
      }
      if (redirect === "if_required") return { paymentIntent: intent };
      window.location.assign(returnUrl(confirmParams.return_url, intent));
      return never();
    },

    async retrievePaymentIntent(secret) {
      const values = { client_secret: secret };
      const intent = await call(key, "GET", `payment_intents/${intentOf(secret)}`, values);
      return intent.error ? { error: intent.error } : { paymentIntent: intent };
    },

    async handleNextAction({ clientSecret }) {
      const { paymentIntent, error } = await this.retrievePaymentIntent(clientSecret);
      if (error || paymentIntent.status !== "requires_action") return { paymentIntent, error };
      window.location.assign(nextUrl(paymentIntent));
      return never();
    },
  });
})();
