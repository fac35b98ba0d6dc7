"""What is known of a cluster before anything is compiled for it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Facts:
    """The cluster as this user sees it.

    image: what runs where the job names none. assigns_ids: whether the cluster chooses who pods
    run as, and refuses another's choice (OpenShift).
    """

    context: str
    namespace: str
    image: str | None = None
    assigns_ids: bool = False
