"""What the tap cannot see, in sentences for the capture page. Pure."""

NAMED_MAX = 20
"""So many vhosts are named in a sentence."""

BLIND_SPOTS = (
    "Acknowledgements are not observable: settled is inferred, never seen.",
    "Dead letters through the default exchange are seen only when somebody consumes them.",
    "Dead letters through a direct exchange are seen only for the routing keys that are bound to it.",
    "Messages dropped for want of a dead-letter exchange are seen only as the broker's counters.",
    "Publishes and deliveries of the stream protocol are not observable.",
    "What local shovels (4.2 and later) move is not observable.",
    "Publishes that the broker refuses never appear.",
    "Publishes in a transaction that is rolled back appear as if they had happened.",
    "Direct replies before 4.2 are seen as published, not as delivered.",
    "Around a broker restart or a change of a queue's leader events can be missing: see the gaps.",
    "When the tap queue overflows, the oldest events are lost: see the gaps and the audits.",
    "Message timestamps are cut to 32 bits by the firehose.",
    "Times are those of observation; while the collector catches up they are marked as backlog.",
)


BLIND_IN_MODE = {
    "publishes": (
        "Only publishes are captured: what became of a message, and when, is not known unless it died.",
    ),
    "exchanges": (
        "Only what passes the chosen exchanges is captured, and neither deliveries nor queues.",
        "Who published it, on which connection and node, is not known: the broker does not tell a binding.",
        "On a direct exchange only messages with a key that is bound are captured.",
    ),
}
"""What a light mode of the tap cannot see, by how the mode of a plan begins."""
