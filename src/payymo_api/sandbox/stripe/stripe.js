// A stand-in for https://js.stripe.com: the Payment Element for test cards and bank debits, and
// confirmPayment.
(() => {
  "use strict";
  const api = new URL(document.currentScript.src).origin;

  const METHODS = {
    card: {
      label: "Card",
      fields: [
        ["number", "Card number", "4242 4242 4242 4242", "cc-number"],
        ["expiry", "Expiry (MM/YY)", "12/34", "cc-exp"],
        ["cvc", "CVC", "123", "cc-csc"],
      ],
    },
    bacs_debit: {
      label: "Bacs Direct Debit",
      fields: [
        ["sort_code", "Sort code", "10-88-00", "off"],
        ["account_number", "Account number", "00012345", "off"],
      ],
    },
    sepa_debit: {
      label: "SEPA Direct Debit",
      fields: [["iban", "IBAN", "DE89 3704 0044 0532 0130 00", "off"]],
    },
    us_bank_account: {
      label: "US bank account",
      fields: [
        ["routing_number", "Routing number", "110000000", "off"],
        ["account_number", "Account number", "000123456789", "off"],
      ],
    },
  };

  // Calls the API as the page's key may, for the connected account if there is one.
  const caller = (key, account) => async (method, path, values) => {
    const form = new URLSearchParams(values);
    const answer = await fetch(`${api}/v1/${path}${method === "GET" ? `?${form}` : ""}`, {
      method,
      headers: { Authorization: `Bearer ${key}`, ...(account && { "Stripe-Account": account }) },
      body: method === "GET" ? undefined : form,
    });
    return answer.json();
  };

  const intentOf = (secret) => secret.split("_secret_")[0];

  function labelled(text, control) {
    const row = document.createElement("label");
    row.append(text, " ", control);
    return row;
  }

  class PaymentElement {
    #intent;
    #method = "card";
    #choice = null;
    #inputs = {};
    #fieldset = document.createElement("div");
    #listeners = {};

    constructor(intent) {
      this.#intent = intent;
    }

    async mount(place) {
      const parent = typeof place === "string" ? document.querySelector(place) : place;
      const { payment_method_types: types } = await this.#intent;
      const known = types.filter((type) => type in METHODS);
      parent.replaceChildren(...(known.length > 1 ? [this.#chooser(known)] : []), this.#fieldset);
      this.#ask(known[0]);
      this.#tell("ready", {});
    }

    #chooser(types) {
      this.#choice = Object.assign(document.createElement("select"), { name: "method" });
      this.#choice.append(...types.map((type) => new Option(METHODS[type].label, type)));
      this.#choice.addEventListener("change", () => this.#ask(this.#choice.value));
      return labelled("Method", this.#choice);
    }

    #ask(method) {
      this.#method = method;
      this.#inputs = {};
      const rows = METHODS[method].fields.map(([name, label, hint, autocomplete]) => {
        const input = Object.assign(document.createElement("input"), {
          name,
          autocomplete,
          inputMode: name === "iban" ? "text" : "numeric",
          placeholder: hint,
        });
        input.addEventListener("input", () => this.#tell("change", this.state()));
        this.#inputs[name] = input;
        return labelled(label, input);
      });
      this.#fieldset.replaceChildren(...rows);
    }

    unmount() {
      this.#choice?.parentElement.remove();
      this.#fieldset.remove();
    }

    on(event, listener) {
      (this.#listeners[event] ??= []).push(listener);
      return this;
    }

    state() {
      const inputs = Object.values(this.#inputs);
      const filled = inputs.filter((input) => input.value.trim() !== "");
      const complete = inputs.length > 0 && filled.length === inputs.length;
      return { complete, empty: filled.length === 0, value: { type: this.#method } };
    }

    // The form's part of a confirmation.
    values() {
      const method = this.#method;
      const details = method === "card" ? this.#card() : this.#texts();
      return {
        "payment_method_data[type]": method,
        ...Object.fromEntries(
          Object.entries(details).map(([name, value]) => [
            `payment_method_data[${method}][${name}]`,
            value,
          ]),
        ),
      };
    }

    #card() {
      const { number, expiry, cvc } = this.#texts();
      const [month, year] = expiry.split("/");
      return { number, exp_month: Number(month), exp_year: 2000 + Number(year), cvc };
    }

    #texts() {
      const entries = Object.entries(this.#inputs);
      return Object.fromEntries(entries.map(([name, { value }]) => [name, value.replaceAll(" ", "")]));
    }

    #tell(event, state) {
      (this.#listeners[event] ?? []).forEach((listener) => listener(state));
    }
  }

  class Elements {
    #call;
    #payment;

    constructor(call, clientSecret) {
      this.#call = call;
      this.clientSecret = clientSecret;
    }

    create(type) {
      if (type !== "payment") throw new Error(`The sandbox has no Element of type ${type}.`);
      const secret = { client_secret: this.clientSecret };
      const intent = this.#call("GET", `payment_intents/${intentOf(this.clientSecret)}`, secret);
      this.#payment = new PaymentElement(intent);
      return this.#payment;
    }

    getElement(type) {
      return type === "payment" ? (this.#payment ?? null) : null;
    }

    async submit() {
      if (this.#payment?.state().complete) return {};
      const message = "Your payment details are incomplete.";
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

  window.Stripe = (key, { stripeAccount } = {}) => {
    const call = caller(key, stripeAccount);
    return {
      elements: ({ clientSecret }) => new Elements(call, clientSecret),

      async confirmPayment({ elements, clientSecret, confirmParams = {}, redirect = "always" }) {
        const unfinished = await elements.submit();
        if (unfinished.error) return unfinished;
        const secret = clientSecret ?? elements.clientSecret;
        const values = { client_secret: secret, ...elements.getElement("payment").values() };
        if (confirmParams.return_url) values.return_url = confirmParams.return_url;
        const intent = await call("POST", `payment_intents/${intentOf(secret)}/confirm`, values);
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
        const intent = await call("GET", `payment_intents/${intentOf(secret)}`, values);
        return intent.error ? { error: intent.error } : { paymentIntent: intent };
      },

      async handleNextAction({ clientSecret }) {
        const { paymentIntent, error } = await this.retrievePaymentIntent(clientSecret);
        if (error || paymentIntent.status !== "requires_action") return { paymentIntent, error };
        window.location.assign(nextUrl(paymentIntent));
        return never();
      },
    };
  };
})();
