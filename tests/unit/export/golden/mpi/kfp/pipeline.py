"""digits for Kubeflow Pipelines: `python pipeline.py` writes pipeline.yaml."""

from pathlib import Path

from kfp import compiler, dsl, kubernetes

HERE = Path(__file__).parent
IMAGE = "registry:5000/torch:2"


@dsl.container_component
def train():
    return dsl.ContainerSpec(
        image=IMAGE,
        command=[
            "/bin/sh",
            "-c",
            'install -D -m 755 /code/bin--go.sh /work/bin/go.sh && install -D -m 644 /code/net--__init__.py /work/net/__init__.py && install -D -m 644 /code/net--table.txt /work/net/table.txt && install -D -m 644 /code/picture.png /work/picture.png && install -D -m 644 /code/train.py /work/train.py && cd /work && exec "$0" "$@"',
            "mpirun",
        ],
        args=[
            "--mca",
            "btl",
            "tcp,self",
            "-np",
            "4",
            "python3",
            "train.py",
            "--lr",
            "0.1",
        ],
    )


@dsl.pipeline(name="digits")
def pipeline():
    step = train()
    # With the same parameters it would be taken for done, and not train again.
    step.set_caching_options(False)
    step.set_env_variable("RANKZERO_OUTPUTS", "/outputs")
    step.set_env_variable("PYTHONUNBUFFERED", "1")
    step.set_env_variable("HOME", "/tmp")
    step.set_env_variable("USER", "trainer")
    step.set_env_variable("OMPI_ALLOW_RUN_AS_ROOT", "1")
    step.set_env_variable("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1")
    step.set_env_variable("PRTE_ALLOW_RUN_AS_ROOT", "1")
    step.set_env_variable("PRTE_ALLOW_RUN_AS_ROOT_CONFIRM", "1")
    step.set_env_variable("OMPI_MCA_rmaps_base_oversubscribe", "1")
    step.set_env_variable("PRTE_MCA_rmaps_default_mapping_policy", ":OVERSUBSCRIBE")
    step.set_cpu_request("4000m")
    kubernetes.use_config_map_as_volume(step, config_map_name="digits-code", mount_path="/code")
    kubernetes.empty_dir_mount(step, volume_name="work", mount_path="/work")
    kubernetes.empty_dir_mount(step, volume_name="outputs", mount_path="/outputs")
    kubernetes.empty_dir_mount(step, volume_name="shm", mount_path="/dev/shm", medium="Memory")
    kubernetes.set_security_context(step, run_as_user=1000, run_as_group=1000)


if __name__ == "__main__":
    compiler.Compiler().compile(pipeline, str(HERE / "pipeline.yaml"))
