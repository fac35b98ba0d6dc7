"""`python official.py NAMESPACE SELECTOR`: a list of pods through the official client.

Prints a JSON list: seconds until the bytes were here, seconds until they were objects, and how many
objects. Run by an environment of its own: rankzero needs none of this.
"""

import json
import sys
import time

from kubernetes import client, config

namespace, selector = sys.argv[1:]
config.load_kube_config()
api = client.CoreV1Api()


def read() -> "tuple[float, float, int]":
    began = time.perf_counter()
    how = {"label_selector": selector, "_preload_content": False}
    answer = api.list_namespaced_pod(namespace, **how)
    text = answer.data.decode()
    came = time.perf_counter()
    found = api.api_client.deserialize(text, "V1PodList", "application/json")
    return came - began, time.perf_counter() - came, len(found.items)


selector, all_of_it = "rankzero/none", selector
read()  # what is imported and connected at the first time only
selector = all_of_it
print(json.dumps(read()))
