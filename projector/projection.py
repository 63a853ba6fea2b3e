"""The projection: linker and views together, with their common version and their snapshots.

Pure. A snapshot is a cache: it is used only when its version is this program's, so that deleting all of them changes
nothing but the time a start takes.
"""

from hashlib import sha256

import msgspec

from projector.fold import Fold, FoldState
from projector.linker.limits import Limits
from projector.linker.linker import VERSION as LINKER_VERSION
from projector.linker.linker import Linker
from projector.linker.model import View
from projector.linker.rules import encoded
from projector.views.capture import CaptureView
from projector.views.changes import ChangesView
from projector.views.conversations import ConversationsView
from projector.views.dead_letters import DeadLettersView
from projector.views.latencies import LatenciesView
from projector.views.operations import OperationsView
from projector.views.queues import QueuesView
from projector.views.rates import RatesView
from projector.views.topology import TopologyView
from store.ports import Snapshot

PROJECTION = "views"
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(FoldState)


class Projection:
    """A fold whose views are known by name. `stream` is the one whose log is folded."""

    def __init__(self, stream: str, limits: Limits | None = None) -> None:
        linker_version = f"linker-{LINKER_VERSION}"
        self.stream = stream
        self.topology = TopologyView(linker_version)
        self.dead_letters = DeadLettersView(linker_version)
        self.queues = QueuesView(linker_version)
        self.latencies = LatenciesView(linker_version)
        self.conversations = ConversationsView(linker_version)
        self.capture = CaptureView(linker_version)
        self.operations = OperationsView(linker_version)
        self.rates = RatesView(linker_version)
        self.changes = ChangesView(linker_version)
        views: tuple[View, ...] = (
            self.topology,
            self.dead_letters,
            self.queues,
            self.latencies,
            self.conversations,
            self.capture,
            self.operations,
            self.rates,
            self.changes,
        )
        self.fold = Fold(Linker(stream, limits), views)
        self.versions = {view.name: view.version for view in views}
        told = {"limits": repr(limits or Limits())}
        if self.linker.rules:
            told["rules"] = sha256(encoded(self.linker.rules)).hexdigest()
        self.version = version_of(self.versions | told)

    @property
    def linker(self) -> Linker:
        return self.fold.linker

    @property
    def position(self) -> int:
        return self.fold.position


def version_of(versions: dict[str, str]) -> str:
    """Return one version for all that *versions* names, which changes when any of theirs does."""
    told = ",".join(f"{name}={version}" for name, version in sorted(versions.items()))
    return sha256(told.encode()).hexdigest()[:16]


def snapshot_of(projection: Projection, *, block: int, log_digest: bytes) -> Snapshot:
    """Return *projection*'s state after folding every block before *block*, the last of which has *log_digest*."""
    state = projection.fold.save()
    return Snapshot(
        projection=PROJECTION,
        version=projection.version,
        block=block,
        position=state.position,
        log_digest=log_digest,
        digest=digest_of(state.digests()),
        state=_encoder.encode(state),
    )


def state_in(snapshot: Snapshot) -> FoldState | None:
    """Return the state a snapshot holds; None when it is not what :func:`snapshot_of` made."""
    try:
        state = _decoder.decode(snapshot.state)
    except msgspec.DecodeError:
        return None
    return state if digest_of(state.digests()) == snapshot.digest else None


def restored(snapshot: Snapshot, stream: str, limits: Limits | None = None) -> Projection | None:
    """Return the projection that *snapshot* holds; None when it is damaged or of another version."""
    projection = Projection(stream, limits)
    if snapshot.version != projection.version or (state := state_in(snapshot)) is None:
        return None
    projection.fold.restore(state)
    return projection


def digest_of(digests: dict[str, bytes]) -> bytes:
    """Return one digest (32 bytes) for the digests of all parts."""
    hasher = sha256()
    for name in sorted(digests):
        hasher.update(name.encode() + b"\0" + digests[name])
    return hasher.digest()
