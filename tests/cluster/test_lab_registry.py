"""The lab's registry, by its open door and by the one with a password."""

from __future__ import annotations

import urllib.error
import urllib.request

import pytest

from .lab.kubectl import Kubectl
from .lab.manifests import Object, pod
from .lab.places import PRIVATE_PASSWORD, PRIVATE_REGISTRY, PRIVATE_USER, REGISTRY
from .lab.target import Cluster
from .lab.watching import event, holds, succeeded, waiting_reason

#: Asked for each time: a node that has the image would otherwise not ask the registry.
ASKING = {"imagePullPolicy": "Always"}


def private(lab: Cluster) -> str:
    """The name of an image behind the password."""
    return lab.python.replace(REGISTRY, PRIVATE_REGISTRY)


def test_without_the_password_an_image_is_not_pulled(kubectl: Kubectl, lab: Cluster) -> None:
    kubectl.apply(pod("locked", private(lab), container=ASKING))
    refused = ("ErrImagePull", "ImagePullBackOff")
    holds("a refused pull", lambda: waiting_reason(kubectl.get("pod", "locked")) in refused)
    assert "401 Unauthorized" in event(kubectl, "locked", "Failed")


def test_with_the_password_it_is(kubectl: Kubectl, lab: Cluster) -> None:
    kubectl(
        *("create", "secret", "docker-registry", "door", f"--docker-server={PRIVATE_REGISTRY}"),
        *(f"--docker-username={PRIVATE_USER}", f"--docker-password={PRIVATE_PASSWORD}"),
    )
    secret: Object = {"imagePullSecrets": [{"name": "door"}]}
    kubectl.apply(pod("let-in", private(lab), "print('in')", container=ASKING, **secret))
    assert succeeded(kubectl, "let-in") == "in\n"


@pytest.mark.parametrize(("place", "code"), [(REGISTRY, 200), (PRIVATE_REGISTRY, 401)])
def test_only_one_door_asks(lab: Cluster, place: str, code: int) -> None:
    name = lab.python.removeprefix(f"{REGISTRY}/").rpartition(":")[0]
    asked = urllib.request.Request(f"http://{place}/v2/{name}/tags/list")
    try:
        with urllib.request.urlopen(asked, timeout=10) as answer:
            found = answer.status
    except urllib.error.HTTPError as error:
        found = error.code
    assert found == code
