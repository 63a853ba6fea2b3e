package shop;

import static recording.Truth.mark;
import static recording.Truth.nameIn;
import static recording.Truth.sent;

import com.rabbitmq.client.AMQP.BasicProperties;
import com.rabbitmq.client.BuiltinExchangeType;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import com.rabbitmq.client.Delivery;
import com.rabbitmq.client.RpcClient;
import com.rabbitmq.client.RpcClientParams;
import com.rabbitmq.client.RpcServer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** A shop of services on the plain client: {@code Main ROLE...}, several roles being several services of one process. */
public final class Main {
    private static final String EXCHANGE = "shop";
    private static final String RETRY = "shipping.retry";
    private static final int ORDERS = 5;
    private static final int ROUNDS = 2;
    private static final int RPC_MS_MAX = 30_000;

    private Main() {}

    public static void main(String[] roles) throws Exception {
        ConnectionFactory factory = new ConnectionFactory();
        factory.setHost(System.getenv("AMQP_HOST"));
        factory.setPort(Integer.parseInt(System.getenv("AMQP_PORT")));
        for (String role : roles) {
            Connection connection = isNamed(role) ? factory.newConnection(role) : factory.newConnection();
            Channel channel = connection.createChannel();
            channel.basicQos(1);
            channel.exchangeDeclare(EXCHANGE, BuiltinExchangeType.TOPIC, true);
            switch (role) {
                case "shop" -> {
                    for (int n = 1; n <= ORDERS; n++) placeOrder(channel, "order-" + n);
                    connection.close();
                }
                case "billing" -> billing(channel, connection.createChannel());
                case "tax" -> tax(channel);
                case "shipping" -> shipping(channel);
                default -> throw new IllegalArgumentException(role);
            }
        }
    }

    private static boolean isNamed(String role) {
        return role.equals("shop") || role.equals("shipping");
    }

    private static byte[] body(String name) {
        return ("{\"marker\": \"" + mark(name) + "\"}").getBytes(StandardCharsets.UTF_8);
    }

    /** Publish one order; a trace begins here where an agent is told to watch this method. */
    static void placeOrder(Channel channel, String name) throws Exception {
        sent(name, "shop", null);
        BasicProperties properties = new BasicProperties.Builder()
                .messageId(UUID.randomUUID().toString())
                .correlationId(name)
                .contentType("application/json")
                .deliveryMode(2)
                .type("order.placed")
                .build();
        channel.basicPublish(EXCHANGE, "order.placed", properties, body(name));
    }

    private static void billing(Channel channel, Channel calls) throws Exception {
        RpcClient tax = new RpcClient(
                new RpcClientParams().channel(calls).exchange("").routingKey("tax").timeout(RPC_MS_MAX));
        channel.queueDeclare("billing", true, false, false, null);
        channel.queueBind("billing", EXCHANGE, "order.*");
        channel.basicConsume("billing", false, (tag, delivery) -> {
            String cause = nameIn(delivery.getBody());
            try {
                sent(cause + "/tax", "billing", cause);
                tax.primitiveCall(body(cause + "/tax"));
                sent(cause + "/invoice", "billing", cause);
                channel.basicPublish(EXCHANGE, "invoice.issued", invoice(delivery), body(cause + "/invoice"));
            } catch (Exception failed) {
                throw new IllegalStateException(failed);
            }
            channel.basicAck(delivery.getEnvelope().getDeliveryTag(), false);
        }, tag -> {});
    }

    private static BasicProperties invoice(Delivery order) {
        return new BasicProperties.Builder()
                .messageId(UUID.randomUUID().toString())
                .correlationId(order.getProperties().getCorrelationId())
                .appId("billing")
                .type("invoice.issued")
                .build();
    }

    private static void tax(Channel channel) throws Exception {
        channel.queueDeclare("tax", true, false, false, null);
        RpcServer server = new RpcServer(channel, "tax") {
            @Override
            public byte[] handleCall(Delivery request, BasicProperties reply) {
                String cause = nameIn(request.getBody());
                sent(cause + "/answer", "tax", cause);
                return body(cause + "/answer");
            }
        };
        Thread thread = new Thread(() -> {
            try {
                server.mainloop();
            } catch (Exception ended) {
                throw new IllegalStateException(ended);
            }
        });
        thread.start();
    }

    /** One order's invoice is rejected into a retry queue, whose messages expire back, and is handled in its third round. */
    private static void shipping(Channel channel) throws Exception {
        channel.queueDeclare("shipping", true, false, false,
                Map.of("x-dead-letter-exchange", "", "x-dead-letter-routing-key", RETRY));
        channel.queueDeclare(RETRY, true, false, false, Map.of("x-message-ttl", 300,
                "x-dead-letter-exchange", "", "x-dead-letter-routing-key", "shipping"));
        channel.queueBind("shipping", EXCHANGE, "invoice.*");
        channel.basicConsume("shipping", false, (tag, delivery) -> {
            String cause = nameIn(delivery.getBody());
            if (cause.startsWith("order-2/") && rounds(delivery) < ROUNDS) {
                channel.basicReject(delivery.getEnvelope().getDeliveryTag(), false);
                return;
            }
            sent(cause + "/parcel", "shipping", cause);
            BasicProperties properties = new BasicProperties.Builder()
                    .correlationId(delivery.getProperties().getCorrelationId())
                    .type("parcel.sent")
                    .build();
            channel.basicPublish(EXCHANGE, "parcel.sent", properties, body(cause + "/parcel"));
            channel.basicAck(delivery.getEnvelope().getDeliveryTag(), false);
        }, tag -> {});
    }

    private static long rounds(Delivery delivery) {
        Map<String, Object> headers = delivery.getProperties().getHeaders();
        if (headers == null || !(headers.get("x-death") instanceof List<?> deaths) || deaths.isEmpty()) return 0;
        return (Long) ((Map<?, ?>) deaths.get(0)).get("count");
    }
}
