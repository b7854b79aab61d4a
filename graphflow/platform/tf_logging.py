"""`tf.logging`: TF1's logging functions over Python's `logging`.

State: one logger, "graphflow", which prints to stderr unless the program configured logging itself.
"""

import collections
import logging
import sys

from graphflow.framework.api import export_value, tf_export

DEBUG, INFO, WARN, ERROR, FATAL = logging.DEBUG, logging.INFO, logging.WARN, logging.ERROR, logging.FATAL
_NAMES = {FATAL: "FATAL", ERROR: "ERROR", WARN: "WARN", INFO: "INFO", DEBUG: "DEBUG"}
for _level in _NAMES.values():
    export_value(f"logging.{_level}", __name__, _level)

_counts = collections.Counter()
_logger = None


def _get_logger():
    global _logger
    if _logger is None:
        logger = logging.getLogger("graphflow")
        if not logging.getLogger().handlers and not logger.handlers:
            handler = logging.StreamHandler(sys.stderr)
            handler.setFormatter(logging.Formatter(logging.BASIC_FORMAT))
            logger.addHandler(handler)
            logger.propagate = False
        if logger.level == logging.NOTSET:
            logger.setLevel(WARN)
        _logger = logger
    return _logger


@tf_export("logging.log")
def log(level, msg, *args, **kwargs):
    """Logs `msg % args` at `level`."""
    _get_logger().log(level, msg, *args, **kwargs)


@tf_export("logging.debug")
def debug(msg, *args, **kwargs):
    """Logs at DEBUG."""
    _get_logger().debug(msg, *args, **kwargs)


@tf_export("logging.info")
def info(msg, *args, **kwargs):
    """Logs at INFO."""
    _get_logger().info(msg, *args, **kwargs)


@tf_export("logging.warn", "logging.warning")
def warning(msg, *args, **kwargs):
    """Logs at WARN."""
    _get_logger().warning(msg, *args, **kwargs)


@tf_export("logging.error")
def error(msg, *args, **kwargs):
    """Logs at ERROR."""
    _get_logger().error(msg, *args, **kwargs)


@tf_export("logging.fatal")
def fatal(msg, *args, **kwargs):
    """Logs at FATAL; does not end the program."""
    _get_logger().fatal(msg, *args, **kwargs)


@tf_export("logging.vlog")
def vlog(level, msg, *args, **kwargs):
    """Logs at the numeric `level`."""
    _get_logger().log(level, msg, *args, **kwargs)


@tf_export("logging.log_every_n")
def log_every_n(level, msg, n, *args):
    """Logs the first and every n-th call from the same message."""
    count = _counts[msg]
    _counts[msg] += 1
    log_if(level, msg, not count % n, *args)


@tf_export("logging.log_first_n")
def log_first_n(level, msg, n, *args):
    """Logs only the first n calls of the same message."""
    count = _counts[msg]
    _counts[msg] += 1
    log_if(level, msg, count < n, *args)


@tf_export("logging.log_if")
def log_if(level, msg, condition, *args):
    """Logs if `condition` holds."""
    if condition:
        log(level, msg, *args)


@tf_export("logging.set_verbosity")
def set_verbosity(v):
    """Sets the level (a number or its name) below which nothing is logged."""
    _get_logger().setLevel(v)


@tf_export("logging.get_verbosity")
def get_verbosity():
    """The level below which nothing is logged."""
    return _get_logger().getEffectiveLevel()


@tf_export("logging.flush")
def flush():
    """Flushes the log's streams."""
    for handler in _get_logger().handlers:
        handler.flush()


@tf_export("logging.TaskLevelStatusMessage")
def task_level_status_message(msg):
    """Logs a status message as an error, as TensorFlow does."""
    error(msg)
