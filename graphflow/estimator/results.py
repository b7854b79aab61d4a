"""What an Estimator's runs give: metrics as values and summaries, predictions example by example.

Holds no state.
"""

import sys

import graphflow as tf
from graphflow.estimator.estimator_spec import LOSS_METRIC_KEY
from graphflow.training.evaluation import get_or_create_eval_step


def metric_ops(spec):
    """(the operation that updates all metrics, {name: value}), the average loss among them."""
    metrics = spec.eval_metric_ops
    for name in (LOSS_METRIC_KEY, tf.GraphKeys.GLOBAL_STEP):
        if name in metrics:
            raise ValueError(f'Metric with name "{name}" is not allowed, because Estimator already defines a default '
                             "metric with the same name.")
    metrics = {**metrics, LOSS_METRIC_KEY: tf.metrics.mean(spec.loss)}
    updates = [update for name, (_, update) in sorted(metrics.items())]
    return tf.group(*updates), {name: value for name, (value, _) in sorted(metrics.items())}


def eval_scaffold(scaffold):
    """The scaffold, with the usual local initialisation beside its own."""
    if scaffold.local_init_op is None:
        return scaffold
    get_or_create_eval_step()
    local = tf.group(scaffold.local_init_op, tf.train.Scaffold.default_local_init_op())
    return tf.train.Scaffold(local_init_op=local, copy_from_scaffold=scaffold)


def write_results(folder, results, checkpoint_path):
    """Summaries of what an evaluation found."""
    step = int(results[tf.GraphKeys.GLOBAL_STEP])
    shown = ", ".join(f"{name} = {value}" for name, value in sorted(results.items()))
    tf.logging.info("Saving dict for global step %d: %s", step, shown)
    summary = tf.Summary()
    for name, value in sorted(results.items()):
        if name == tf.GraphKeys.GLOBAL_STEP or value is None:
            continue
        if getattr(value, "ndim", 0) == 0 and not isinstance(value, (str, bytes)):
            summary.value.add(tag=name, simple_value=float(value))
        elif isinstance(value, bytes):
            summary.value.add(tag=name).MergeFromString(tf.Summary.Value.FromString(value).SerializeToString())
        else:
            tf.logging.warning("Skipping summary for %s, must be a float, np.float32, np.int64, np.int32 or int or "
                               "np.ndarray or a serialized string of Summary.", name)
    writer = tf.summary.FileWriterCache.get(folder)
    writer.add_summary(summary, step)
    if checkpoint_path:
        text = tf.Summary()
        value = text.value.add(tag="checkpoint_path", tensor=tf.make_tensor_proto(checkpoint_path, tf.string))
        value.metadata.plugin_data.plugin_name = "text"
        writer.add_summary(text, step)
    writer.flush()


def chosen(predictions, keys):
    if not keys:
        return predictions
    if not isinstance(predictions, dict):
        raise ValueError("predict_keys argument is not valid in case of non-dict predictions.")  # noqa: TRY004
    found = {key: value for key, value in predictions.items() if key in keys}
    if not found:
        raise ValueError(f"Expected to run at least one output from {list(predictions)}, provided {keys}.")
    return found


def batches(session, graph, predictions):
    """Yields what runs of a MonitoredSession give; its graph is the default one only while it runs."""
    try:
        while True:
            with graph.as_default():
                if session.should_stop():
                    break
                values = session.run(predictions)
            yield values
    except BaseException:
        with graph.as_default():
            if not session.__exit__(*sys.exc_info()):
                raise
    else:
        with graph.as_default():
            session.close()


def examples(values):
    """The examples of a batch of predictions."""
    if not isinstance(values, dict):
        yield from values
        return
    sizes = {key: value.shape[0] for key, value in values.items()}
    if len(set(sizes.values())) > 1:
        raise ValueError(f"Batch length of predictions should be same. {sizes}")
    for i in range(next(iter(sizes.values()))):
        yield {key: value[i] for key, value in values.items()}
