"""Tap a broker and append what it does to the log.

Three entry points for the command line, in modules of their own so that importing one stays cheap:

* ``collector.run.collect(settings, log, stop) -> Outcome``: capture until *stop* (an ``asyncio.Event``) is set; `log` is
  an open ``EventLog``. ``Outcome.code`` is the exit code: 0 stopped as asked, 2 the log belongs to another broker or a
  setting is wrong, 4 the log or the broker refuses for good, 5 another collector leads or took over. `Outcome.reason` is
  for a person.
* ``collector.doctor.examine.examine(settings, log) -> Report``: what stands, what is missing and the commands that mend it;
  `log` may be None. Changes nothing.
* ``collector.remove.remove(settings) -> list[str]``: switch tracing off and delete everything of the tap from the
  broker; returns what was done, one line each. Raises ``collector.management.broker.BrokerUnavailable`` when it cannot be
  reached.

`settings` is a ``collector.settings.CollectorSettings``.
"""
