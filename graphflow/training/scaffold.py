"""`tf.train.Scaffold`: the operations and objects that a training loop needs beside the model.

State: those given or found; what is missing is made, and put into collections, by `finalize`.
"""

from graphflow.framework import public, scopes
from graphflow.framework.api import tf_export
from graphflow.framework.graph import GraphKeys
from graphflow.framework.grouping import group
from graphflow.ops import resources
from graphflow.ops.variable_lists import (
    global_variables,
    global_variables_initializer,
    local_variables_initializer,
    report_uninitialized_variables,
)
from graphflow.platform import tf_logging as logging
from graphflow.summary.functions import merge_all
from graphflow.training.saver import _get_saver_or_default


@tf_export("train.Scaffold")
class Scaffold:
    """What initialises, checks, saves and summarises a model, each by default TensorFlow's usual way.

    Args:
      init_op: initialises the model; fed with `init_feed_dict`. init_fn: called after it as
        `init_fn(scaffold, session)`.
      ready_op: its value, names of uninitialised variables, is empty when the model can be used.
      ready_for_local_init_op: the same for running `local_init_op`, which initialises what is local.
      summary_op: the merged summaries. saver: a Saver.
      copy_from_scaffold: a Scaffold to take the rest from.
    Raises TypeError if that is none.

    Example:
      >>> import graphflow as tf
      >>> w = tf.Variable(2.0)
      >>> def start(scaffold, session):
      ...     w.load(5.0, session)
      >>> creator = tf.train.ChiefSessionCreator(tf.train.Scaffold(init_fn=start))
      >>> with tf.train.MonitoredSession(creator) as sess:
      ...     print(sess.run(w))
      5.0
    """

    def __init__(self, init_op=None, init_feed_dict=None, init_fn=None, ready_op=None, ready_for_local_init_op=None,
                 local_init_op=None, summary_op=None, saver=None, copy_from_scaffold=None):
        other = copy_from_scaffold
        if other is not None and not isinstance(other, Scaffold):
            raise TypeError("copy_from_scaffold is not a Scaffold instance.")

        def chosen(value, field):
            return getattr(other, field) if value is None and other is not None else value

        self._init_op = chosen(init_op, "_init_op")
        self._init_feed_dict = chosen(init_feed_dict, "_init_feed_dict")
        self._user_init_fn = chosen(init_fn, "_user_init_fn")
        self._init_fn = self._call_user_init_fn if self._user_init_fn else None
        self._ready_op = chosen(ready_op, "_ready_op")
        self._ready_for_local_init_op = chosen(ready_for_local_init_op, "_ready_for_local_init_op")
        self._local_init_op = chosen(local_init_op, "_local_init_op")
        self._summary_op = chosen(summary_op, "_summary_op")
        self._saver = chosen(saver, "_saver")

    def _call_user_init_fn(self, session):
        self._user_init_fn(self, session)

    def finalize(self):
        """Makes what is missing and finalizes the default graph; returns self."""
        get = Scaffold.get_or_default
        if self._init_op is None:
            self._init_op = get("init_op", GraphKeys.INIT_OP, _default_init_op)
        if self._ready_op is None:
            self._ready_op = get("ready_op", GraphKeys.READY_OP, _default_ready_op)
        if self._ready_for_local_init_op is None:
            self._ready_for_local_init_op = get(
                "ready_for_local_init_op", GraphKeys.READY_FOR_LOCAL_INIT_OP, _default_ready_for_local_init_op)
        if self._local_init_op is None:
            self._local_init_op = get("local_init_op", GraphKeys.LOCAL_INIT_OP, Scaffold.default_local_init_op)
        if self._summary_op is None:
            self._summary_op = get("summary_op", GraphKeys.SUMMARY_OP, merge_all)
        if self._saver is None:
            self._saver = _get_saver_or_default()
        self._saver.build()
        scopes.get_default_graph().finalize()
        logging.info("Graph was finalized.")
        return self

    @property
    def init_op(self):
        """The operation that initialises the model."""
        return self._init_op

    @property
    def init_fn(self):
        """Function of a session that is called after `init_op`, or None."""
        return self._init_fn

    @property
    def init_feed_dict(self):
        """What is fed to `init_op`."""
        return self._init_feed_dict

    @property
    def ready_op(self):
        """Names of what is not initialised; empty when the model is ready."""
        return self._ready_op

    @property
    def ready_for_local_init_op(self):
        """Names of what `local_init_op` waits for."""
        return self._ready_for_local_init_op

    @property
    def local_init_op(self):
        """The operation that initialises local variables and tables."""
        return self._local_init_op

    @property
    def summary_op(self):
        """The merged summaries, or None."""
        return self._summary_op

    @property
    def saver(self):
        """The Saver."""
        return self._saver

    @staticmethod
    def get_or_default(arg_name, collection_key, default_constructor):
        """The one element of a collection, else what `default_constructor` makes, put there.

        Raises RuntimeError, which names the argument, if the collection has several.
        """
        graph = scopes.get_default_graph()
        elements = graph.get_collection(collection_key)
        if len(elements) > 1:
            raise RuntimeError(
                f'More than one item in the collection "{collection_key}". Please indicate which one to use by '
                f"passing it to the tf.Scaffold constructor as:  tf.Scaffold({arg_name}=item to use)")
        if elements:
            return elements[0]
        made = default_constructor()
        if made is not None:
            graph.add_to_collection(collection_key, made)
        return made

    @staticmethod
    def default_local_init_op():
        """An operation that initialises local variables, tables and local resources."""
        return group(local_variables_initializer(), public.tables_initializer(),
                     resources.initialize_resources(resources.local_resources()))


def _default_init_op():
    return group(global_variables_initializer(), resources.initialize_resources(resources.shared_resources()))


def _default_ready_op():
    return public.concat([report_uninitialized_variables(), resources.report_uninitialized_resources()], 0)


def _default_ready_for_local_init_op():
    return public.concat([report_uninitialized_variables(global_variables()),
                          resources.report_uninitialized_resources(resources.shared_resources())], 0)
