"""What a recorded application knows of its own messages, told beside them into a file. For any Python from 2.7 on.

A marker is ``~NAME~`` in the body of a message, or its message id. Where one marker is published several times, ``NAME#2``
is its second publish, and ``NAME`` or ``NAME#1`` the first.
"""

import json
import os


def sent(marker, service, cause=None, **more):
    """Tell that *service* sends the message *marker* because of the message *cause*, None for a beginning."""
    line = dict(more, sent=marker, service=service, cause=cause)
    told = (json.dumps(line, sort_keys=True) + "\n").encode()
    file = os.open(os.environ["RECORDING_TRUTH"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        os.write(file, told)
    finally:
        os.close(file)


def mark(name):
    """Return what stands in the body of the message *name*."""
    return "~" + name + "~"


def name_in(text):
    """Return the name of the first marker in *text*, a message's body."""
    if isinstance(text, bytes):
        text = text.decode("utf-8", "replace")
    return text.split("~")[1]
