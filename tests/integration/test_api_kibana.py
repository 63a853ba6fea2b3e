"""Links to Kibana in what the API and the command line tell."""

from dataclasses import replace

import httpx2

from api.app import create_app
from api.kibana_links import KibanaLinks
from cli.render.message import draw
from cli.serving import kibana_of
from cli.settings import load
from tests.support.served import URL, served

LINKS = KibanaLinks(url="https://kibana.example", data_view="hoptrail-messages")


async def test_every_message_of_the_api_names_its_place_in_kibana() -> None:
    """With a Kibana set, messages carry its addresses, in lists too, and `show` prints that of the message."""
    async with served(moves=60) as made:
        transport = httpx2.ASGITransport(create_app(replace(made.ports, kibana=LINKS)))
        async with httpx2.AsyncClient(transport=transport, base_url=URL) as client:
            listed = (await client.get("/api/v1/messages?limit=3")).json()["items"]
            message = (await client.get(f"/api/v1/messages/{listed[0]['uid']}")).json()
            trace = (await client.get(f"/api/v1/traces/{message['trace_id']}")).json()

    for each in (*listed, message, *trace["items"]):
        assert each["links"]["kibana"].startswith("https://kibana.example/app/discover#/?_g=")
        assert each["uid"] in each["links"]["kibana"]
        assert each["trace_id"] in each["links"]["kibana_trace"]
    assert message["links"] == listed[0]["links"]
    assert any(message["links"]["kibana"] in str(line) for line in draw(message))


async def test_without_a_kibana_there_is_no_link() -> None:
    """The links are there and null, so that a reader need not guess."""
    async with served(moves=60) as made, made.client() as client:
        (message,) = (await client.get("/api/v1/messages?limit=1")).json()["items"]

    assert message["links"] == {"kibana": None, "kibana_trace": None}
    assert not any("kibana" in str(line) for line in draw(message))


def test_links_follow_the_settings_and_hold_no_password() -> None:
    """They lead to the Kibana set and to the data view of the prefix, without the credentials of the import."""
    settings = {
        "HOPTRAIL_STORE": "https://elastic:secret@es.example:9200",
        "HOPTRAIL_STORE_PREFIX": "trail",
        "HOPTRAIL_KIBANA_URL": "https://admin:secret@kibana.example:5601/s/ops",
    }

    links = kibana_of(load(settings))
    assert links == KibanaLinks(url="https://kibana.example:5601/s/ops", data_view="trail-messages")


def test_messages_that_kibana_cannot_read_do_not_link_to_it() -> None:
    """A store on this machine is none of Kibana's, and without a Kibana there is nothing to link to."""
    url = "http://127.0.0.1:5601"

    assert kibana_of(load({"HOPTRAIL_KIBANA_URL": url})) is None
    assert kibana_of(load({"HOPTRAIL_STORE": "http://127.0.0.1:9200"})) is None
