"""minikube: nodes are containers or virtual machines; GPUs by Docker's way to them."""

from __future__ import annotations

from rankzero.clusters.tool import Step, Tool, label, without_registry
from rankzero.clusters.wanted import Wanted


def _create(wanted: Wanted) -> list[Step]:
    words = ["minikube", "start", "--profile", wanted.name]
    words += ["--nodes", str(wanted.control_planes + wanted.nodes)]
    words += ["--ha"] if wanted.control_planes > 1 else []
    words += ["--kubernetes-version", wanted.version] if wanted.version else []
    words += [f"--ports={one.host}:{one.node}" for one in wanted.host_ports]
    addons = ["default-storageclass", "storage-provisioner"]
    if wanted.registry is not None:
        addons.append("registry")
    if wanted.gpus:
        words += ["--driver", "docker", "--container-runtime", "docker", "--gpus", "all"]
        addons.append("nvidia-device-plugin")
    words += [f"--addons={one}" for one in addons]
    return [Step([*words, "--wait", "all"]), *_published(wanted)]


def _published(wanted: Wanted) -> list[Step]:
    """The registry is a Service of the cluster; this machine reaches it by a forwarded port."""
    if wanted.registry is None:
        return []
    forward = f"TCP-LISTEN:{wanted.registry},reuseaddr,fork,bind=127.0.0.1"
    run = ["docker", "run", "--detach", "--rm", "--name", f"{wanted.name}-registry"]
    run += ["--label", label(wanted.name)]
    to = f"TCP:$(minikube ip --profile {wanted.name}):5000"
    command = " ".join([*run, "--network=host", "alpine/socat", forward, f'"{to}"'])
    return [Step(["sh", "-c", command])]


def _delete(name: str) -> list[Step]:
    return [Step(["minikube", "delete", "--profile", name]), without_registry(name)]


def _fault(wanted: Wanted) -> str:
    if wanted.control_planes == 5:
        return "minikube has one or three machines that rule"
    return ""


MINIKUBE = Tool(
    "minikube", "https://minikube.sigs.k8s.io", lambda name: name, _fault, _create, _delete
)
