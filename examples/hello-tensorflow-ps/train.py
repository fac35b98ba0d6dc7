"""Parameter servers: workers learn the same line without waiting for each other.

The parameters and the global step live on the `ps` tasks. Worker 0 initialises them, the others
wait for it, and all end when the global step reaches `--steps`. Without TF_CONFIG it trains alone.
"""

import argparse
import os
import time
from datetime import datetime

import tensorflow.compat.v1 as tf

parser = argparse.ArgumentParser()
parser.add_argument("--steps", type=int, default=400, help="of all workers together; 0: endless")
parser.add_argument("--lr", type=float, default=0.02)
parser.add_argument("--every", type=int, default=20, help="print every so many local steps")
options = parser.parse_args()

tf.disable_eager_execution()
if "TF_CONFIG" in os.environ:
    me = tf.distribute.cluster_resolver.TFConfigClusterResolver()
    role, number, cluster = me.task_type, me.task_id, me.cluster_spec()
    server = tf.train.Server(cluster, job_name=role, task_index=number)
    if role == "ps":
        print(f"ps {number} serves")
        server.join()  # for ever: its agent ends it when the workers are done
    target = server.target
    place = tf.train.replica_device_setter(
        cluster=cluster, worker_device=f"/job:{role}/task:{number}"
    )
    # A worker speaks to parameter servers only, so that another's end is nothing to it.
    session_config = tf.ConfigProto(device_filters=["/job:ps", f"/job:{role}/task:{number}"])
else:
    role, number, target, place, session_config = "worker", 0, "", None, None

with tf.device(place):
    step = tf.train.get_or_create_global_step()
    slope = tf.get_variable("slope", initializer=0.0)
    offset = tf.get_variable("offset", initializer=0.0)
    x = tf.random.uniform([64])
    loss = tf.reduce_mean((slope * x + offset - (3 * x + 2)) ** 2)
    train = tf.train.AdamOptimizer(options.lr).minimize(loss, global_step=step)

began = time.monotonic()
# It asks twice a second whether worker 0 is ready; a MonitoredTrainingSession, twice a minute.
manager = tf.train.SessionManager(
    ready_op=tf.report_uninitialized_variables(), recovery_wait_secs=0.5
)
if number == 0:
    start = tf.global_variables_initializer()
    session = manager.prepare_session(target, init_op=start, config=session_config)
else:
    session = manager.wait_for_session(target, config=session_config)

local_step = global_step = 0
while not options.steps or global_step < options.steps:
    _, value, global_step = session.run([train, loss, step])
    local_step += 1
    # Together the workers may pass over the very number that was asked for.
    if local_step % options.every == 0 or 0 < options.steps <= global_step:
        now = datetime.now().astimezone().strftime("%H:%M:%S.%f")
        print(
            f"{now}  worker {number}  local step {local_step}  global step {global_step}"
            f"  loss {value:.4f}"
        )
took = time.monotonic() - began
print(f"worker {number} is done after {local_step} steps of its own, {took:.1f} s")
