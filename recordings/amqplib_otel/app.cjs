// A shop whose services talk through amqplib: `node app.cjs ROLE`.
//
// All but the tax office run under the OpenTelemetry instrumentation, so its hop is one that traces do not see.
"use strict";

const { randomUUID } = require("node:crypto");
const { mark, nameIn, sent } = require("truth.cjs");

const EXCHANGE = "shop";
const DEAD = "shop.dead";
const ORDERS = 6;
const role = process.argv[2];

if (role !== "tax") instrument();
const amqp = require("amqplib");

function instrument() {
  const { NodeTracerProvider } = require("@opentelemetry/sdk-trace-node");
  const { AmqplibInstrumentation } = require("@opentelemetry/instrumentation-amqplib");
  new NodeTracerProvider().register();
  new AmqplibInstrumentation().enable();
}

const body = (name) => Buffer.from(JSON.stringify({ marker: mark(name) }));

const nameOf = (message) => nameIn(message.content);

function shop(channel) {
  for (let n = 1; n <= ORDERS; n += 1) {
    sent(`order-${n}`, role);
    channel.publish(EXCHANGE, "order.placed", body(`order-${n}`), { messageId: randomUUID(), type: "OrderPlaced" });
  }
}

async function billing(channel) {
  const answers = await channel.assertQueue("", { exclusive: true });
  const waiting = new Map();
  await channel.consume(answers.queue, (reply) => waiting.get(reply.properties.correlationId)(reply), { noAck: true });
  await channel.assertQueue("billing");
  await channel.bindQueue("billing", EXCHANGE, "order.*");
  await channel.consume("billing", async (message) => {
    const cause = nameOf(message);
    const correlationId = randomUUID();
    const answered = new Promise((resolve) => waiting.set(correlationId, resolve));
    sent(`${cause}/tax`, role, cause);
    channel.sendToQueue("tax", body(`${cause}/tax`), { correlationId, replyTo: answers.queue });
    await answered;
    sent(`${cause}/invoice`, role, cause);
    channel.publish(EXCHANGE, "invoice.issued", body(`${cause}/invoice`), { type: "InvoiceIssued" });
    channel.ack(message);
  });
}

async function tax(channel) {
  await channel.assertQueue("tax");
  await channel.consume("tax", (message) => {
    const cause = nameOf(message);
    const { correlationId, replyTo } = message.properties;
    sent(`${cause}/answer`, role, cause);
    channel.sendToQueue(replyTo, body(`${cause}/answer`), { correlationId });
    channel.ack(message);
  });
}

async function shipping(channel) {
  const refused = new Set();
  await channel.assertQueue("shipping", { deadLetterExchange: DEAD });
  await channel.bindQueue("shipping", EXCHANGE, "invoice.*");
  await channel.consume("shipping", (message) => {
    const cause = nameOf(message);
    if (cause.startsWith("order-2/") && !refused.has(cause)) {
      refused.add(cause);
      channel.nack(message, false, true);
    } else if (cause.startsWith("order-4/")) {
      channel.nack(message, false, false);
    } else {
      sent(`${cause}/parcel`, role, cause);
      channel.publish(EXCHANGE, "parcel.sent", body(`${cause}/parcel`), { type: "ParcelSent" });
      channel.ack(message);
    }
  });
}

async function complaints(channel) {
  await channel.assertQueue("complaints");
  await channel.bindQueue("complaints", DEAD, "");
  await channel.consume("complaints", (message) => {
    const cause = nameOf(message);
    sent(`${cause}/excuse`, role, cause);
    channel.publish(EXCHANGE, "excuse.made", body(`${cause}/excuse`), { type: "ExcuseMade" });
    channel.ack(message);
  });
}

async function main() {
  const clientProperties = role === "complaints" ? {} : { connection_name: role };
  const connection = await amqp.connect(process.env.AMQP_URL, { clientProperties });
  const channel = await connection.createChannel();
  await channel.assertExchange(EXCHANGE, "topic");
  await channel.assertExchange(DEAD, "fanout");
  await channel.prefetch(1);
  await { shop, billing, tax, shipping, complaints }[role](channel);
  const end = async () => {
    await channel.close();
    await connection.close();
    process.exit(0);
  };
  process.on("SIGTERM", end);
  if (role === "shop") await end();
}

main();
