"""Find or start a RabbitMQ for the demo, the benchmarks and the tests.

``open_broker`` takes the first of these that can be had: the broker whose URLs the caller
gives, a container where a Docker engine really runs, the Debian or Ubuntu package
``rabbitmq-server`` as a private node. A private node has its own name, ports, directories,
cookie and epmd, and never touches a broker that is already on the machine.

Where a step is refused, ``BrokerUnavailable`` says what was tried and exactly what to do.
"""

from examples.local_broker.broker import Broker, BrokerNotOurs, BrokerUnavailable
from examples.local_broker.find import open_broker
from examples.local_broker.node import Membership, PrivateNode
from examples.local_broker.ports import free_ports

__all__ = [
    "Broker",
    "BrokerNotOurs",
    "BrokerUnavailable",
    "Membership",
    "PrivateNode",
    "free_ports",
    "open_broker",
]
