//! A shop on lapin: `shop ROLE`. Orders are invoiced under a correlation id that goes with everything they lead to.

use std::{env, fs::OpenOptions, io::Write};

use futures_lite::{future, StreamExt};
use lapin::{
    options::*, types::{FieldTable, LongString}, BasicProperties, Channel, Connection, ConnectionProperties,
    ExchangeKind, Result,
};

const ORDERS: usize = 5;

/// Tell that `service` sends the message `marker` because of `cause`, `None` for a beginning.
fn sent(marker: &str, service: &str, cause: Option<&str>) {
    let cause = cause.map_or("null".into(), |name| format!("\"{name}\""));
    let line = format!("{{\"sent\": \"{marker}\", \"service\": \"{service}\", \"cause\": {cause}}}\n");
    let path = env::var("RECORDING_TRUTH").expect("where to tell the truth");
    let mut file = OpenOptions::new().append(true).open(path).expect("the truth's file");
    file.write_all(line.as_bytes()).expect("the truth told");
}

fn name_in(body: &[u8]) -> String {
    String::from_utf8_lossy(body).split('~').nth(1).expect("a marker").to_string()
}

async fn publish(channel: &Channel, key: &str, name: &str, properties: BasicProperties) -> Result<()> {
    let body = format!("{{\"marker\": \"~{name}~\"}}");
    channel
        .basic_publish("shop", key, BasicPublishOptions::default(), body.as_bytes(), properties)
        .await?
        .await?;
    Ok(())
}

async fn web(channel: &Channel) -> Result<()> {
    for n in 1..=ORDERS {
        let name = format!("order-{n}");
        sent(&name, "web", None);
        let properties = BasicProperties::default().with_correlation_id(name.clone().into());
        publish(channel, "order.placed", &name, properties).await?;
    }
    Ok(())
}

async fn work(channel: &Channel, role: &str, takes: &str, makes: &str) -> Result<()> {
    let none = FieldTable::default();
    channel.queue_declare(role, QueueDeclareOptions::default(), none.clone()).await?;
    channel.queue_bind(role, "shop", takes, QueueBindOptions::default(), none.clone()).await?;
    let mut given = channel.basic_consume(role, role, BasicConsumeOptions::default(), none).await?;
    while let Some(delivery) = given.next().await {
        let delivery = delivery?;
        let cause = name_in(&delivery.data);
        let name = format!("{cause}/{makes}");
        sent(&name, role, Some(&cause));
        let mut properties = BasicProperties::default();
        if let Some(id) = delivery.properties.correlation_id() {
            properties = properties.with_correlation_id(id.clone());
        }
        publish(channel, &format!("{makes}.made"), &name, properties).await?;
        delivery.ack(BasicAckOptions::default()).await?;
    }
    Ok(())
}

async fn run(role: &str) -> Result<()> {
    let url = env::var("AMQP_URL").expect("AMQP_URL") + "%2f";
    let mut properties = ConnectionProperties::default();
    if role == "billing" {
        properties = properties.with_connection_name(LongString::from(role));
    }
    let connection = Connection::connect(&url, properties).await?;
    let channel = connection.create_channel().await?;
    channel.basic_qos(1, BasicQosOptions::default()).await?;
    channel
        .exchange_declare("shop", ExchangeKind::Topic, ExchangeDeclareOptions::default(), FieldTable::default())
        .await?;
    match role {
        "web" => web(&channel).await?,
        "billing" => work(&channel, role, "order.*", "invoice").await?,
        _ => work(&channel, role, "invoice.*", "parcel").await?,
    }
    connection.close(200, "done").await
}

fn main() -> Result<()> {
    let role = env::args().nth(1).expect("a role");
    future::block_on(run(&role))
}
