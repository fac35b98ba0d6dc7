"""One question to several places at the same time, for as long as one may wait for a place."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from rankzero.backends.places import Place
from rankzero.errors import Error, Refused

T = TypeVar("T")

#: How long one of several places may take (seconds), with as many runs as there may be; one that
#: cannot be reached says so much sooner, and one that is asked alone takes its own time.
PATIENCE = 30.0


def together(
    places: Sequence[Place], ask: Callable[[Place], T], patience: float = PATIENCE
) -> list[T | Error]:
    """Each place's answer in the places' order, or the error that it was answered with.

    A thread that still waits for an answer nobody wants does not keep the command from ending.
    """
    if len(places) == 1:
        return [_answer(ask, places[0])]
    answers: dict[int, T | Error | BaseException] = {}
    threads = [
        threading.Thread(target=_keep, args=(answers, number, ask, place), daemon=True)
        for number, place in enumerate(places)
    ]
    for thread in threads:
        thread.start()
    end = time.monotonic() + patience
    for thread in threads:
        thread.join(max(end - time.monotonic(), 0))
    found = [answers.get(number, _silent(place, patience)) for number, place in enumerate(places)]
    return [_told(one) for one in found]


def _answer(ask: Callable[[Place], T], place: Place) -> T | Error:
    try:
        return ask(place)
    except Error as error:
        return error


def _keep(
    answers: dict[int, T | Error | BaseException],
    number: int,
    ask: Callable[[Place], T],
    place: Place,
) -> None:
    try:
        answers[number] = _answer(ask, place)
    except BaseException as bug:  # raised where the command sees it
        answers[number] = bug


def _told(answer: T | Error | BaseException) -> T | Error:
    if isinstance(answer, BaseException) and not isinstance(answer, Error):
        raise answer
    return answer


def _silent(place: Place, patience: float) -> Refused:
    alone = f"rankzero list --context {place.context} --namespace {place.namespace}"
    return Refused(f"{place} did not answer within {patience:g} s", f"Ask it alone: {alone}")
