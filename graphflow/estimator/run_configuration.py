"""`tf.estimator.RunConfig`: where and how an Estimator runs. State: the settings of one."""

import copy
import json
import os

import graphflow as tf
from graphflow.framework import errors
from graphflow.framework.api import tf_export

_USE_DEFAULT = object()
_REPLACEABLE = (
    "model_dir", "tf_random_seed", "save_summary_steps", "save_checkpoints_steps", "save_checkpoints_secs",
    "session_config", "keep_checkpoint_max", "keep_checkpoint_every_n_hours", "log_step_count_steps",
    "train_distribute", "device_fn", "protocol", "eval_distribute", "experimental_distribute",
    "experimental_max_worker_delay_secs", "session_creation_timeout_secs",
)
_NOT_NEGATIVE = ("save_summary_steps", "save_checkpoints_steps", "save_checkpoints_secs", "keep_checkpoint_max")
_POSITIVE = ("keep_checkpoint_every_n_hours", "log_step_count_steps", "session_creation_timeout_secs")
_DISTRIBUTED = ("train_distribute", "eval_distribute", "experimental_distribute")
_BOTH = "`save_checkpoints_steps` and `save_checkpoints_secs` cannot be both set."


@tf_export("estimator.RunConfig")
class RunConfig:
    """Settings of an Estimator's runs, which are always local.

    Args:
      model_dir: folder of checkpoints and summaries; the environment's TF_CONFIG may name it instead.
      tf_random_seed: seed of the graphs. save_summary_steps: how often to summarise.
      save_checkpoints_steps, save_checkpoints_secs: how often to save, 600 seconds by default; None for both never.
      session_config: ConfigProto. keep_checkpoint_max, keep_checkpoint_every_n_hours: see `tf.train.Saver`.
      log_step_count_steps: how often to log the loss and steps per second; None never.
      device_fn: function of an operation, for `tf.device`. session_creation_timeout_secs: for compatibility.
      train_distribute, eval_distribute, experimental_distribute: not supported. protocol,
        experimental_max_worker_delay_secs: for compatibility.
    Raises ValueError for other values, UnimplementedError for what would run in several processes.
    """

    def __init__(self, model_dir=None, tf_random_seed=None, save_summary_steps=100,
                 save_checkpoints_steps=_USE_DEFAULT, save_checkpoints_secs=_USE_DEFAULT, session_config=None,
                 keep_checkpoint_max=5, keep_checkpoint_every_n_hours=10000, log_step_count_steps=100,
                 train_distribute=None, device_fn=None, protocol=None, eval_distribute=None,
                 experimental_distribute=None, experimental_max_worker_delay_secs=None,
                 session_creation_timeout_secs=7200):
        given = {name: value for name, value in locals().items() if name in _REPLACEABLE}
        if save_checkpoints_steps is _USE_DEFAULT and save_checkpoints_secs is _USE_DEFAULT:
            given.update(save_checkpoints_steps=None, save_checkpoints_secs=600)
        elif save_checkpoints_secs is _USE_DEFAULT:
            given["save_checkpoints_secs"] = None
        elif save_checkpoints_steps is _USE_DEFAULT:
            given["save_checkpoints_steps"] = None
        elif save_checkpoints_steps is not None and save_checkpoints_secs is not None:
            raise ValueError(_BOTH)
        environment = json.loads(os.environ.get("TF_CONFIG") or "{}")
        _check_environment(environment)
        given["model_dir"] = _model_dir(model_dir, environment.get("model_dir"))
        _check(given)
        self._values = given

    def replace(self, **kwargs):
        """A copy with other values of some settings; ValueError for other names.

        Of `save_checkpoints_steps` and `save_checkpoints_secs`, the one that is not given becomes None.
        """
        unknown = set(kwargs) - set(_REPLACEABLE)
        if unknown:
            raise ValueError(f"Replacing {', '.join(sorted(unknown))} is not supported. Allowed properties are "
                             f"{', '.join(_REPLACEABLE)}.")
        if kwargs.get("save_checkpoints_steps") is not None and kwargs.get("save_checkpoints_secs") is not None:
            raise ValueError(_BOTH)
        if kwargs.get("save_checkpoints_steps") is not None:
            kwargs["save_checkpoints_secs"] = None
        elif kwargs.get("save_checkpoints_secs") is not None:
            kwargs["save_checkpoints_steps"] = None
        _check(kwargs)
        result = copy.copy(self)
        result._values = {**self._values, **kwargs}
        return result

    # Tasks of a cluster: there is one, the chief.
    cluster_spec = property(lambda self: tf.train.ClusterSpec({}), doc="The cluster, which is empty.")
    task_type = property(lambda self: "worker", doc="The job of this process.")
    task_id = property(lambda self: 0, doc="The number of this process in its job.")
    global_id_in_cluster = property(lambda self: 0, doc="The number of this process.")
    is_chief = property(lambda self: True, doc="Whether this process initialises and saves.")
    master = property(lambda self: "", doc="Target of sessions.")
    evaluation_master = property(lambda self: "", doc="Target of sessions that evaluate.")
    num_ps_replicas = property(lambda self: 0, doc="Number of parameter servers.")
    num_worker_replicas = property(lambda self: 1, doc="Number of workers.")
    service = property(lambda self: None, doc="What TF_CONFIG says of a service.")

    def __repr__(self):
        return "RunConfig(" + ", ".join(f"{name}={value!r}" for name, value in self._values.items()) + ")"


for _name in _REPLACEABLE:
    setattr(RunConfig, _name, property(lambda self, name=_name: self._values[name], doc=f"The setting `{_name}`."))


def _check(values):
    for name in _NOT_NEGATIVE:
        if values.get(name) is not None and values[name] < 0:
            raise ValueError(f"{name} should be >= 0")
    for name in _POSITIVE:
        if values.get(name) is not None and values[name] <= 0:
            raise ValueError(f"{name} should be > 0")
    if values.get("model_dir") == "":
        raise ValueError("model_dir should be non-empty")
    if values.get("session_config") is not None and not hasattr(values["session_config"], "SerializeToString"):
        raise ValueError("session_config must be instance of ConfigProto")
    if values.get("device_fn") is not None and not callable(values["device_fn"]):
        raise ValueError("device_fn must be callable with exactly one argument \"op\".")
    for name in _DISTRIBUTED:
        if values.get(name) is not None:
            raise errors.UnimplementedError(
                None, None, f"RunConfig({name}=...): GraphFlow runs in one process, on one device; leave it out.")


def _check_environment(environment):
    tasks = sum(len(tasks) for tasks in environment.get("cluster", {}).values())
    if tasks > 1:
        raise errors.UnimplementedError(
            None, None, f"TF_CONFIG describes a cluster of {tasks} tasks: GraphFlow runs in one process. Unset it.")


def _model_dir(given, from_environment):
    given = None if given is None else os.fspath(given)
    if given and from_environment and given != from_environment:
        raise ValueError("`model_dir` provided in RunConfig construct, if set, must have the same value as the "
                         f"model_dir in TF_CONFIG. model_dir: {given}\nTF_CONFIG[\"model_dir\"]: {from_environment}.")
    return given or from_environment
