"""`tf.train.SyncReplicasOptimizer`: steps of several replicas, averaged and applied as one.

Replicas are threads on one session here. They put gradients into accumulators; the chief's queue runner takes
the averages, applies them with the optimizer inside, and hands out tokens, with which the replicas go on. State:
the accumulators and queues that `apply_gradients` has made.
"""

import time

from graphflow.framework import dtypes, errors
from graphflow.framework import public as tf
from graphflow.framework.api import tf_export
from graphflow.framework.graph import GraphKeys
from graphflow.framework.graph_scopes import colocate_with, control_dependencies, device, name_scope
from graphflow.framework.grouping import group
from graphflow.framework.tensor import IndexedSlices, Tensor
from graphflow.training import session_manager
from graphflow.training.optimizer import Optimizer
from graphflow.training.queue_runner import QueueRunner
from graphflow.training.session_run_hook import SessionRunHook

_PAUSE = 0.01       # seconds between attempts to wake the chief's thread


@tf_export("train.SyncReplicasOptimizer")
class SyncReplicasOptimizer(Optimizer):
    """Averages the gradients of `replicas_to_aggregate` steps before each update of the variables.

    Gradients of steps that began before the last update are dropped. The hook of `make_session_run_hook`
    initializes what is needed, and starts the chief's thread, which makes the updates.

    Args:
      opt: the Optimizer that computes gradients and applies the averages.
      replicas_to_aggregate: how many gradients make one update.
      total_num_replicas: how many replicas there are, as many by default. With more, the slowest are left
        behind; with fewer, each makes several steps per update.
      variable_averages, variables_to_average: an `ExponentialMovingAverage` that is applied to these
        variables after each update.

    Example:
      >>> import graphflow as tf
      >>> w, step = tf.Variable(8.0, name="w"), tf.train.create_global_step()
      >>> opt = tf.train.SyncReplicasOptimizer(tf.train.GradientDescentOptimizer(0.25), 2, total_num_replicas=1)
      >>> train = opt.minimize(w * w, global_step=step)
      >>> with tf.train.MonitoredTrainingSession(hooks=[opt.make_session_run_hook(is_chief=True)]) as sess:
      ...     while sess.run(step) < 3:
      ...         _ = sess.run(train)
      ...     print(sess.run(w))
      1.0
    """

    def __init__(self, opt, replicas_to_aggregate, total_num_replicas=None, variable_averages=None,
                 variables_to_average=None, use_locking=False, name="sync_replicas"):
        super().__init__(use_locking, name)
        self._opt = opt
        self._replicas_to_aggregate = replicas_to_aggregate
        self._total_num_replicas = replicas_to_aggregate if total_num_replicas is None else total_num_replicas
        self._variable_averages = variable_averages
        self._variables_to_average = variables_to_average
        self._tokens_per_step = max(self._total_num_replicas, replicas_to_aggregate)
        self._gradients_applied = False
        self._global_step = self._sync_token_queue = self._chief_queue_runner = None
        self._accumulator_list = []     # (accumulator, its device)
        self._waiting_ops = set()       # what the chief waits in

    def compute_gradients(self, *args, **kwargs):
        """(gradient, variable) pairs of this replica alone, as the optimizer inside computes them."""
        return self._opt.compute_gradients(*args, **kwargs)

    def apply_gradients(self, grads_and_vars, global_step=None, name=None):
        """The operation of one replica's step: it hands in gradients, and waits for a token to go on.

        Args:
          grads_and_vars: pairs as from `compute_gradients`; gradients may be None.
          global_step: variable that counts the updates.
          name: not used.
        Raises ValueError without pairs, without `global_step`, and for a gradient that is neither a Tensor nor
        IndexedSlices.
        """
        if not grads_and_vars:
            raise ValueError("Must supply at least one variable")
        if global_step is None:
            raise ValueError("Global step is required to check staleness")
        self._global_step = global_step
        self._make_local_step()
        with name_scope(None, self._name):
            applied, averages = [], []
            for grad, var in grads_and_vars:
                with device(var.device):
                    averages.append((self._accumulated(grad, var, applied), var))
            with device(global_step.device), name_scope(""):
                update = self._opt.apply_gradients(averages, global_step)
            train_op = self._synchronized(applied, update)
            self.chief_init_op = group(self.local_step_init_op, *self._set_global_steps())
        self._gradients_applied = True
        return train_op

    def _make_local_step(self):
        anchor = tf.no_op()
        with colocate_with(anchor):
            self._local_step = tf.Variable(
                0, trainable=False, collections=[GraphKeys.LOCAL_VARIABLES],
                dtype=self._global_step.dtype.base_dtype, name="sync_rep_local_step")
        self.local_step_init_op = tf.assign(self._local_step, self._global_step)
        self.ready_for_local_init_op = tf.report_uninitialized_variables(tf.global_variables())

    def _accumulated(self, grad, var, applied):
        """The average of gradients of `var`; the operation that hands in this one is added to `applied`."""
        shared = var.name + "/grad_accum"
        if grad is None:
            return None
        if isinstance(grad, Tensor):
            accumulator = tf.ConditionalAccumulator(grad.dtype, shape=var.shape, shared_name=shared)
            applied.append(accumulator.apply_grad(grad, local_step=self._local_step))
            average = taken = accumulator.take_grad(self._replicas_to_aggregate)
        elif isinstance(grad, IndexedSlices):
            accumulator = tf.SparseConditionalAccumulator(grad.dtype, shape=(), shared_name=shared)
            applied.append(accumulator.apply_indexed_slices_grad(grad, local_step=self._local_step))
            average = accumulator.take_indexed_slices_grad(self._replicas_to_aggregate)
            taken = average.values
        else:
            raise ValueError("Unknown grad type!")
        self._accumulator_list.append((accumulator, var.device))
        self._waiting_ops.add(taken.op)
        return average

    def _synchronized(self, applied, update):
        """The replica's operation, after what it has `applied`; the chief's, after the `update`, gets a runner."""
        step = self._global_step
        with device(step.device), name_scope(""):
            self._sync_token_queue = tokens = tf.FIFOQueue(
                -1, step.dtype.base_dtype, shapes=(), name="sync_token_q", shared_name="sync_token_q")
            # The runner's own, so that the end of a run does not close the queue of tokens.
            runners_queue = tf.FIFOQueue(1, dtypes.int32, shapes=(), name="dummy_queue", shared_name="dummy_queue")
            with control_dependencies(applied):
                token = tokens.dequeue()
            train_op = tf.assign(self._local_step, token)
            with control_dependencies([update]):
                sync = tokens.enqueue_many((tf.fill([self._tokens_per_step], step),))
            if self._variable_averages is not None:
                with control_dependencies([sync]):
                    sync = self._variable_averages.apply(self._variables_to_average)
            self._chief_queue_runner = _ChiefQueueRunner(runners_queue, sync, self._waiting_ops)
        return train_op

    def _set_global_steps(self):
        operations = []
        for accumulator, place in self._accumulator_list:
            with device(place):
                operations.append(accumulator.set_global_step(self._global_step, name="SetGlobalStep"))
        return operations

    def get_chief_queue_runner(self):
        """The `QueueRunner` that applies averages and hands out tokens: for one replica to start.

        Raises ValueError before `apply_gradients`.
        """
        if not self._gradients_applied:
            raise ValueError("Should be called after apply_gradients().")
        return self._chief_queue_runner

    def get_init_tokens_op(self, num_tokens=-1):
        """The operation that hands out the first tokens, for the chief to run once.

        Args: num_tokens: how many; -1: as many as gradients make one update.
        Raises ValueError before `apply_gradients`, and if fewer replicas than gradients could never begin with them.
        """
        if not self._gradients_applied:
            raise ValueError("get_init_tokens_op() should be called after apply_gradients().")
        needed = self._replicas_to_aggregate - self._total_num_replicas
        if num_tokens == -1:
            num_tokens = self._replicas_to_aggregate
        elif num_tokens < needed:
            raise ValueError(
                f"Too few tokens to finish the first step: {num_tokens} (given) vs {needed} (needed)")
        if num_tokens <= 0:
            return tf.no_op(name="no_init_tokens")
        with device(self._global_step.device), name_scope(""):
            return self._sync_token_queue.enqueue_many((tf.fill([num_tokens], self._global_step),))

    def make_session_run_hook(self, is_chief, num_tokens=-1):
        """The hook that initializes a replica, and for the chief starts its thread.

        Args: is_chief: whether this replica makes the updates. num_tokens: as for `get_init_tokens_op`.
        """
        return _SyncReplicasHook(self, is_chief, num_tokens)

    def get_slot(self, *args, **kwargs):
        """`get_slot` of the optimizer inside."""
        return self._opt.get_slot(*args, **kwargs)

    def get_slot_names(self, *args, **kwargs):
        """`get_slot_names` of the optimizer inside."""
        return self._opt.get_slot_names(*args, **kwargs)

    def variables(self):
        """Variables of the optimizer inside: the replica's own step is not among them."""
        return self._opt.variables()


class _ChiefQueueRunner(QueueRunner):
    """The thread that makes the updates. When a stop is asked for, it does not wait for gradients any longer."""

    def __init__(self, queue, enqueue_op, waiting_ops):
        super().__init__(queue, [enqueue_op],
                         queue_closed_exception_types=(errors.OutOfRangeError, errors.CancelledError))
        self._waiting_ops = waiting_ops

    def _close_on_stop(self, sess, cancel_op, coord):
        super()._close_on_stop(sess, cancel_op, coord)
        while self._runs_per_session.get(sess, 0) > 0:
            sess._resources.waits.cancel(self._waiting_ops)
            time.sleep(_PAUSE)


class _SyncReplicasHook(SessionRunHook):
    """Initializes the steps of a replica; for the chief also the accumulators and tokens, and starts its thread."""

    def __init__(self, optimizer, is_chief, num_tokens):
        self._optimizer = optimizer
        self._is_chief = is_chief
        self._num_tokens = num_tokens
        self._local_init_op = self._init_tokens_op = self._runner = None

    def begin(self):
        optimizer = self._optimizer
        if not optimizer._gradients_applied:
            raise ValueError("SyncReplicasOptimizer.apply_gradient should be called before using the hook.")
        self._local_init_op = optimizer.chief_init_op if self._is_chief else optimizer.local_step_init_op
        if self._is_chief:
            self._runner = optimizer.get_chief_queue_runner()
            self._init_tokens_op = optimizer.get_init_tokens_op(self._num_tokens)

    def after_create_session(self, session, coord):
        ready, message = session_manager.check_ready(
            self._optimizer.ready_for_local_init_op, session,
            "Model is not ready for SyncReplicasOptimizer local init.")
        if not ready:
            raise RuntimeError("Init operations did not make model ready for SyncReplicasOptimizer local_init. "
                               f"Init op: {self._local_init_op.name}, error: {message}")
        session.run(self._local_init_op)
        if self._is_chief:
            session.run(self._init_tokens_op)
            self._runner.create_threads(session, coord=coord, daemon=True, start=True)
