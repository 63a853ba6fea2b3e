// A shop of NestJS microservices over RabbitMQ: `node app.js ROLE`.
import "reflect-metadata";
import { Controller, Module } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import {
  ClientProxy,
  ClientProxyFactory,
  Ctx,
  EventPattern,
  MessagePattern,
  Payload,
  RmqContext,
  RmqOptions,
  RpcException,
  Transport,
} from "@nestjs/microservices";
import { firstValueFrom } from "rxjs";

const { mark, nameIn, sent } = require("truth.cjs");

const ORDERS = 5;
const role = process.argv[2];
const named = role !== "mails";

type Marked = { marker: string };

function options(queue: string): RmqOptions["options"] {
  const socketOptions = named ? { connectionOptions: { clientProperties: { connection_name: role } } } : {};
  return { urls: [process.env.AMQP_URL as string], queue, queueOptions: { durable: true }, socketOptions };
}

function client(queue: string): ClientProxy {
  return ClientProxyFactory.create({ transport: Transport.RMQ, options: options(queue) });
}

function marked(name: string, cause: string | null): Marked {
  sent(name, role, cause);
  return { marker: mark(name) };
}

const ack = (context: RmqContext) => context.getChannelRef().ack(context.getMessage());

@Controller()
class Orders {
  private readonly stock = client("stock");
  private readonly mails = client("mails");

  @MessagePattern("order.place")
  async place(@Payload() order: Marked, @Ctx() context: RmqContext): Promise<Marked> {
    const cause = nameIn(order.marker);
    try {
      await firstValueFrom(this.stock.send({ cmd: "reserve" }, marked(`${cause}/reserve`, cause)));
      await firstValueFrom(this.mails.emit("order.placed", marked(`${cause}/placed`, cause)));
      return marked(`${cause}/answer`, cause);
    } catch (refused) {
      throw new RpcException(marked(`${cause}/answer`, cause));
    } finally {
      ack(context);
    }
  }
}

@Controller()
class Stock {
  @MessagePattern({ cmd: "reserve" })
  async reserve(@Payload() wish: Marked, @Ctx() context: RmqContext): Promise<Marked> {
    const cause = nameIn(wish.marker);
    const answer = marked(`${cause}/answer`, cause);
    ack(context);
    if (cause.startsWith("order-3/")) throw new RpcException({ message: `sold out ${answer.marker}` });
    return answer;
  }
}

@Controller()
class Mails {
  private readonly archive = client("archive");
  private readonly refused = new Set<string>();

  @EventPattern("order.placed")
  async placed(@Payload() event: Marked, @Ctx() context: RmqContext): Promise<void> {
    const cause = nameIn(event.marker);
    if (cause.startsWith("order-2/") && !this.refused.has(cause)) {
      this.refused.add(cause);
      context.getChannelRef().nack(context.getMessage(), false, true);
      return;
    }
    await firstValueFrom(this.archive.emit("mail.sent", marked(`${cause}/mail`, cause)));
    ack(context);
  }
}

@Controller()
class Archive {
  @EventPattern("mail.sent")
  kept(@Ctx() context: RmqContext): void {
    ack(context);
  }
}

const SERVICES = { orders: Orders, stock: Stock, mails: Mails, archive: Archive };

async function serve(controller: (typeof SERVICES)[keyof typeof SERVICES]): Promise<void> {
  @Module({ controllers: [controller] })
  class Service {}

  const app = await NestFactory.createMicroservice(Service, {
    transport: Transport.RMQ,
    options: { ...options(role), noAck: false, prefetchCount: 1 },
  });
  app.enableShutdownHooks();
  await app.listen();
}

async function web(): Promise<void> {
  const orders = client("orders");
  for (let n = 1; n <= ORDERS; n += 1) {
    await firstValueFrom(orders.send("order.place", marked(`order-${n}`, null))).catch(() => null);
  }
  orders.close();
}

if (role === "web") web();
else serve(SERVICES[role as keyof typeof SERVICES]);
