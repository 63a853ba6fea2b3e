"""Links to Kibana in what the API and the command line tell."""

from dataclasses import replace

import httpx2

from api.app import create_app
from api.kibana_links import KibanaLinks
from cli.render.message import draw
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
