"""Handwritten digits with parameter servers: workers that train without waiting for each other.

The weights and the global step lie on the `ps` tasks. Worker 0 initialises them, the others wait
for it; it also tests, saves and writes for TensorBoard. Nothing in here knows rankzero: it reads
TF_CONFIG, and without one it trains alone.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import numpy as np
import tensorflow.compat.v1 as tf

OUTPUTS = Path(os.environ.get("RANKZERO_OUTPUTS", "outputs"))


def main() -> None:
    options = parse()
    began = time.monotonic()
    tf.disable_eager_execution()
    tf.logging.set_verbosity(tf.logging.ERROR)
    number, workers, target, place, config = join()
    train, test = digits(Path(options.data_dir))
    print(f"worker {number} of {workers}  {len(train[0])} digits to learn, {len(test[0])} to test")

    with tf.device(place):
        net = Network(train[0].shape[1], options.hidden_units, options.learning_rate)
    stop = tf.train.StopAtStepHook(last_step=options.steps) if options.steps else None
    hooks = [stop] if stop else []
    log_dir = Path(options.log_dir or OUTPUTS / "logs")
    if number == 0:
        log_dir.mkdir(parents=True, exist_ok=True)
        hooks.append(Chief(net, test, log_dir, options.test_every))
    creator = Starter(target, config, str(log_dir) if number == 0 else None)
    with tf.train.MonitoredSession(creator, hooks) as session:
        local_step = 0
        for x, y in batches(*train, options.batch_size, number, workers):
            if session.should_stop():
                break
            feed = {net.x: x, net.y: y}
            _, loss, global_step = session.run([net.train, net.loss, net.step], feed)
            local_step += 1
            if local_step % options.print_every == 0:
                say(number, f"local step {local_step}  global step {global_step}  loss {loss:.3f}")
    took = time.monotonic() - began
    say(number, f"done after {local_step} local steps, training took {took:.1f} s")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--steps", type=int, default=600, help="of all workers; 0: endless")
    parser.add_argument("--batch-size", type=int, default=50, help="digits a step of a worker")
    parser.add_argument("--learning-rate", type=float, default=0.003)
    parser.add_argument("--hidden-units", type=int, default=100)
    parser.add_argument("--data-dir", default="data", help="mnist.npz is taken from here, if there")
    parser.add_argument("--log-dir", default="", help="checkpoints, TensorBoard (OUTPUTS/logs)")
    parser.add_argument("--print-every", type=int, default=50, help="local steps")
    parser.add_argument("--test-every", type=int, default=200, help="global steps")
    return parser.parse_args()


def say(number: int, text: str) -> None:
    print(f"{datetime.now().astimezone():%H:%M:%S.%f}  worker {number}  {text}")


def join() -> tuple[int, int, str, object, tf.ConfigProto | None]:
    """Take this task's place in the cluster; a parameter server stays in here until it is ended.

    The worker's number, how many there are, the server to run steps on, where variables are
    placed, and the session's settings.
    """
    if "TF_CONFIG" not in os.environ:
        return 0, 1, "", None, None
    me = tf.distribute.cluster_resolver.TFConfigClusterResolver()
    role, number, cluster = me.task_type, me.task_id, me.cluster_spec()
    server = tf.train.Server(cluster, job_name=role, task_index=number)
    if role == "ps":
        print(f"ps {number} of {cluster.num_tasks('ps')} serves")
        server.join()
    task = f"/job:{role}/task:{number}"
    place = tf.train.replica_device_setter(cluster=cluster, worker_device=task)
    # A worker speaks to parameter servers only, so that another's end is nothing to it.
    config = tf.ConfigProto(device_filters=["/job:ps", task])
    return number, cluster.num_tasks(role), server.target, place, config


def digits(folder: Path) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """MNIST as Keras keeps it, where the folder has it; else the digits of scikit-learn."""
    path = folder / "mnist.npz"
    if path.exists():
        with np.load(path) as kept:
            parts = [kept[name] for name in ("x_train", "x_test", "y_train", "y_test")]
        brightest = 255.0
    else:
        from sklearn.datasets import load_digits
        from sklearn.model_selection import train_test_split

        images, labels = load_digits(return_X_y=True)
        parts = train_test_split(images, labels, test_size=0.2, stratify=labels, random_state=0)
        brightest = 16.0
    train_x, test_x = (x.reshape(len(x), -1).astype(np.float32) / brightest for x in parts[:2])
    train_y, test_y = (y.astype(np.int32) for y in parts[2:])
    return (train_x, train_y), (test_x, test_y)


def batches(
    x: np.ndarray, y: np.ndarray, size: int, number: int, workers: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Batches of this worker's share, for ever, in a new order each time round."""
    mine, order = np.arange(number, len(x), workers), np.random.default_rng(number)
    while True:
        shuffled = order.permutation(mine)
        for at in range(0, len(mine), size):
            chosen = shuffled[at : at + size]
            yield x[chosen], y[chosen]


class Network:
    """One hidden layer, trained by Adam; which task holds which variable is the scope's to say."""

    def __init__(self, pixels: int, hidden: int, rate: float) -> None:
        self.step = tf.train.get_or_create_global_step()
        self.x = tf.placeholder(tf.float32, [None, pixels])
        self.y = tf.placeholder(tf.int32, [None])
        inner = tf.nn.relu(self._layer(self.x, pixels, hidden, "inner"))
        scores = self._layer(inner, hidden, 10, "outer")
        right = tf.equal(tf.argmax(scores, axis=1, output_type=tf.int32), self.y)
        self.accuracy = tf.reduce_mean(tf.cast(right, tf.float32))
        self.loss = tf.reduce_mean(
            tf.nn.sparse_softmax_cross_entropy_with_logits(labels=self.y, logits=scores)
        )
        self.train = tf.train.AdamOptimizer(rate).minimize(self.loss, global_step=self.step)

    @staticmethod
    def _layer(x: tf.Tensor, inputs: int, units: int, name: str) -> tf.Tensor:
        small = tf.truncated_normal([inputs, units], stddev=inputs**-0.5, seed=units)
        weights = tf.get_variable(f"{name}/weights", initializer=small)
        return tf.matmul(x, weights) + tf.get_variable(f"{name}/bias", initializer=tf.zeros(units))


class Starter(tf.train.SessionCreator):
    """Worker 0 (it alone has a folder) initialises, or goes on from the folder's checkpoint; the
    others ask twice a second whether it has (MonitoredTrainingSession asks twice a minute)."""

    def __init__(self, target: str, config: tf.ConfigProto | None, folder: str | None) -> None:
        self._target, self._config, self._folder = target, config, folder

    def create_session(self) -> tf.Session:
        start, saver = tf.global_variables_initializer(), tf.train.Saver()
        ready = tf.report_uninitialized_variables()
        tf.get_default_graph().finalize()
        manager = tf.train.SessionManager(ready_op=ready, recovery_wait_secs=0.5)
        if self._folder is None:
            return manager.wait_for_session(self._target, config=self._config)
        return manager.prepare_session(
            self._target,
            init_op=start,
            saver=saver,
            checkpoint_dir=self._folder,
            config=self._config,
        )


class Chief(tf.train.SessionRunHook):
    """What worker 0 does besides: tests, saves, and writes what TensorBoard shows."""

    def __init__(
        self, net: Network, test: tuple[np.ndarray, np.ndarray], folder: Path, every: int
    ) -> None:
        self._net, self._test, self._folder, self._every = net, test, folder, every
        self._next, self._seen = 0, -1

    def begin(self) -> None:
        self._saver = tf.train.Saver()
        self._board = tf.summary.FileWriter(str(self._folder))

    def after_create_session(self, session: tf.Session, coord: tf.train.Coordinator) -> None:
        step = int(session.run(self._net.step))
        say(0, f"resumed at global step {step}" if step else "initialised the variables")
        self._next = step + self._every

    def before_run(self, context: tf.train.SessionRunContext) -> tf.train.SessionRunArgs:
        return tf.train.SessionRunArgs(self._net.step)

    def after_run(
        self, context: tf.train.SessionRunContext, values: tf.train.SessionRunValues
    ) -> None:
        if values.results >= self._next:
            self._next = int(values.results) + self._every
            self._look(context.session)

    def end(self, session: tf.Session) -> None:
        self._look(session)
        self._board.close()

    def _look(self, session: tf.Session) -> None:
        feed = dict(zip((self._net.x, self._net.y), self._test, strict=True))
        accuracy, loss, step = session.run(
            [self._net.accuracy, self._net.loss, self._net.step], feed
        )
        if step == self._seen:
            return
        self._seen = step
        say(0, f"global step {step}  test accuracy {accuracy:.3f}")
        for name, value in (("accuracy", accuracy), ("loss", loss)):
            point = tf.Summary.Value(tag=f"test/{name}", simple_value=float(value))
            self._board.add_summary(tf.Summary(value=[point]), step)
        self._saver.save(session, str(self._folder / "model.ckpt"), global_step=step)


if __name__ == "__main__":
    main()
