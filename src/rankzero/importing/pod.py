"""A pod's template, as training jobs have it: what it says of a role, and of a whole job."""

from __future__ import annotations

from typing import Any

from rankzero.importing import policies
from rankzero.importing.container import Container
from rankzero.importing.fields import Fields
from rankzero.importing.findings import Findings

#: What is laid over a pod as it stands here.
_LAID = (
    *("affinity", "topologySpreadConstraints", "hostNetwork", "hostPID", "hostIPC", "dnsPolicy"),
    *("dnsConfig", "hostAliases", "runtimeClassName", "schedulerName", "preemptionPolicy"),
    *("enableServiceLinks", "shareProcessNamespace", "nodeName", "resourceClaims"),
    *("activeDeadlineSeconds", "readinessGates", "schedulingGates"),
)
#: What a run has in a way of its own.
_OWN = {
    "hostname": "each node has a name of its own, which RANK and its peers' names come from",
    "subdomain": "the nodes of a run are found by the run's name",
    "setHostnameAsFQDN": "each node has a name of its own",
    "automountServiceAccountToken": "a token comes with service_account, or with api, and only so",
    "overhead": "the cluster's RuntimeClass says it",
    "priority": "priority_class says it",
}
_USER = "without a user ranks are 1000, whoever the image's own is"
_IMAGES = "user: image keeps that one, user: UID names another"


class Pod:
    """role: keys of the role. job: keys that hold for a whole job. standing: variables that
    somebody set by hand to say which rank is which. launched: whether torchrun was in it."""

    def __init__(
        self, template: Fields, main: str | None, findings: Findings, run: str | None
    ) -> None:
        """main: the container with the training; None: the only one. run: what it runs, where the
        template does not say it."""
        self._findings = findings
        self.role: dict[str, Any] = {}
        self.job: dict[str, Any] = {}
        self.standing: set[str] = set()
        self.launched = False
        self._laid: dict[str, Any] = {}
        self._labels(template.table("metadata"))
        spec = template.table("spec")
        spec.default(
            dnsPolicy="ClusterFirst",
            schedulerName="default-scheduler",
            preemptionPolicy="PreemptLowerPriority",
            terminationGracePeriodSeconds=30,
            enableServiceLinks=True,
            hostNetwork=False,
        )
        container, others = self._chosen(spec, main)
        if container is not None:
            self._read(spec, container, others, run)
        template.left()

    def _labels(self, metadata: Fields) -> None:
        self.role["labels"] = policies.labels(metadata)
        self.role["annotations"] = metadata.pairs("annotations")
        metadata.pass_over("creationTimestamp", "name", "namespace")
        metadata.left()

    def _chosen(self, spec: Fields, main: str | None) -> tuple[Fields | None, list[Fields]]:
        """The container with the training, and those beside it."""
        all_ = spec.tables("containers")
        names = [one.text("name") for one in all_]
        if main is None and len(all_) == 1:
            return all_[0], []
        if main is not None and main in names:
            at = names.index(main)
            return all_[at], [*all_[:at], *all_[at + 1 :]]
        known = f"; there is {', '.join(str(name) for name in names)}" if names else ""
        wanted = f'must have a container "{main}"' if main else "must have one container"
        self._findings.problem(spec.at("containers"), f"{wanted}{known}")
        return None, []

    def _read(self, spec: Fields, container: Fields, others: list[Fields], run: str | None) -> None:
        read = Container(container, spec, self._findings, run)
        self.standing, self.launched = read.standing, read.launched
        self.role.update(read.role)
        self.job.update(read.job)
        self._placing(spec)
        self._users(spec, read)
        self._beside(spec, others, read)
        for key in _LAID:
            if (one := spec.plain(key)) not in (None, {}, []):
                self._laid[key] = one
        for key, instead in _OWN.items():
            spec.note(key, "is not carried over", instead)
        spec.pass_over("restartPolicy", "volumes", "serviceAccount")
        spec.left(_LAID)
        if read.laid:
            self._laid["containers"] = [{"name": "rank", **read.laid}]
        self.role["pod"] = self._laid

    def _placing(self, spec: Fields) -> None:
        self.role["node_selector"] = spec.pairs("nodeSelector")
        self.role["tolerations"] = spec.plain("tolerations")
        self.role["priority_class"] = spec.text("priorityClassName")
        self.job["grace"] = spec.whole("terminationGracePeriodSeconds")
        self.job["service_account"] = spec.text("serviceAccountName") or spec.text("serviceAccount")
        secrets = [one.text("name") for one in spec.tables("imagePullSecrets")]
        self.job["pull_secrets"] = secrets

    def _users(self, spec: Fields, read: Container) -> None:
        """Who the ranks run as: what the container says wins over what its pod says."""
        whole, own = spec.table("securityContext"), read.security
        user = own.whole("runAsUser") if "runAsUser" in own else whole.whole("runAsUser")
        group = own.whole("runAsGroup") if "runAsGroup" in own else whole.whole("runAsGroup")
        if user is None:
            self._findings.note(read.place, _USER, _IMAGES, once=True)
        else:
            self.role["user"] = user if group is None else f"{user}:{group}"
        for context, laid in ((whole, self._laid), (own, read.laid)):
            context.pass_over("runAsUser", "runAsGroup", "runAsNonRoot")
            rest = {key: context.plain(key) for key in context.names()}
            kept = {key: one for key, one in rest.items() if not key.startswith("runAs")}
            if kept:
                laid["securityContext"] = kept

    def _beside(self, spec: Fields, others: list[Fields], read: Container) -> None:
        """Containers before the training, and those beside it, which end with it only so."""
        before = [one.whole_mapping() for one in spec.tables("initContainers")]
        for other in others:
            what = "becomes an init container that is always restarted"
            self._findings.note(other.place, what, "so that it ends when the ranks do")
            before.append({**other.whole_mapping(), "restartPolicy": "Always"})
        names = {
            str(mount.get("name"))
            for one in before
            if isinstance(one, dict) and isinstance(one.get("volumeMounts"), list)
            for mount in one["volumeMounts"]
            if isinstance(mount, dict)
        }
        read.volumes.keep(names)
        if read.volumes.laid:
            self._laid["volumes"] = read.volumes.laid
        if before:
            self._laid["initContainers"] = before
