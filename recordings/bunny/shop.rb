# A shop on Bunny: `ruby shop.rb ROLE`. Its worker rejects what fails into a queue that waits, as Sneakers does it.

require "bunny"
require_relative "../applications/truth"

ROLE = ARGV.fetch(0)
ORDERS = 5
RETRIES = 2
WAIT_MS = 300

def body(name)
  JSON.generate({ marker: mark(name) })
end

def failures(properties)
  deaths = (properties.headers || {})["x-death"] || []
  deaths.select { |death| death["queue"] == "billing" }.sum { |death| death["count"] }
end

connection = Bunny.new(host: ENV.fetch("AMQP_HOST"), port: ENV.fetch("AMQP_PORT").to_i,
                       connection_name: ROLE == "billing" ? "billing" : nil)
connection.start
channel = connection.create_channel
channel.prefetch(1)
shop = channel.topic("shop", durable: true)
retrying = channel.topic("billing-retry", durable: true)
requeue = channel.topic("billing-retry-requeue", durable: true)
errors = channel.topic("billing-error", durable: true)

case ROLE
when "web"
  (1..ORDERS).each do |n|
    sent("order-#{n}", ROLE)
    shop.publish(body("order-#{n}"), routing_key: "order.placed", message_id: "id-#{n}", persistent: true,
                                     timestamp: Time.now.to_i, content_type: "application/json")
  end
  connection.close
  exit
when "billing"
  waiting = { "x-dead-letter-exchange" => "billing-retry-requeue", "x-message-ttl" => WAIT_MS }
  channel.queue("billing-retry", durable: true, arguments: waiting).bind(retrying, routing_key: "#")
  channel.queue("billing-error", durable: true).bind(errors, routing_key: "#")
  queue = channel.queue("billing", durable: true, arguments: { "x-dead-letter-exchange" => "billing-retry" })
  queue.bind(shop, routing_key: "order.*").bind(requeue, routing_key: "#")
  queue.subscribe(manual_ack: true) do |delivery, properties, payload|
    cause = name_in(payload)
    fails = { "order-2" => 1, "order-3" => RETRIES + 1 }.fetch(cause, 0)
    failed = failures(properties)
    if failed < fails && failed < RETRIES
      channel.reject(delivery.delivery_tag, false)
    elsif failed < fails
      sent("#{cause}#2", ROLE, cause)
      errors.publish(payload, routing_key: delivery.routing_key, headers: properties.headers)
      channel.ack(delivery.delivery_tag)
    else
      sent("#{cause}/invoice", ROLE, cause)
      shop.publish(body("#{cause}/invoice"), routing_key: "invoice.issued", correlation_id: properties.message_id)
      channel.ack(delivery.delivery_tag)
    end
  end
end

Signal.trap("TERM") { exit }
sleep
