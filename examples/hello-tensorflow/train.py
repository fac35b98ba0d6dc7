"""The smallest TensorFlow job: workers that learn one number together, each from its own data."""

import tensorflow as tf

strategy = tf.distribute.MultiWorkerMirroredStrategy()
resolver = strategy.cluster_resolver
task = f"{resolver.task_type} {resolver.task_id}" if resolver.task_type else "alone"
with strategy.scope():
    weight = tf.Variable(0.0)


@tf.function
def train_step():
    """One step towards 3, the slope of the line that the samples lie on."""

    def step():
        x = tf.random.uniform([32])
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((weight * x - 3.0 * x) ** 2)
        gradient = tape.gradient(loss, weight)
        mean = tf.distribute.get_replica_context().all_reduce("MEAN", gradient)
        weight.assign_sub(0.5 * mean)
        return loss

    return strategy.reduce("MEAN", strategy.run(step), axis=None)


print(f"hello from {task} of {strategy.num_replicas_in_sync}")
for number in range(1, 31):
    loss = float(train_step())
    if number % 10 == 0:
        print(f"step {number}  loss {loss:.4f}  weight {float(weight.numpy()):.3f}")
