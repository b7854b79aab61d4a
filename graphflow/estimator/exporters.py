"""Exporters: what `tf.estimator.train_and_evaluate` does with a model after each evaluation.

State: a BestExporter remembers the best evaluation.
"""

import abc
import glob
import os

import graphflow as tf
from graphflow.framework.api import tf_export
from graphflow.summary.event_file import summary_iterator


@tf_export("estimator.Exporter")
class Exporter(abc.ABC):
    """Exports a model: something with a `name` and a method `export`."""

    @property
    @abc.abstractmethod
    def name(self):
        """The folder's name below `export/`."""

    @abc.abstractmethod
    def export(self, estimator, export_path, checkpoint_path, eval_result, is_the_final_export):
        """Exports a checkpoint to a folder below `export_path`; its path, or None if nothing was exported.

        Args: eval_result: what `Estimator.evaluate` gave. is_the_final_export: whether training has ended.
        """


class _SavedModelExporter(Exporter):
    """What the exporters here share."""

    def __init__(self, name, serving_input_receiver_fn, assets_extra, as_text, exports_to_keep=None):
        if exports_to_keep is not None and exports_to_keep <= 0:
            raise ValueError("`exports_to_keep`, if provided, must be positive number")
        self._name = name
        self._serving_input_receiver_fn = serving_input_receiver_fn
        self._assets_extra = assets_extra
        self._as_text = as_text
        self._exports_to_keep = exports_to_keep

    @property
    def name(self):
        return self._name

    def _write(self, estimator, export_path, checkpoint_path):
        path = estimator.export_saved_model(export_path, self._serving_input_receiver_fn, self._assets_extra,
                                            self._as_text, checkpoint_path)
        self._remove_old(export_path)
        return path

    def _remove_old(self, export_path):
        if self._exports_to_keep is None:
            return
        found = sorted(int(name) for name in os.listdir(export_path) if name.isdigit())
        for number in found[:-self._exports_to_keep]:
            tf.gfile.DeleteRecursively(os.path.join(export_path, str(number)))


@tf_export("estimator.FinalExporter")
class FinalExporter(_SavedModelExporter):
    """Exports when training has ended, which is known if `max_steps` is given.

    Args: name: the folder's. serving_input_receiver_fn, assets_extra, as_text: see `Estimator.export_saved_model`.
    """

    def __init__(self, name, serving_input_receiver_fn, assets_extra=None, as_text=False):
        super().__init__(name, serving_input_receiver_fn, assets_extra, as_text)

    def export(self, estimator, export_path, checkpoint_path, eval_result, is_the_final_export):
        if not is_the_final_export:
            return None
        tf.logging.info("Performing the final export in the end of training.")
        return self._write(estimator, export_path, checkpoint_path)


@tf_export("estimator.LatestExporter")
class LatestExporter(_SavedModelExporter):
    """Exports after every evaluation, and keeps the newest `exports_to_keep` (None: all)."""

    def __init__(self, name, serving_input_receiver_fn, assets_extra=None, as_text=False, exports_to_keep=5):
        super().__init__(name, serving_input_receiver_fn, assets_extra, as_text, exports_to_keep)

    def export(self, estimator, export_path, checkpoint_path, eval_result, is_the_final_export):
        return self._write(estimator, export_path, checkpoint_path)


def _loss_smaller(best_eval_result, current_eval_result):
    for which, result in (("best", best_eval_result), ("current", current_eval_result)):
        if not result or "loss" not in result:
            raise ValueError(f"{which}_eval_result cannot be empty or no loss is found in it.")
    return best_eval_result["loss"] > current_eval_result["loss"]


@tf_export("estimator.BestExporter")
class BestExporter(_SavedModelExporter):
    """Exports when an evaluation is better than all before.

    Args:
      name: the folder's. serving_input_receiver_fn, assets_extra, as_text: see `Estimator.export_saved_model`.
      event_file_pattern: event files, below the model's folder, with evaluations of earlier programs; None looks at
        none. compare_fn: function of (best, present) results that says whether the present is better; by default
        whether its loss is smaller. exports_to_keep: how many exports to keep.
    Raises ValueError without a function.
    """

    def __init__(self, name="best_exporter", serving_input_receiver_fn=None, event_file_pattern="eval/*.tfevents.*",
                 compare_fn=_loss_smaller, assets_extra=None, as_text=False, exports_to_keep=5):
        super().__init__(name, serving_input_receiver_fn, assets_extra, as_text, exports_to_keep)
        if compare_fn is None:
            raise ValueError("`compare_fn` must not be None.")
        self._compare_fn = compare_fn
        self._event_file_pattern = event_file_pattern
        self._best = None
        self._looked_back = False

    def export(self, estimator, export_path, checkpoint_path, eval_result, is_the_final_export):
        if not self._looked_back:
            self._looked_back = True
            self._look_back(estimator, eval_result)
        if self._best is not None and not self._compare_fn(
                best_eval_result=self._best, current_eval_result=eval_result):
            return None
        tf.logging.info("Performing best model export.")
        self._best = eval_result
        return self._write(estimator, export_path, checkpoint_path)

    def _look_back(self, estimator, present):
        """Takes the best of the evaluations in event files, but the present one."""
        if self._event_file_pattern is None:
            return
        pattern = os.path.join(glob.escape(estimator.model_dir), self._event_file_pattern)
        for path in sorted(glob.glob(pattern)):
            for event in summary_iterator(path):
                found = {value.tag: value.simple_value for value in event.summary.value
                         if value.HasField("simple_value")}
                if not found or event.step == present.get(tf.GraphKeys.GLOBAL_STEP):
                    continue
                if self._best is None or self._compare_fn(best_eval_result=self._best, current_eval_result=found):
                    self._best = found
