"""What makes the sessions of a MonitoredSession: for the chief, and for other workers.

State: per creator its scaffold and SessionManager.
"""

import abc

from graphflow.framework import scopes
from graphflow.framework.api import tf_export
from graphflow.training.scaffold import Scaffold
from graphflow.training.session_manager import SessionManager


@tf_export("train.SessionCreator")
class SessionCreator(abc.ABC):
    """Makes sessions: something with a method `create_session`."""

    @abc.abstractmethod
    def create_session(self):
        """A new session, ready for use."""
        raise NotImplementedError(f"create_session is not implemented for {self}.")


class _ScaffoldedCreator(SessionCreator):
    """Finalizes a scaffold, whose operations then prepare the sessions."""

    def __init__(self, scaffold, master, config):
        self._scaffold = scaffold or Scaffold()
        self._session_manager = None
        self._master = master
        self._config = config

    def _manager(self):
        self._scaffold.finalize()
        if self._session_manager is None:
            self._session_manager = SessionManager(
                local_init_op=self._scaffold.local_init_op, ready_op=self._scaffold.ready_op,
                ready_for_local_init_op=self._scaffold.ready_for_local_init_op, graph=scopes.get_default_graph())
        return self._session_manager


@tf_export("train.ChiefSessionCreator")
class ChiefSessionCreator(_ScaffoldedCreator):
    """Makes sessions that are restored from a checkpoint, if there is one, else initialised.

    Args: scaffold: a Scaffold. master: target of the sessions, "". config: their ConfigProto.
      checkpoint_dir: folder with the checkpoint, or checkpoint_filename_with_path: which one it is.
    """

    def __init__(self, scaffold=None, master="", config=None, checkpoint_dir=None,
                 checkpoint_filename_with_path=None):
        super().__init__(scaffold, master, config)
        self._checkpoint_dir = checkpoint_dir
        self._checkpoint_filename_with_path = checkpoint_filename_with_path

    def create_session(self):
        manager, scaffold = self._manager(), self._scaffold
        return manager.prepare_session(
            self._master, saver=scaffold.saver, checkpoint_dir=self._checkpoint_dir,
            checkpoint_filename_with_path=self._checkpoint_filename_with_path, config=self._config,
            init_op=scaffold.init_op, init_feed_dict=scaffold.init_feed_dict, init_fn=scaffold.init_fn)


@tf_export("train.WorkerSessionCreator")
class WorkerSessionCreator(_ScaffoldedCreator):
    """Makes sessions that wait up to `max_wait_secs` for somebody else to initialise the model."""

    def __init__(self, scaffold=None, master="", config=None, max_wait_secs=30 * 60):
        super().__init__(scaffold, master, config)
        self._max_wait_secs = max_wait_secs

    def create_session(self):
        return self._manager().wait_for_session(self._master, config=self._config, max_wait_secs=self._max_wait_secs)
