"""EasyNetQ: the type stands in the property, a request's failure in headers of the reply, any other in the error queue."""

from projector.linker.dialects.reading import Dialect, Reading, What, error_line

DIALECT = Dialect(
    "EasyNetQ",
    headers={
        "isfaulted": (),
        "exceptionmessage": Reading(What.ERROR, "EasyNetQ ExceptionMessage", error_line),
    },
    in_body={
        "easynetq/Queue": (),
        "easynetq/Exception": Reading(What.ERROR, "EasyNetQ Exception", error_line),
    },
    marks=(frozenset({"isfaulted"}),),
    notes="what failed is published to `EasyNetQ_Default_Error_Queue`, wrapped with exchange, key, queue and exception",
)
