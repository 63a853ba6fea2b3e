// A shop on amqp091-go: `shop ROLE`. Orders are invoiced; the price of each is asked for over a reply queue.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"os/signal"
	"strings"
	"syscall"

	amqp "github.com/rabbitmq/amqp091-go"
)

const orders = 5

var role = os.Args[1]

// sent tells that the role sends the message marker because of cause, "" for a beginning.
func sent(marker, cause string) {
	line := map[string]any{"sent": marker, "service": role, "cause": nil}
	if cause != "" {
		line["cause"] = cause
	}
	told, _ := json.Marshal(line)
	file, err := os.OpenFile(os.Getenv("RECORDING_TRUTH"), os.O_APPEND|os.O_WRONLY, 0o644)
	check(err)
	defer file.Close()
	_, err = file.Write(append(told, '\n'))
	check(err)
}

func body(name string) []byte { return []byte(fmt.Sprintf(`{"marker": "~%s~"}`, name)) }

func nameIn(body []byte) string { return strings.Split(string(body), "~")[1] }

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func publish(channel *amqp.Channel, exchange, key, name, cause string, message amqp.Publishing) {
	sent(name, cause)
	message.Body = body(name)
	check(channel.PublishWithContext(context.Background(), exchange, key, false, false, message))
}

func consume(channel *amqp.Channel, queue string) <-chan amqp.Delivery {
	_, err := channel.QueueDeclare(queue, true, false, false, false, nil)
	check(err)
	deliveries, err := channel.Consume(queue, role, false, false, false, false, nil)
	check(err)
	return deliveries
}

func web(channel *amqp.Channel) {
	for n := 1; n <= orders; n++ {
		message := amqp.Publishing{MessageId: fmt.Sprintf("id-%d", n), Type: "OrderPlaced", AppId: "web"}
		publish(channel, "shop", "order.placed", fmt.Sprintf("order-%d", n), "", message)
	}
}

func billing(channel *amqp.Channel) {
	replies, err := channel.QueueDeclare("", false, true, true, false, nil)
	check(err)
	answers, err := channel.Consume(replies.Name, "", true, true, false, false, nil)
	check(err)
	placed := consume(channel, "billing")
	check(channel.QueueBind("billing", "order.*", "shop", false, nil))
	for order := range placed {
		cause := nameIn(order.Body)
		request := amqp.Publishing{CorrelationId: "price of " + order.MessageId, ReplyTo: replies.Name}
		publish(channel, "", "prices", cause+"/price", cause, request)
		<-answers
		invoice := amqp.Publishing{CorrelationId: order.MessageId, Type: "InvoiceIssued"}
		publish(channel, "shop", "invoice.issued", cause+"/invoice", cause, invoice)
		check(order.Ack(false))
	}
}

func prices(channel *amqp.Channel) {
	for request := range consume(channel, "prices") {
		cause := nameIn(request.Body)
		answer := amqp.Publishing{CorrelationId: request.CorrelationId}
		publish(channel, "", request.ReplyTo, cause+"/answer", cause, answer)
		check(request.Ack(false))
	}
}

func main() {
	config := amqp.Config{Properties: amqp.NewConnectionProperties()}
	if role == "billing" {
		config.Properties.SetClientConnectionName(role)
	}
	connection, err := amqp.DialConfig(os.Getenv("AMQP_URL"), config)
	check(err)
	channel, err := connection.Channel()
	check(err)
	check(channel.Qos(1, 0, false))
	check(channel.ExchangeDeclare("shop", "topic", true, false, false, false, nil))
	switch role {
	case "web":
		web(channel)
		check(connection.Close())
		return
	case "billing":
		go billing(channel)
	case "prices":
		go prices(channel)
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	<-stop
	os.Exit(0)
}
