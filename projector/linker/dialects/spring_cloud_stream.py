"""Spring Cloud Stream on RabbitMQ: queues are `DESTINATION.GROUP`; a function passes on the message id of its input."""

from projector.linker.dialects.reading import Dialect, Reading, What, count
from projector.linker.dialects.spring_amqp import FAILURE

DIALECT = Dialect(
    "Spring Cloud Stream",
    headers={
        "target-protocol": (),
        "source-type": (),
        "retry-count": Reading(What.RETRIES, "Spring retry-count", count),
        **FAILURE,
    },
    marks=(frozenset({"target-protocol"}),),
    recorded=("spring_cloud_stream",),
    notes="a failure is rejected into `QUEUE.dlq`, or published there with the exception in headers",
)
