// Reads [{secret, headers, body (base64)}] and prints which of them the library accepts.
import { readFileSync } from "node:fs";
import { Webhook } from "standardwebhooks";

function accepts({ secret, headers, body }) {
  try {
    new Webhook(secret).verify(Buffer.from(body, "base64").toString(), headers);
    return true;
  } catch (error) {
    if (error.constructor.name !== "WebhookVerificationError") throw error;
    return false;
  }
}

console.log(JSON.stringify(JSON.parse(readFileSync(0, "utf8")).map(accepts)));
