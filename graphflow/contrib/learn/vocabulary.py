"""`tf.contrib.learn.preprocessing`: documents as rows of word numbers.

State: per vocabulary its words, their numbers and how often each was added.
"""

import collections
import json
import re

import numpy as np

import graphflow as tf
from graphflow.framework.api import tf_export

TOKENIZER_RE = re.compile(r"[A-Z]{2,}(?![a-z])|[A-Z][a-z]+(?=[A-Z])|[\'\w\-]+")


@tf_export("contrib.learn.preprocessing.tokenizer")
def tokenizer(iterator):
    """Yields the list of words of each text: capitals together, parts of CamelCase, and \\w ' - in between.

    Example:
      >>> from graphflow.contrib.learn import preprocessing
      >>> list(preprocessing.tokenizer(["It's a test.", "DNNClassifier"]))
      [["It's", 'a', 'test'], ['DNN', 'Classifier']]
    """
    for value in iterator:
        yield TOKENIZER_RE.findall(value)


@tf_export("contrib.learn.preprocessing.CategoricalVocabulary")
class CategoricalVocabulary:
    """Numbers for categories (words), in the order they come; 0 is the unknown one.

    Args: unknown_token: what number 0 stands for. support_reverse: whether `reverse` works.
    """

    def __init__(self, unknown_token="<UNK>", support_reverse=True):
        self._unknown_token = unknown_token
        self._mapping = {unknown_token: 0}
        self._support_reverse = support_reverse
        if support_reverse:
            self._reverse_mapping = [unknown_token]
        self._freq = collections.defaultdict(int)
        self._freeze = False

    def __len__(self):
        return len(self._mapping)

    def freeze(self, freeze=True):
        """Takes no more categories: those that are new are unknown from now on."""
        self._freeze = freeze

    def get(self, category):
        """The number of a category, which gets one unless the vocabulary is frozen."""
        if category not in self._mapping:
            if self._freeze:
                return 0
            self._mapping[category] = len(self._mapping)
            if self._support_reverse:
                self._reverse_mapping.append(category)
        return self._mapping[category]

    def add(self, category, count=1):
        """Notes that a category occurred `count` times; the unknown one isn't counted."""
        if self.get(category) > 0:
            self._freq[category] += count

    def trim(self, min_frequency, max_frequency=-1):
        """Keeps what occurred more than `min_frequency` times (and less than a positive `max_frequency`).

        The numbers are given anew, to the most frequent categories first.
        """
        by_name = sorted(self._freq.items(), key=lambda item: (isinstance(item[0], str), item[0]))
        by_count = sorted(by_name, key=lambda item: item[1], reverse=True)
        kept = {category: count for category, count in by_count
                if count > min_frequency and not 0 < max_frequency <= count}
        self._mapping = {category: number for number, category in enumerate([self._unknown_token, *kept])}
        if self._support_reverse:
            self._reverse_mapping = list(self._mapping)
        self._freq = kept

    def reverse(self, class_id):
        """The category with a number; ValueError without `support_reverse`."""
        if not self._support_reverse:
            raise ValueError("This vocabulary wasn't initialized with support_reverse to support reverse() function.")
        return self._reverse_mapping[class_id]


@tf_export("contrib.learn.preprocessing.VocabularyProcessor")
class VocabularyProcessor:
    """Texts as rows of word numbers, all of one length.

    Args:
      max_document_length: words per row; longer texts are cut, shorter ones filled with 0.
      min_frequency: words that occur no more often are unknown.
      vocabulary: a CategoricalVocabulary. tokenizer_fn: from an iterator of texts to one of lists of words.

    Example:
      >>> import graphflow as tf
      >>> processor = tf.contrib.learn.preprocessing.VocabularyProcessor(4)
      >>> [row.tolist() for row in processor.fit_transform(["hello big world", "hello"])]
      [[1, 2, 3, 0], [1, 0, 0, 0]]
      >>> list(processor.reverse([[3, 1]]))
      ['world hello']
    """

    def __init__(self, max_document_length, min_frequency=0, vocabulary=None, tokenizer_fn=None):
        self.max_document_length = max_document_length
        self.min_frequency = min_frequency
        self.vocabulary_ = vocabulary or CategoricalVocabulary()
        self._tokenizer = tokenizer_fn or tokenizer

    def fit(self, raw_documents, unused_y=None):
        """Learns the words of an iterable of texts, and no more afterwards; returns self."""
        for tokens in self._tokenizer(raw_documents):
            for token in tokens:
                self.vocabulary_.add(token)
        if self.min_frequency > 0:
            self.vocabulary_.trim(self.min_frequency)
        self.vocabulary_.freeze()
        return self

    def fit_transform(self, raw_documents, unused_y=None):
        """`fit`, then `transform`."""
        self.fit(raw_documents)
        return self.transform(raw_documents)

    def transform(self, raw_documents):
        """Yields an int64 array [max_document_length] for each text."""
        for tokens in self._tokenizer(raw_documents):
            row = np.zeros(self.max_document_length, np.int64)
            for i, token in enumerate(tokens[:self.max_document_length]):
                row[i] = self.vocabulary_.get(token)
            yield row

    def reverse(self, documents):
        """Yields the text, joined by blanks, for each row of numbers."""
        for document in documents:
            yield " ".join(self.vocabulary_.reverse(number) for number in document)

    def save(self, filename):
        """Writes the vocabulary to a file, as JSON (TensorFlow's is a pickle, which running code may hide in).

        Raises ValueError for a `tokenizer_fn`, which no file can hold.
        """
        if self._tokenizer is not tokenizer:
            raise ValueError("VocabularyProcessor.save: a tokenizer_fn cannot be saved; save the vocabulary_ of it")
        words = self.vocabulary_
        content = {"max_document_length": self.max_document_length, "min_frequency": self.min_frequency,
                   "unknown_token": words._unknown_token, "support_reverse": words._support_reverse,
                   "frozen": words._freeze, "words": list(words._mapping), "counts": dict(words._freq)}
        with tf.gfile.GFile(filename, "w") as file:
            file.write(json.dumps(content))

    @classmethod
    def restore(cls, filename):
        """The VocabularyProcessor that `save` wrote; ValueError for another file, such as TensorFlow's."""
        with tf.gfile.GFile(filename, "rb") as file:
            data = file.read()
        try:
            content = json.loads(data)
        except ValueError:
            raise ValueError(f"{filename} was not written by GraphFlow's VocabularyProcessor.save. TensorFlow's files "
                             "are pickles, which are not read: fit the processor anew.") from None
        words = CategoricalVocabulary(content["unknown_token"], content["support_reverse"])
        words._mapping = {word: number for number, word in enumerate(content["words"])}
        if words._support_reverse:
            words._reverse_mapping = list(content["words"])
        words._freq.update(content["counts"])
        words.freeze(content["frozen"])
        return cls(content["max_document_length"], content["min_frequency"], words)


@tf_export("contrib.learn.preprocessing.ByteProcessor")
class ByteProcessor:
    """Texts as rows of `max_document_length` bytes (uint8 of UTF-8), cut or filled with 0."""

    def __init__(self, max_document_length):
        self.max_document_length = max_document_length

    def fit(self, x):
        """Does nothing."""

    def fit_transform(self, x):
        """`transform`."""
        return self.transform(x)

    def reverse(self, x):
        """Yields the text of each row, "" where the bytes are no UTF-8."""
        for row in x:
            try:
                yield np.trim_zeros(np.asarray(row).astype(np.uint8), "b").tobytes().decode()
            except UnicodeDecodeError:
                yield ""

    def transform(self, x):
        """Yields a uint8 array [max_document_length] for each text (str or bytes)."""
        for document in x:
            document = document.encode() if isinstance(document, str) else document
            data = np.frombuffer(document[:self.max_document_length], np.uint8)
            yield np.pad(data, (0, self.max_document_length - len(data)))
