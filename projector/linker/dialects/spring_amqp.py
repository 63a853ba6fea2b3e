"""Spring AMQP: the converter writes the type, a recoverer that publishes a failure again what went wrong and where it was.

A retry in memory is seen by nobody, so that a failure has one delivery however often it was tried.
"""

from projector.linker.dialects.reading import Dialect, Reading, What, error_line, text

FAILURE = {
    "x-exception-message": Reading(What.ERROR, "x-exception-message", error_line),
    "x-exception-stacktrace": Reading(What.ERROR, "x-exception-stacktrace", error_line),
}

DIALECT = Dialect(
    "Spring AMQP",
    headers={
        "__typeid__": Reading(What.TYPE, "__TypeId__", text),
        "spring_reply_correlation": Reading(What.CONVERSATION, "spring_reply_correlation", text),
        **FAILURE,
    },
    marks=(
        frozenset({"__typeid__"}),
        frozenset({"x-exception-stacktrace", "x-original-exchange"}),
        frozenset({"x-exception-message", "x-original-exchange"}),
        frozenset({"spring_reply_correlation"}),
    ),
    recorded=("spring_amqp",),
    notes="`traceparent` with observations on; connections are called `rabbitConnectionFactory#…` unless named",
)
