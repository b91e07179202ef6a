const verify = require("./recipe.js");

const decoded = (text) => Buffer.from(text, "base64");
for (const line of require("node:fs").readFileSync(0, "utf8").trim().split("\n")) {
  const [secret, header, body] = line.split(" ");
  const headers = header === "-" ? {} : { "x-webhook-signature": decoded(header.slice(1)).toString() };
  console.log(verify(secret, headers, decoded(body)));
}
