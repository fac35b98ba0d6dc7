"""digits for Kubeflow Pipelines: `python pipeline.py` writes pipeline.yaml."""

from pathlib import Path

from kfp import compiler, dsl, kubernetes

HERE = Path(__file__).parent
IMAGE = "registry:5000/torch:2"


@dsl.container_component
def train(learning_rate: float, tag: str):
    return dsl.ContainerSpec(
        image=IMAGE,
        command=[
            "/bin/sh",
            "-c",
            'install -D -m 755 /code/bin--go.sh /work/bin/go.sh && install -D -m 644 /code/net--__init__.py /work/net/__init__.py && install -D -m 644 /code/net--table.txt /work/net/table.txt && install -D -m 644 /code/picture.png /work/picture.png && install -D -m 644 /code/train.py /work/train.py && cd /work && exec "$0" "$@"',
            "env",
            f"TAG={tag}",
            "python3",
            "-m",
            "torch.distributed.run",
            "train.py",
        ],
        args=[
            "--lr",
            f"{learning_rate}",
            f"--tag=$$(HOME) [{tag}]",
        ],
    )


@dsl.pipeline(name="digits")
def pipeline(
    learning_rate: float = 0.1,
    tag: str = 'a "word": [x]',  # what it is called
):
    step = train(learning_rate=learning_rate, tag=tag)
    # With the same parameters it would be taken for done, and not train again.
    step.set_caching_options(False)
    kubernetes.set_image_pull_secrets(step, ["door"])
    step.set_env_variable("PET_NODE_RANK", "0")
    step.set_env_variable("PET_NNODES", "1")
    step.set_env_variable("PET_NPROC_PER_NODE", "2")
    step.set_env_variable("PET_RDZV_BACKEND", "static")
    step.set_env_variable("PET_MASTER_ADDR", "localhost")
    step.set_env_variable("PET_MASTER_PORT", "29500")
    step.set_env_variable("RANKZERO_OUTPUTS", "/outputs")
    step.set_env_variable("PYTHONUNBUFFERED", "1")
    step.set_env_variable("PLAIN", "x y")
    kubernetes.use_secret_as_env(step, secret_name="wandb", secret_key_to_env={"api-key": "WANDB_API_KEY"})
    step.set_cpu_request("1500m")
    step.set_memory_request("8Gi")
    step.set_memory_limit("8Gi")
    step.set_accelerator_type("nvidia.com/gpu")
    step.set_accelerator_limit("2")
    kubernetes.use_config_map_as_volume(step, config_map_name="digits-code", mount_path="/code")
    kubernetes.empty_dir_mount(step, volume_name="work", mount_path="/work")
    kubernetes.empty_dir_mount(step, volume_name="outputs", mount_path="/outputs")
    kubernetes.empty_dir_mount(step, volume_name="shm", mount_path="/dev/shm", medium="Memory", size_limit="2Gi")
    kubernetes.mount_pvc(step, pvc_name="mnist", mount_path="/data", sub_path="train")
    kubernetes.add_node_selector(step, "zone", "b")
    kubernetes.add_toleration(step, key="gpu", operator="Equal", value="true", effect="NoSchedule")
    kubernetes.add_pod_label(step, "team", "vision")
    kubernetes.add_pod_annotation(step, "note", "a text")
    kubernetes.set_image_pull_policy(step, "Always")


if __name__ == "__main__":
    compiler.Compiler().compile(pipeline, str(HERE / "pipeline.yaml"))
