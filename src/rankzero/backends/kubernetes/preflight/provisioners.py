"""Which provisioners make volumes for one machine only, by their documentation. Pure."""

from __future__ import annotations

#: Provisioner -> what its volumes are. Those that are in no list may have any access mode.
_ONE_MACHINE = {
    "ebs.csi.aws.com": "disks",
    "kubernetes.io/aws-ebs": "disks",
    "pd.csi.storage.gke.io": "disks",
    "kubernetes.io/gce-pd": "disks",
    "disk.csi.azure.com": "disks",
    "kubernetes.io/azure-disk": "disks",
    "cinder.csi.openstack.org": "disks",
    "kubernetes.io/cinder": "disks",
    "dobs.csi.digitalocean.com": "disks",
    "linodebs.csi.linode.com": "disks",
    "csi.hetzner.cloud": "disks",
    "diskplugin.csi.alibabacloud.com": "disks",
    "rancher.io/local-path": "folders of one machine",
    "openebs.io/local": "folders of one machine",
    "local.csi.openebs.io": "disks of one machine",
    "topolvm.io": "disks of one machine",
    "topolvm.cybozu.com": "disks of one machine",
    "kubernetes.io/rbd": "block devices",
}
#: Rook puts the namespace of its operator before the name.
_ENDINGS = {"rbd.csi.ceph.com": "block devices"}


def one_machine(provisioner: str) -> str:
    """What the volumes are that no two machines can write to; empty where they may."""
    found = _ONE_MACHINE.get(provisioner)
    return found or next((w for end, w in _ENDINGS.items() if provisioner.endswith(end)), "")
