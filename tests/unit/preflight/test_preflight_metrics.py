"""Whether anybody measures what a service is to be scaled by."""

from __future__ import annotations

import pytest

from rankzero.backends.kubernetes.preflight import metrics
from rankzero.backends.kubernetes.preflight.autoscalers import GROUPS
from rankzero.backends.kubernetes.preflight.model import Answer, Verdict

from .given import found, judged, made, refused, request

SCALED = request(objects=(made("HorizontalPodAutoscaler"),))


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (found(groups=[{"name": "metrics.k8s.io"}]), Verdict(said="the load of pods is measured")),
        (refused("no way"), Verdict(unchecked=("no way",))),
    ],
)
def test_a_cluster_is_asked_for_its_metrics(answer: Answer, verdict: Verdict) -> None:
    assert judged(metrics, SCALED, {GROUPS: answer}) == verdict


def test_a_cluster_without_metrics_is_told_and_takes_it_all_the_same() -> None:
    said = judged(metrics, SCALED, {GROUPS: found(groups=[{"name": "apps"}])})

    assert not said.refusals and "has no metrics-server" in said.notes[0]


def test_nobody_is_asked_where_nothing_is_scaled() -> None:
    assert not list(metrics.ask(request(), {}))
