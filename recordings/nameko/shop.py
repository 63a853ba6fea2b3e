"""The services. Each tells what it sends because of what it was called with."""

import truth
from nameko.events import EventDispatcher, event_handler
from nameko.rpc import RpcProxy, rpc


class Refused(Exception):
    """What a call fails with."""


class Orders:
    """Takes orders, asks the stock twice at a time, and tells what came of it."""

    name = "orders"
    stock = RpcProxy("stock")
    dispatch = EventDispatcher()

    @rpc
    def place(self, body):
        """Reserve two things, the order `a` at once, any other one after another; then tell."""
        name = truth.name_in(body)
        calls = []
        for number in range(2):
            truth.sent(f"{name}-reserve-{number}", self.name, name)
            calls.append(self.stock.reserve.call_async(truth.mark(f"{name}-reserve-{number}")))
            if name != "a":
                calls.pop().result()
        for call in calls:
            call.result()
        truth.sent(f"{name}-placed", self.name, name)
        self.dispatch("placed", truth.mark(f"{name}-placed"))
        truth.sent(f"{name}-reply", self.name, name)
        return truth.mark(f"{name}-reply")

    @rpc
    def refuse(self, body):
        """Fail: the reply says so."""
        name = truth.name_in(body)
        truth.sent(f"{name}-failed", self.name, name)
        raise Refused(truth.mark(f"{name}-failed"))


class Stock:
    """Answers, after a word to the mails service."""

    name = "stock"
    mails = RpcProxy("mails")

    @rpc
    def reserve(self, body):
        """Call on, then answer."""
        name = truth.name_in(body)
        truth.sent(f"{name}-count", self.name, name)
        self.mails.count(truth.mark(f"{name}-count"))
        truth.sent(f"{name}-reply", self.name, name)
        return truth.mark(f"{name}-reply")


class Mails:
    """Hears of orders, and counts."""

    name = "mails"

    @event_handler("orders", "placed")
    def note(self, body):
        """Start nothing more."""

    @rpc
    def count(self, body):
        """Answer."""
        name = truth.name_in(body)
        truth.sent(f"{name}-reply", self.name, name)
        return truth.mark(f"{name}-reply")
