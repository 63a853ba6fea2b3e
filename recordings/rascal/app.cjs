// A shop on Rascal: `node app.cjs ROLE`. What fails is published to its own queue again, and in the end forwarded.
"use strict";

const { BrokerAsPromised } = require("rascal");
const { mark, nameIn, sent } = require("truth.cjs");

const ORDERS = 5;
const ATTEMPTS = 2;
const role = process.argv[2];

const config = {
  vhosts: {
    "/": {
      connection: {
        url: process.env.AMQP_URL,
        options: { heartbeat: 10 },
        socketOptions: { clientProperties: { connection_name: role } },
      },
      exchanges: ["shop"],
      queues: ["billing", "failed"],
      bindings: ["shop[order.*] -> billing", "shop[failed] -> failed"],
      publications: {
        order: { exchange: "shop", routingKey: "order.placed" },
        invoice: { exchange: "shop", routingKey: "invoice.issued" },
        failed: { exchange: "shop", routingKey: "failed" },
        complaint: { exchange: "shop", routingKey: "complaint.made" },
      },
      subscriptions: { billing: { queue: "billing", prefetch: 1 }, desk: { queue: "failed", prefetch: 1 } },
    },
  },
};

async function publish(broker, publication, name, cause) {
  sent(name, role, cause);
  const publishing = await broker.publish(publication, { marker: mark(name) });
  await new Promise((resolve) => publishing.on("success", resolve));
}

async function billing(broker) {
  const tries = new Map();
  const subscription = await broker.subscribe("billing");
  subscription.on("message", async (message, content, ackOrNack) => {
    const name = nameIn(content.marker);
    const tried = (tries.get(name) || 0) + 1;
    tries.set(name, tried);
    const fails = { "order-2": 1, "order-3": ATTEMPTS + 1 }[name] || 0;
    if (tried <= fails) {
      sent(`${name}#${tried + 1}`, role, tried === 1 ? name : `${name}#${tried}`);
      const again = { strategy: "republish", defer: 200, attempts: ATTEMPTS };
      ackOrNack(new Error("no such address"), [again, { strategy: "forward", publication: "failed" }]);
    } else {
      await publish(broker, "invoice", `${name}/invoice`, tried === 1 ? name : `${name}#${tried}`);
      ackOrNack();
    }
  });
}

async function desk(broker) {
  const subscription = await broker.subscribe("desk");
  subscription.on("message", async (message, content, ackOrNack) => {
    const name = nameIn(content.marker);
    await publish(broker, "complaint", `${name}/complaint`, `${name}#${ATTEMPTS + 2}`);
    ackOrNack();
  });
}

async function main() {
  const broker = await BrokerAsPromised.create(config);
  broker.on("error", console.error);
  if (role === "web") {
    for (let n = 1; n <= ORDERS; n += 1) await publish(broker, "order", `order-${n}`, null);
    await broker.shutdown();
  } else {
    await { billing, desk }[role](broker);
    process.on("SIGTERM", async () => {
      await broker.shutdown();
      process.exit(0);
    });
  }
}

main();
