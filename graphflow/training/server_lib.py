"""`tf.train.ClusterSpec` and `tf.train.Server`: what a program says about the processes it runs in.

GraphFlow runs in one process: clusters can be described, and have servers as far as all of them are here
(`graphflow/runtime/clusters.py`). State: the descriptions.
"""

import threading

from graphflow.framework.api import tf_export
from graphflow.runtime import clusters


@tf_export("train.ClusterSpec")
class ClusterSpec:
    """The jobs of a cluster and the addresses of their tasks.

    Args: cluster: {job: list of addresses, or {task number: address}}, a ClusterDef or a ClusterSpec.
    Raises TypeError for anything else.

    Example:
      >>> import graphflow as tf
      >>> cluster = tf.train.ClusterSpec({"worker": ["host0:2222", "host1:2222"], "ps": ["host2:2222"]})
      >>> print(cluster.num_tasks("worker"), cluster.task_address("ps", 0))
      2 host2:2222
    """

    def __init__(self, cluster):
        if isinstance(cluster, dict):
            self._cluster_spec = {job: self._tasks(job, tasks) for job, tasks in cluster.items()}
        else:
            if isinstance(cluster, ClusterSpec):
                cluster = cluster.as_cluster_def()
            if getattr(getattr(cluster, "DESCRIPTOR", None), "name", None) != "ClusterDef":
                raise TypeError("`cluster` must be a dictionary mapping one or more job names to lists of network "
                                "addresses, or a `ClusterDef` protocol buffer")
            self._cluster_spec = {job.name: dict(job.tasks.items()) for job in cluster.job}
        self._cluster_def = self._as_message()

    @staticmethod
    def _tasks(job, tasks):
        if isinstance(tasks, (list, tuple)):
            return dict(enumerate(tasks))
        if isinstance(tasks, dict):
            return dict(tasks)
        raise TypeError(f"The tasks for job {job!r} must be a list or a dictionary from integers to strings.")

    def _as_message(self):
        from graphflow import protobuf

        message = protobuf.ClusterDef()
        for name, tasks in sorted(self._cluster_spec.items()):
            if not isinstance(name, (str, bytes)):
                raise TypeError(f"Job name {name!r} must be bytes or unicode")
            job = message.job.add(name=name)
            for index, address in sorted(tasks.items()):
                if not isinstance(address, (str, bytes)):
                    raise TypeError(f"Task address {address!r} must be bytes or unicode")
                job.tasks[index] = address
        return message

    def __bool__(self):
        return bool(self._cluster_spec)

    def __eq__(self, other):
        return self._cluster_spec == getattr(other, "_cluster_spec", other)

    __hash__ = None

    def __str__(self):
        return "ClusterSpec({" + ", ".join(f"{k!r}: {v!r}" for k, v in sorted(self.as_dict().items())) + "})"

    def as_dict(self):
        """{job: list of addresses}, or {task number: address} for a job with gaps."""
        return {job: self.job_tasks(job) if tasks and sorted(tasks) == list(range(len(tasks))) else dict(tasks)
                for job, tasks in self._cluster_spec.items()}

    def as_cluster_def(self):
        """The ClusterDef."""
        return self._cluster_def

    @property
    def jobs(self):
        """Names of the jobs."""
        return list(self._cluster_spec)

    def _job(self, job_name):
        if job_name not in self._cluster_spec:
            raise ValueError(f"No such job in cluster: {job_name!r}")
        return self._cluster_spec[job_name]

    def num_tasks(self, job_name):
        """Number of tasks of a job; ValueError for an unknown one."""
        return len(self._job(job_name))

    def task_indices(self, job_name):
        """Numbers of the tasks of a job."""
        return sorted(self._job(job_name))

    def task_address(self, job_name, task_index):
        """Address of a task; ValueError for an unknown one."""
        job = self._job(job_name)
        if task_index not in job:
            raise ValueError(f"No task with index {task_index!r} in job {job_name!r}")
        return job[task_index]

    def job_tasks(self, job_name):
        """Addresses of the tasks of a job, None where a number is missing."""
        job = self._job(job_name)
        return [job.get(index) for index in range(max(job, default=-1) + 1)]


def _server_def(server_or_cluster_def, job_name, task_index, protocol, config):
    """The ServerDef that the arguments of Server describe."""
    from graphflow import protobuf

    if getattr(getattr(server_or_cluster_def, "DESCRIPTOR", None), "name", None) == "ServerDef":
        message = protobuf.ServerDef.FromString(server_or_cluster_def.SerializeToString())
        if job_name is not None:
            message.job_name = job_name
        if task_index is not None:
            message.task_index = task_index
        if protocol is not None:
            message.protocol = protocol
    else:
        try:
            cluster = ClusterSpec(server_or_cluster_def)
        except TypeError:
            raise TypeError("Could not convert `server_or_cluster_def` to a `tf.train.ServerDef` or "
                            "`tf.train.ClusterSpec`.") from None
        if job_name is None:
            if len(cluster.jobs) != 1:
                raise ValueError("Must specify an explicit `job_name`.")
            job_name = cluster.jobs[0]
        if task_index is None:
            indices = cluster.task_indices(job_name)
            if len(indices) != 1:
                raise ValueError("Must specify an explicit `task_index`.")
            task_index = indices[0]
        message = protobuf.ServerDef(cluster=cluster.as_cluster_def(), job_name=job_name, task_index=task_index,
                                     protocol=protocol or "grpc")
    if config is not None:
        message.default_session_config.MergeFrom(config)
    return message


@tf_export("train.Server", "distribute.Server")
class Server:
    """A server for one task of a cluster, all of which is in this process.

    Sessions with a server's target share their variables and queues with all others of the cluster, and run here
    whatever jobs their operations ask for. Making one raises UnimplementedError while tasks of the cluster have no
    server in this process.

    Args:
      server_or_cluster_def: a ServerDef, ClusterDef, ClusterSpec or dict of jobs.
      job_name, task_index: which task this is; not needed if there is only one. protocol: "grpc".
      config: ConfigProto. start: whether to start at once.
    Raises TypeError and ValueError for arguments that don't describe a task.

    Example:
      >>> import graphflow as tf
      >>> server = tf.train.Server.create_local_server()
      >>> v = tf.Variable(1.0)
      >>> with tf.Session(server.target) as sess:
      ...     sess.run(v.initializer)
      >>> with tf.Session(server.target) as sess:
      ...     print(sess.run(v))
      1.0
    """

    def __init__(self, server_or_cluster_def, job_name=None, task_index=None, protocol=None, config=None, start=True):
        self._server_def = _server_def(server_or_cluster_def, job_name, task_index, protocol, config)
        tasks = {(job.name, index): address for job in self._server_def.cluster.job
                 for index, address in job.tasks.items()}
        self._task = self._server_def.job_name, self._server_def.task_index
        if self._task not in tasks:
            raise ValueError(f'Job "{self._task[0]}" with task {self._task[1]} was not defined in cluster')
        self._cluster, self._target = clusters.join(tasks, self._task)
        if start:
            self.start()

    def start(self):
        """Starts the server."""
        self._cluster.start(self._task)

    def join(self):
        """Blocks for ever, as a server does that others use."""
        threading.Event().wait()

    @property
    def server_def(self):
        """The ServerDef."""
        return self._server_def

    @property
    def target(self):
        """What `tf.Session(server.target)` connects to."""
        return self._target

    @staticmethod
    def create_local_server(config=None, start=True):
        """A server that is a cluster of its own."""
        return Server({"local": ["localhost:0"]}, protocol="grpc", config=config, start=start)
