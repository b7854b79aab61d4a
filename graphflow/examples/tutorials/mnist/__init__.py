"""The MNIST tutorial: `input_data` reads the images, `mnist` builds the fully connected model.

    from graphflow.examples.tutorials.mnist import input_data
    mnist = input_data.read_data_sets("MNIST_data/", one_hot=True)

Holds no state.
"""

from graphflow.examples.tutorials.mnist import input_data, mnist

__all__ = ["input_data", "mnist"]
