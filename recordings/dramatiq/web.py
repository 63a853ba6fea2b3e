"""The web process: it starts tasks."""

import truth
from shop import broker, charge, deliver, mail, pack, refuse

if __name__ == "__main__":
    mark = truth.mark
    for number in range(3):
        charge.send(mark(f"a{number}"))
    (
        charge.message(mark("b")) | pack.message_with_options(args=(mark("c"),), pipe_ignore=True)
    ).run()
    deliver.send(mark("d"))
    refuse.send(mark("e"))
    mail.send_with_options(args=(mark("late-f"),), delay=500)
    mail.send(mark("g"))
    broker.close()
