"""Embeddings of sequences of symbols. State: the variable `embeddings`."""

import graphflow as tf
from graphflow.contrib.framework.model_variables import model_variable
from graphflow.framework.api import tf_export


@tf_export("contrib.layers.embedding_lookup_unique")
def embedding_lookup_unique(params, ids, partition_strategy="mod", name=None):
    """`tf.nn.embedding_lookup` that looks equal ids up once."""
    with tf.name_scope(name, "EmbeddingLookupUnique", [params, ids]):
        ids = tf.convert_to_tensor(ids)
        shape = tf.shape(ids)
        unique, index = tf.unique(tf.reshape(ids, [-1]))
        rows = tf.gather(tf.nn.embedding_lookup(params, unique, partition_strategy), index)
        result = tf.reshape(rows, tf.concat([shape, tf.shape(rows)[1:]], 0))
        result.set_shape(ids.shape.concatenate(rows.shape[1:]))
        return result


@tf_export("contrib.layers.embed_sequence", "contrib.slim.embed_sequence")
def embed_sequence(ids, vocab_size=None, embed_dim=None, unique=False, initializer=None, regularizer=None,
                   trainable=True, scope=None, reuse=None):
    """Embeddings [batch, length, embed_dim] of symbols [batch, length].

    Args: vocab_size, embed_dim: may be None with `reuse`. unique: whether equal symbols are looked up once.
    Raises ValueError if sizes are missing.
    """
    if not (reuse or (vocab_size and embed_dim)):
        raise ValueError("Must specify vocab size and embedding dimension when not reusing. Got "
                         f"vocab_size={vocab_size} and embed_dim={embed_dim}")
    with tf.variable_scope(scope, "EmbedSequence", [ids], reuse=reuse):
        shape = None if vocab_size is None or embed_dim is None else [vocab_size, embed_dim]
        embeddings = model_variable("embeddings", shape=shape, initializer=initializer, regularizer=regularizer,
                                    trainable=trainable)
        lookup = embedding_lookup_unique if unique else tf.nn.embedding_lookup
        return lookup(embeddings, ids)


@tf_export("contrib.layers.bow_encoder", "contrib.slim.bow_encoder")
def bow_encoder(ids, vocab_size, embed_dim, sparse_lookup=True, initializer=None, regularizer=None, trainable=True,
                scope=None, reuse=None):
    """Mean embedding [batch, embed_dim] of symbols [batch, length].

    With `sparse_lookup` (the default) symbols 0 do not count, as in TensorFlow, whose way is through a
    SparseTensor of what is not 0; an example of zeros gives the embedding of 0.
    Raises ValueError if sizes are missing, TypeError for a SparseTensor.
    """
    if not vocab_size or not embed_dim:
        raise ValueError("Must specify vocab size and embedding dimension")
    if isinstance(ids, tf.SparseTensor):
        raise TypeError(f"ids are expected to be dense Tensor, got: {ids}")
    with tf.variable_scope(scope, "bow_encoder", [ids], reuse=reuse):
        embeddings = model_variable("embeddings", shape=[vocab_size, embed_dim], initializer=initializer,
                                    regularizer=regularizer, trainable=trainable)
        rows = tf.nn.embedding_lookup(embeddings, ids)
        if not sparse_lookup:
            return tf.reduce_mean(rows, axis=1)
        counted = tf.cast(tf.not_equal(ids, tf.zeros_like(ids)), rows.dtype)
        empty = tf.equal(tf.reduce_sum(counted, axis=1, keepdims=True), 0)
        weights = tf.where(tf.logical_and(empty, tf.ones_like(counted, tf.bool)), tf.ones_like(counted), counted)
        total = tf.reduce_sum(rows * tf.expand_dims(weights, -1), axis=1)
        return total / tf.reduce_sum(weights, axis=1, keepdims=True)
