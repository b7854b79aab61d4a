"""Losses in graph collections: adding, listing and summing them. Holds no state of its own."""

from graphflow.framework import public as tf
from graphflow.framework.api import tf_export
from graphflow.framework.graph import GraphKeys, add_to_collection, get_collection


@tf_export("losses.add_loss")
def add_loss(loss, loss_collection=GraphKeys.LOSSES):
    """Adds the tensor `loss` to the collection `loss_collection`, unless that is None."""
    if loss_collection:
        add_to_collection(loss_collection, loss)


@tf_export("losses.get_losses")
def get_losses(scope=None, loss_collection=GraphKeys.LOSSES):
    """List of the losses in `loss_collection` whose names match `scope`."""
    return get_collection(loss_collection, scope)


@tf_export("losses.get_regularization_losses")
def get_regularization_losses(scope=None):
    """List of the regularisation losses whose names match `scope`."""
    return get_collection(GraphKeys.REGULARIZATION_LOSSES, scope)


@tf_export("losses.get_regularization_loss")
def get_regularization_loss(scope=None, name="total_regularization_loss"):
    """Sum of the regularisation losses, a scalar; 0 if there are none."""
    losses = get_regularization_losses(scope)
    return tf.add_n(losses, name=name) if losses else tf.constant(0.0)


@tf_export("losses.get_total_loss")
def get_total_loss(add_regularization_losses=True, name="total_loss", scope=None):
    """Sum of all losses, by default with the regularisation losses.

    Raises ValueError if there are no losses.
    """
    losses = get_losses(scope=scope)
    if add_regularization_losses:
        losses += get_regularization_losses(scope=scope)
    return tf.add_n(losses, name=name)
