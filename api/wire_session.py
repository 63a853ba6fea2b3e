"""The JSON forms of a browser's session.

Pure.
"""

from pydantic import Field

from api.wire import Out, TimeOut
from api.wire_operations import AccessOut, In


class LoginIn(In):
    """The API key to open a session with."""

    key: str = Field(min_length=1, max_length=512, examples=["ht_0123456789abcdef_SECRET"])


class SessionOut(Out):
    """Who asks, and whether a key is needed to be anybody."""

    key_needed: bool = Field(description="Whether nothing is answered without a key or a session.")
    who: AccessOut | None = Field(description="null for nobody that is known.")
    ends_at: TimeOut | None = Field(
        description="When the session ends; null for who asks without one."
    )
