"""A running run, followed through its coordinator, whatever leads there.

What was given out is kept apart from the way it came: whoever loses a coordinator goes on from
there, with the next one or with what is kept elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from rankzero.agent import events as ev
from rankzero.agent.answers import unpack
from rankzero.agent.logs.reader import Chunk
from rankzero.backends.base import Item, LogBlock, LogQuery
from rankzero.backends.viewer import Lost, Viewer

#: How long a silent coordinator is waited for before what is beside it is looked at (seconds).
_BESIDE = 1.0


class Progress:
    """What has been given out of one run: the next event's number, an offset a log and rank.

    books: which log a node has; another one when another pod takes its place. read: of each log,
    the offset that every rank was read up to. below: of each log, the rank below which all are over
    and were read. base: how many events earlier coordinators told.
    end: the last event, once it was seen; it is given out after all lines. over: whether nothing
    more will happen. drained: nodes whose last line was given out. gone: those that had left, or
    were lost, before anything of theirs was read.
    """

    def __init__(self, nodes: Iterable[str], query: LogQuery, events_from: int = 1) -> None:
        self.query = query
        self.next_event = events_from
        self.nodes = [node for node in nodes if query.nodes is None or node in query.nodes]
        self.books: dict[str, str] = {}
        self.read: dict[str, dict[int, int]] = {}
        self.below: dict[str, int] = {}
        self.base = 0
        self.end: ev.Event | None = None
        self.over = False
        self.drained: set[str] = set()
        self.gone: set[str] = set()
        self._asked: dict[str, int] = {}

    def take(self, event: ev.Event) -> Iterator[ev.Event]:
        """Count this event as seen, and give it out unless it was seen, or is the last."""
        event = event._replace(seq=self.base + event.seq)
        new = event.seq >= self.next_event
        self.next_event = max(self.next_event, event.seq + 1)
        if event.kind == ev.FINISHED:
            self.end, self.over = event if new else None, True
        elif new:
            yield event

    def asked(self, node: str, number: int) -> None:
        """The newest question about a node's log; answers to older ones count for nothing."""
        self._asked[node] = number

    def awaits(self, node: str, number: int) -> bool:
        return self._asked.get(node) == number

    @property
    def exhausted(self) -> bool:
        """Whether its coordinator has nothing more to tell."""
        return self.over and self.drained | self.gone >= set(self.nodes)

    @property
    def complete(self) -> bool:
        """Whether every line was given out."""
        return self.over and self.drained >= set(self.nodes)


def follow(viewer: Viewer, progress: Progress) -> Iterator[Item]:
    """All that this coordinator tells, until the run has ended. Errors: Lost, Broken."""
    return _follow(viewer, progress, lambda: progress.over)


def follow_to_the_last_line(
    viewer: Viewer, progress: Progress, beside: Callable[[], Iterable[Item]]
) -> Iterator[Item]:
    """As `follow`, and then what is left of every node's log, for a place whose nodes take their
    logs with them; those of nodes that are gone are elsewhere. beside: asked now and then what else
    there is. Errors: Lost, Broken."""
    return _follow(viewer, progress, lambda: progress.exhausted, beside)


def snapshot(viewer: Viewer, progress: Progress) -> list[LogBlock]:
    """Every node's lines up to now, by time, but for those that are gone. Errors: Lost, Broken."""
    progress.over = True
    for node in progress.nodes:
        _ask_log(viewer, progress, node)
    found: list[LogBlock] = []
    while not progress.exhausted:
        answer = viewer.next()
        if answer["type"] == "log":
            found += _log(viewer, progress, answer)
    return sorted(found, key=lambda block: block.time)


def _follow(
    viewer: Viewer,
    progress: Progress,
    done: Callable[[], bool],
    beside: Callable[[], Iterable[Item]] | None = None,
) -> Iterator[Item]:
    _ask_events(viewer, progress)
    for node in progress.nodes:
        _ask_log(viewer, progress, node)
    while not done():
        try:
            answer = viewer.next(None if beside is None else _BESIDE)
        except TimeoutError:
            yield from beside() if beside else ()
            continue
        if answer["type"] == "events":
            for event in filter(None, map(ev.from_line, answer["events"])):
                yield from progress.take(event)
            if progress.over:
                for node in set(progress.nodes) - progress.drained:
                    _ask_log(viewer, progress, node)
            else:
                _ask_events(viewer, progress)
        elif answer["type"] == "log":
            yield from _log(viewer, progress, answer)


def block(node: str, chunk: Chunk) -> LogBlock:
    """A chunk of a node's log, as callers see it."""
    return LogBlock(chunk.rank, node, chunk.generation, chunk.time, chunk.data, chunk.dropped)


def _log(viewer: Viewer, progress: Progress, answer: dict[str, object]) -> Iterator[LogBlock]:
    node = str(answer["node"])
    if not progress.awaits(node, int(str(answer["id"]))):
        return
    chunks, offsets = answer.get("chunks", []), answer.get("offsets", {})
    assert isinstance(chunks, list)
    assert isinstance(offsets, dict)
    if "book" in answer:
        book = progress.books[node] = str(answer["book"])
        read = {int(rank): offset for rank, offset in offsets.items()}
        # Of ranks that are over and were read nothing is told again.
        progress.read[book] = {**progress.read.get(book, {}), **read}
        progress.below[book] = int(str(answer.get("below") or 0))
    if progress.over and not chunks:
        unread = answer.get("gone") and node not in progress.books
        (progress.gone if unread else progress.drained).add(node)
        return
    # Asked before the lines are given out: the answer is under way while they are shown. They count
    # as given out by now, so they are, also where the connection is gone.
    lost: Lost | None = None
    try:
        _ask_log(viewer, progress, node)
    except Lost as error:
        lost = error
    for chunk in map(unpack, chunks):
        yield block(node, chunk)
    if lost is not None:
        raise lost


def _ask_events(viewer: Viewer, progress: Progress) -> None:
    viewer.ask("events", **{"from": progress.next_event - progress.base})


def _ask_log(viewer: Viewer, progress: Progress, node: str) -> None:
    """Of a run that is over, what is there; else what comes."""
    query, book = progress.query, progress.books.get(node)
    read, below = ({}, 0) if book is None else (progress.read[book], progress.below.get(book, 0))
    number = viewer.ask(
        "log",
        node=node,
        offsets={rank: offset for rank, offset in read.items() if rank >= below},
        book=book,
        below=below,
        ranks=None if query.ranks is None else sorted(query.ranks),
        since=query.since if book is None else None,
        tail=query.tail if book is None else None,
        wait=not progress.over,
    )
    progress.asked(node, number)
