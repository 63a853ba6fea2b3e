"""CPU time and memory of other processes, as Linux tells them."""

from pathlib import Path

import psutil

from examples.local_broker import Broker

PEAK = "VmHWM:"


def cpu_s(pid: int) -> float:
    """Return the CPU seconds that the process has used so far: user and system, all its threads."""
    times = psutil.Process(pid).cpu_times()
    return times.user + times.system


def peak_mib(pid: int) -> float:
    """Return the largest resident memory that the process ever had, in MiB."""
    status = Path(f"/proc/{pid}/status").read_text().splitlines()
    kib = next(int(line.split()[1]) for line in status if line.startswith(PEAK))
    return round(kib / 1024, 1)


def broker_pid(broker: Broker) -> int:
    """Return the process of the broker's Erlang machine.

    Raises:
        RuntimeError: it does not run here as a process of ours, so that nobody can say what it costs.
    """
    if broker.pid is None:
        raise RuntimeError("what a broker costs can only be told of one that runs here")
    return broker.pid
