"""A GRU that learns a poem letter by letter, and then writes.

Shows a state that goes on from batch to batch (fed back by hand), `tf.contrib.seq2seq.sequence_loss`, and two graphs
over one set of variables: one reads 40 letters at a time to learn, the other writes them in a `tf.while_loop`, each
drawn by its probability. The poem is Lewis Carroll's "The Walrus and the Carpenter" (1871), or `--text` names a file.
Expect about 5 bits per letter in the first epoch and less than 0.2 after 80, within a minute: then it knows the poem.

    python examples/10_characters.py
    python examples/10_characters.py --text my_novel.txt --epochs 10 --temperature 0.8
"""

import argparse
import math

import numpy as np

import graphflow as tf

POEM = """The sun was shining on the sea,
Shining with all his might:
He did his very best to make
The billows smooth and bright--
And this was odd, because it was
The middle of the night.

The moon was shining sulkily,
Because she thought the sun
Had got no business to be there
After the day was done--
"It's very rude of him," she said,
"To come and spoil the fun!"

The sea was wet as wet could be,
The sands were dry as dry.
You could not see a cloud, because
No cloud was in the sky:
No birds were flying overhead--
There were no birds to fly.

The Walrus and the Carpenter
Were walking close at hand;
They wept like anything to see
Such quantities of sand:
"If this were only cleared away,"
They said, "it would be grand!"

"If seven maids with seven mops
Swept it for half a year,
Do you suppose," the Walrus said,
"That they could get it clear?"
"I doubt it," said the Carpenter,
And shed a bitter tear.

"O Oysters, come and walk with us!"
The Walrus did beseech.
"A pleasant walk, a pleasant talk,
Along the briny beach:
We cannot do with more than four,
To give a hand to each."

"The time has come," the Walrus said,
"To talk of many things:
Of shoes--and ships--and sealing-wax--
Of cabbages--and kings--
And why the sea is boiling hot--
And whether pigs have wings."
"""

BATCH_SIZE, STEPS = 8, 40


def batches(symbols):
    """(inputs, targets) [BATCH_SIZE, STEPS]: each row goes on where it stopped in the batch before."""
    columns = (len(symbols) - 1) // BATCH_SIZE
    inputs = symbols[:BATCH_SIZE * columns].reshape(BATCH_SIZE, columns)
    targets = symbols[1:BATCH_SIZE * columns + 1].reshape(BATCH_SIZE, columns)
    for start in range(0, columns - STEPS + 1, STEPS):
        yield inputs[:, start:start + STEPS], targets[:, start:start + STEPS]


class Model:
    """One cell and one layer, for reading and for writing.

    State: the cell and the layer, whose variables are made when they are first used.
    """

    def __init__(self, letters, units):
        self.letters = letters
        self.cell = tf.nn.rnn_cell.MultiRNNCell([tf.nn.rnn_cell.GRUCell(units) for _ in range(2)])
        self.layer = tf.layers.Dense(letters, name="letters")

    def read(self, symbols, state):
        """(logits [batch, steps, letters], last state)."""
        outputs, state = tf.nn.dynamic_rnn(self.cell, tf.one_hot(symbols, self.letters), initial_state=state)
        return self.layer(outputs), state

    def write(self, first, length, temperature):
        """`length` symbols that follow `first`, an int32 scalar."""
        def step(i, symbol, state, written):
            with tf.variable_scope("rnn", reuse=True):
                output, state = self.cell(tf.one_hot(symbol, self.letters), state)
            symbol = tf.multinomial(self.layer(output) / temperature, 1, output_dtype=tf.int32)[:, 0]
            return i + 1, symbol, state, written.write(i, symbol[0])

        loop = (0, tf.reshape(first, [1]), self.cell.zero_state(1, tf.float32), tf.TensorArray(tf.int32, size=length))
        return tf.while_loop(lambda i, *_: i < length, step, loop)[-1].stack()


def train(session, model, symbols, epochs, write):
    """Reads the text `epochs` times; prints how surprising it still is."""
    inputs, targets = (tf.placeholder(tf.int32, [BATCH_SIZE, STEPS]) for _ in range(2))
    start = model.cell.zero_state(BATCH_SIZE, tf.float32)
    logits, last = model.read(inputs, start)
    loss = tf.contrib.seq2seq.sequence_loss(logits, targets, tf.ones([BATCH_SIZE, STEPS]))
    optimizer = tf.train.AdamOptimizer(4e-3)
    gradients, variables = zip(*optimizer.compute_gradients(loss))
    update = optimizer.apply_gradients(zip(tf.clip_by_global_norm(gradients, 5.0)[0], variables))
    write = write()     # now that there are variables for it
    session.run(tf.global_variables_initializer())
    for epoch in range(epochs):
        losses, state = [], session.run(start)
        for x, y in batches(symbols):
            feed = {inputs: x, targets: y, **dict(zip(start, state))}
            value, state, _ = session.run([loss, last, update], feed)
            losses.append(value)
        if epoch in (0, epochs - 1) or (epoch + 1) % max(1, epochs // 6) == 0:
            print(f"epoch {epoch + 1}: {np.mean(losses) / math.log(2):.2f} bits per letter")
    return write


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--text", help="a text file to learn instead of the poem")
    parser.add_argument("--epochs", type=int, default=80)
    parser.add_argument("--units", type=int, default=96)
    parser.add_argument("--letters", type=int, default=240, help="how many letters to write")
    parser.add_argument("--temperature", type=float, default=0.5, help="lower: more cautious")
    args = parser.parse_args()
    text = POEM
    if args.text:
        with open(args.text, encoding="utf-8") as file:
            text = file.read()
    alphabet = sorted(set(text))
    symbols = np.array([alphabet.index(letter) for letter in text], np.int32)
    if len(symbols) <= BATCH_SIZE * STEPS:
        parser.error(f"the text must be longer than {BATCH_SIZE * STEPS} letters")

    tf.set_random_seed(1)
    model = Model(len(alphabet), args.units)
    first = tf.placeholder(tf.int32, [])
    with tf.Session() as session:
        written = train(session, model, symbols, args.epochs,
                        lambda: model.write(first, args.letters, args.temperature))
        found = session.run(written, {first: symbols[0]})
    print(f"\n{text[0]}" + "".join(alphabet[symbol] for symbol in found))


if __name__ == "__main__":
    main()
