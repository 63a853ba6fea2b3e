package shop;

import static recording.Truth.mark;
import static recording.Truth.nameIn;
import static recording.Truth.sent;

import java.util.function.Consumer;
import java.util.function.Function;
import org.springframework.amqp.rabbit.annotation.RabbitListener;
import org.springframework.boot.CommandLineRunner;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.cloud.stream.function.StreamBridge;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Profile;
import org.springframework.stereotype.Component;

/** A shop of stream functions, one service a profile: a failure is published to the dead-letter queue, or rejected. */
@SpringBootApplication
public class Shop {
    private static final int ORDERS = 5;

    public record Order(String marker) {}

    public record Invoice(String marker) {}

    public record Complaint(String marker) {}

    public static void main(String[] arguments) {
        SpringApplication.run(Shop.class, arguments);
    }

    /** Sends the orders. */
    @Bean
    @Profile("web")
    CommandLineRunner web(StreamBridge bridge) {
        return arguments -> {
            for (int n = 1; n <= ORDERS; n++) {
                sent("order-" + n, "web", null);
                bridge.send("orders", new Order(mark("order-" + n)));
            }
            System.exit(0);
        };
    }

    /** Makes an invoice of an order. */
    @Bean
    @Profile("billing")
    Function<Order, Invoice> billing() {
        return order -> {
            String cause = nameIn(order.marker());
            sent(cause + "/invoice", "billing", cause);
            return new Invoice(mark(cause + "/invoice"));
        };
    }

    /** Refuses the second order, which the broker then dead-letters. */
    @Bean
    @Profile("audit")
    Consumer<Order> audit() {
        return order -> {
            if (nameIn(order.marker()).equals("order-2")) throw new IllegalArgumentException("suspicious");
        };
    }

    /** Fails for the fourth order, whose invoice the binder publishes to its dead-letter queue after two attempts. */
    @Bean
    @Profile("shipping")
    Consumer<Invoice> shipping() {
        int[] attempts = {0};
        return invoice -> {
            String cause = nameIn(invoice.marker());
            if (cause.startsWith("order-4/")) {
                if (++attempts[0] == 2) sent(cause + "#2", "shipping", cause);
                throw new IllegalStateException("no such address");
            }
        };
    }

    /** Complains of what stands in the dead-letter queue. */
    @Component
    @Profile("complaints")
    public static class Complaints {
        private final StreamBridge bridge;

        Complaints(StreamBridge bridge) {
            this.bridge = bridge;
        }

        @RabbitListener(queues = "invoices.shipping.dlq")
        public void complain(byte[] invoice) {
            String cause = nameIn(invoice);
            sent(cause + "/complaint", "complaints", cause + "#2");
            bridge.send("complaints", new Complaint(mark(cause + "/complaint")));
        }
    }
}
