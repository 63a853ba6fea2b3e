"""A client that is no service: it places two orders, one after the other, and one that fails."""

import contextlib
import os

import truth
from nameko.exceptions import RemoteError
from nameko.standalone.rpc import ClusterRpcProxy

if __name__ == "__main__":
    with ClusterRpcProxy({"AMQP_URI": os.environ["AMQP_URL"]}) as services:
        for marker in ("a", "b"):
            truth.sent(marker, "web")
            services.orders.place(truth.mark(marker))
        truth.sent("c", "web")
        with contextlib.suppress(RemoteError):
            services.orders.refuse(truth.mark("c"))
