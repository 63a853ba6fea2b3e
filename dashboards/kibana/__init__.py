"""Kibana's saved objects for the message documents: a data view, searches and dashboards.

Pure. ``objects`` gives the import file; ``hoptrail.ndjson`` beside this module is what it gives for a hoptrail with the
usual prefix at its usual address.
"""

from dashboards.kibana.capture import capture
from dashboards.kibana.data_view import data_view, data_view_id
from dashboards.kibana.failures import failures
from dashboards.kibana.flows import flows
from dashboards.kibana.saved import ndjson
from dashboards.kibana.searches import SEARCHES
from dashboards.kibana.traffic import traffic
from store.elastic.names import PREFIX

PUBLIC_URL = "http://127.0.0.1:8652"
"""Where hoptrail is opened when nothing else is set."""

DASHBOARDS = (traffic, failures, flows, capture)


def objects(prefix: str = PREFIX, public_url: str = PUBLIC_URL) -> bytes:
    """Return the import file (NDJSON) for the indices that begin with *prefix*.

    *public_url* is where Kibana's users open hoptrail; links lead there. Ids begin with *prefix*, so that several
    hoptrails may share a Kibana. The same arguments give the same bytes.
    """
    view, url = data_view_id(prefix), public_url.rstrip("/")
    return ndjson(
        [
            data_view(prefix, url),
            *(search.saved(prefix, view) for search in SEARCHES),
            *(dashboard(prefix, url).saved(view) for dashboard in DASHBOARDS),
        ]
    )
