package shop;

import static recording.Truth.mark;
import static recording.Truth.nameIn;
import static recording.Truth.sent;

import org.springframework.amqp.core.Binding;
import org.springframework.amqp.core.BindingBuilder;
import org.springframework.amqp.core.Declarables;
import org.springframework.amqp.core.DirectExchange;
import org.springframework.amqp.core.Queue;
import org.springframework.amqp.core.TopicExchange;
import org.springframework.amqp.rabbit.annotation.RabbitListener;
import org.springframework.amqp.rabbit.connection.CachingConnectionFactory;
import org.springframework.amqp.rabbit.connection.SimplePropertyValueConnectionNameStrategy;
import org.springframework.amqp.rabbit.core.RabbitTemplate;
import org.springframework.amqp.rabbit.retry.MessageRecoverer;
import org.springframework.amqp.rabbit.retry.RepublishMessageRecoverer;
import org.springframework.amqp.support.converter.Jackson2JsonMessageConverter;
import org.springframework.amqp.support.converter.MessageConverter;
import org.springframework.boot.CommandLineRunner;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Profile;
import org.springframework.stereotype.Component;

/** A shop on Spring AMQP, one service a profile: listeners that retry in memory and republish what failed for good. */
@SpringBootApplication
public class Shop {
    private static final String EXCHANGE = "shop";
    private static final String ERRORS = "shop.errors";
    private static final int ORDERS = 5;

    public record Order(String marker) {}

    public record Price(String marker, int cents) {}

    public record Invoice(String marker) {}

    public record Complaint(String marker) {}

    public static void main(String[] arguments) {
        SpringApplication.run(Shop.class, arguments);
    }

    @Bean
    MessageConverter json() {
        return new Jackson2JsonMessageConverter();
    }

    @Bean
    Declarables topology() {
        TopicExchange exchange = new TopicExchange(EXCHANGE);
        DirectExchange errors = new DirectExchange(ERRORS);
        Queue billing = new Queue("billing");
        Queue shipping = new Queue("shipping");
        Queue failed = new Queue("shop.failed");
        return new Declarables(exchange, errors, billing, shipping, failed, new Queue("prices"),
                bind(billing, exchange, "order.*"), bind(shipping, exchange, "invoice.*"),
                BindingBuilder.bind(failed).to(errors).with("failed"));
    }

    private static Binding bind(Queue queue, TopicExchange exchange, String key) {
        return BindingBuilder.bind(queue).to(exchange).with(key);
    }

    @Bean
    MessageRecoverer recoverer(RabbitTemplate template) {
        return new RepublishMessageRecoverer(template, ERRORS, "failed");
    }

    @Bean
    @Profile("billing")
    SimplePropertyValueConnectionNameStrategy connectionName() {
        return new SimplePropertyValueConnectionNameStrategy("spring.application.name");
    }

    /** Sends the orders. */
    @Bean
    @Profile("web")
    CommandLineRunner web(RabbitTemplate template, CachingConnectionFactory connections) {
        return arguments -> {
            for (int n = 1; n <= ORDERS; n++) {
                sent("order-" + n, "web", null);
                template.convertAndSend(EXCHANGE, "order.placed", new Order(mark("order-" + n)));
            }
            connections.destroy();
            System.exit(0);
        };
    }

    /** Asks for prices and issues invoices. */
    @Component
    @Profile("billing")
    public static class Billing {
        private final RabbitTemplate template;

        Billing(RabbitTemplate template) {
            this.template = template;
        }

        @RabbitListener(queues = "billing")
        public void bill(Order order) {
            String cause = nameIn(order.marker());
            sent(cause + "/price", "billing", cause);
            template.convertSendAndReceive("", "prices", new Order(mark(cause + "/price")));
            sent(cause + "/invoice", "billing", cause);
            template.convertAndSend(EXCHANGE, "invoice.issued", new Invoice(mark(cause + "/invoice")));
        }
    }

    /** Answers what things cost. */
    @Component
    @Profile("prices")
    public static class Prices {
        @RabbitListener(queues = "prices")
        public Price price(Order order) {
            String cause = nameIn(order.marker());
            sent(cause + "/answer", "prices", cause);
            return new Price(mark(cause + "/answer"), 100);
        }
    }

    /** Ships, but for the fourth order, whose invoice the recoverer publishes again with the exception's text. */
    @Component
    @Profile("shipping")
    public static class Shipping {
        private final RabbitTemplate template;
        private int attempts;

        Shipping(RabbitTemplate template) {
            this.template = template;
        }

        @RabbitListener(queues = "shipping")
        public void ship(Invoice invoice) {
            String cause = nameIn(invoice.marker());
            if (cause.startsWith("order-4/")) {
                attempts++;
                if (attempts == 2) sent(cause + "#2", "shipping", cause);
                throw new IllegalStateException("no such address");
            }
        }

        @RabbitListener(queues = "shop.failed")
        public void complain(Invoice invoice) {
            String cause = nameIn(invoice.marker());
            sent(cause + "/complaint", "shipping", cause + "#2");
            template.convertAndSend(EXCHANGE, "complaint.made", new Complaint(mark(cause + "/complaint")));
        }
    }
}
