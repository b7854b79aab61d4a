"""Functions of matrices by their Schur forms: matrices of any eigenvalues, also ones without enough eigenvectors.

Holds no state.
"""

import numpy as np

from .array_checks import fail

_STEPS_PER_EIGENVALUE = 60
_EPSILON = np.finfo(np.float64).eps


def schur_form(matrix):
    """(q, t): `matrix` = q t q^H with q unitary and t upper triangular, both complex128.

    The eigenvectors, made orthogonal, are nearly there; QR steps with Wilkinson's shifts do the rest.
    """
    a = matrix.astype(np.complex128)
    q = np.linalg.qr(np.linalg.eig(a)[1])[0] if len(a) else a
    t = q.conj().T @ a @ q
    small = _EPSILON * max(1, len(a)) * np.linalg.norm(a)
    for end in range(len(a), 1, -1):
        for step in range(_STEPS_PER_EIGENVALUE):
            if np.linalg.norm(t[end - 1, :end - 1]) <= small:
                break
            _qr_step(t, q, end, _shift(t[end - 2:end, end - 2:end], step))
        else:
            fail("The eigenvalues of the matrix could not be found.")
        t[end - 1, :end - 1] = 0
    return q, t


def _shift(corner, step):
    """The eigenvalue of `corner` next to its last entry; now and then another number, where steps get nowhere."""
    if step % 10 == 9:
        return corner[1, 1] + np.abs(corner).sum()
    values = np.linalg.eigvals(corner)
    return values[np.argmin(np.abs(values - corner[1, 1]))]


def _qr_step(t, q, end, shift):
    shifts = shift * np.eye(end)
    turn, rest = np.linalg.qr(t[:end, :end] - shifts)
    t[:end, :end] = rest @ turn + shifts
    t[:end, end:] = turn.conj().T @ t[:end, end:]
    q[:, :end] = q[:, :end] @ turn


def triangular_square_root(t):
    """The principal square root of an upper triangular matrix, column by column."""
    root = np.diag(np.sqrt(np.diag(t)))
    for j in range(1, len(t)):
        for i in range(j - 1, -1, -1):
            below = root[i, i] + root[j, j]
            rest = t[i, j] - root[i, i + 1:j] @ root[i + 1:j, j]
            if below == 0:
                if rest != 0:
                    fail("Input matrix is singular: it has no square root.")
                continue
            root[i, j] = rest / below
    return root
