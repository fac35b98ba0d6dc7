"""How an `mpirun` is told hosts and a remote shell: each maker reads its own variables, and passes
over those of the others. Pure, and quick to import: a stand-in starts for each rank."""

#: Where `remote` finds what it must know.
WIRING = "RANKZERO_MPI_WIRING"
#: What mpirun runs in place of ssh, and as the program; each node has the latter.
REMOTE, PROGRAM = "remote", "rank"
#: By maker, in this order: Open MPI to version 4; from 5 on; MPICH, and those that come from it.
TOLD = {
    # Slots in the order of the hosts, which is that of the ranks; and no processors of its own, for
    # who is bound would be the stand-in.
    "OMPI_MCA_orte_default_hostfile": "{slots}",
    "OMPI_MCA_rmaps_base_mapping_policy": "slot",
    "OMPI_MCA_hwloc_base_binding_policy": "none",
    "OMPI_MCA_plm_rsh_agent": "{remote}",
    "OMPI_MCA_plm_rsh_no_tree_spawn": "1",
    "OMPI_MCA_orte_leave_session_attached": "1",
    # At its end it would wait a second for those that it has told to end.
    "OMPI_MCA_odls_base_sigkill_timeout": "0",
    "PRTE_MCA_prte_default_hostfile": "{slots}",
    "PRTE_MCA_rmaps_default_mapping_policy": "slot",
    "PRTE_MCA_hwloc_default_binding_policy": "none",
    "PRTE_MCA_plm_ssh_agent": "{remote}",
    "PRTE_MCA_plm_ssh_no_tree_spawn": "1",
    "PRTE_MCA_prte_leave_session_attached": "1",
    "HYDRA_HOST_FILE": "{colon}",
    "HYDRA_LAUNCHER": "rsh",
    "HYDRA_LAUNCHER_EXEC": "{remote}",
}
#: Open MPI wants to be told that this is meant, twice. A container's only user is root more often
#: than not, and a process can harm its pod alone; on one machine the user has chosen to be root.
AS_ROOT = {
    f"{maker}_ALLOW_RUN_AS_ROOT{confirm}": "1"
    for maker in ("OMPI", "PRTE")
    for confirm in ("", "_CONFIRM")
}
#: Of no use to ranks.
OWN = frozenset((*TOLD, *AS_ROOT, WIRING))
#: The file in which `mpirun` says that there is none; a code of its own might be one of an abort.
MISSING = "missing"
