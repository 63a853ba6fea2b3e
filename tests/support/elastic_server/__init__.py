"""A real Elasticsearch for the tests.

``open_elastic`` takes the first of these that can be had: the server whose URL the caller gives,
a container where a Docker engine really runs, the server of the Maven artifact as a private node.
A private node has ports, directories and a user of its own, listens on 127.0.0.1 only and ends
when the process that started it ends.

Where a step is refused, ``ElasticUnavailable`` says what was tried and exactly what to do.
"""

from tests.support.elastic_server.find import open_elastic, prepare_elastic
from tests.support.elastic_server.server import (
    ElasticNotOurs,
    ElasticServer,
    ElasticUnavailable,
)

__all__ = [
    "ElasticNotOurs",
    "ElasticServer",
    "ElasticUnavailable",
    "open_elastic",
    "prepare_elastic",
]
