"""Bands of neighbouring diagonals of a matrix: which there are, how long, and what matrix they make.

A band is the pair (lowest, highest) of its diagonals: 0 is the main one, positive ones lie above it. Shape
rules and kernels share these functions; what does not fit raises ValueError. Holds no state.
"""


def ends(k):
    """(lowest, highest) of the band that the array `k` of one or two integers states."""
    if k.ndim > 1:
        raise ValueError(f"diag_index must be a scalar or vector, received shape: {list(k.shape)}")
    if not 1 <= k.size <= 2:
        raise ValueError(f"diag_index must have only one or two elements, received {k.size} elements.")
    lowest, highest = int(k.flat[0]), int(k.flat[-1])
    if lowest > highest:
        raise ValueError(f"lower_diag_index must not be larger than upper_diag_index: {lowest} > {highest}")
    return lowest, highest


def check_within(rows, columns, band):
    """ValueError unless a matrix of `rows` by `columns` (None where unknown) has the diagonals of `band`."""
    for name, end in zip(("lower", "upper"), band):
        below = rows is not None and end <= -rows
        above = columns is not None and end >= columns
        if end != 0 and (below or above):
            raise ValueError(
                f"{name}_diag_index is out of bound: {end}. It must be between "
                f"{'?' if rows is None else -rows} and {'?' if columns is None else columns}")


def packed(matrix, band):
    """Shape of the diagonals of `band` of a matrix shape: in rows as long as the longest, highest first.

    A band of one diagonal has no dimension for rows. Unknown sizes are None.
    """
    rows, columns = matrix[-2:]
    known = rows is not None and columns is not None
    length = min(rows + min(band[1], 0), columns - max(band[0], 0)) if known else None
    return (*matrix[:-2], length) if band[0] == band[1] else (*matrix[:-2], band[1] - band[0] + 1, length)


def unpacked(diagonal, band):
    """(batch shape, longest diagonal) of the packed diagonals' shape `diagonal`."""
    if band[0] == band[1]:
        return diagonal[:-1], diagonal[-1]
    count = band[1] - band[0] + 1
    if len(diagonal) < 2 or diagonal[-2] not in (None, count):
        raise ValueError("The number of diagonals provided in the input does not match the lower_diag_index and "
                         f"upper_diag_index range: {count} diagonals for shape {list(diagonal)}")
    return diagonal[:-2], diagonal[-1]


def matrix_size(length, band, rows, columns):
    """(rows, columns) of the matrix whose longest diagonal in `band` has `length`; -1: as few as fit."""
    least_rows, least_columns = length - min(band[1], 0), length + max(band[0], 0)
    if rows != -1 and rows < least_rows:
        raise ValueError(f"The number of rows is too small: {rows}, at least {least_rows} are needed.")
    if columns != -1 and columns < least_columns:
        raise ValueError(f"The number of columns is too small: {columns}, at least {least_columns} are needed.")
    if rows == columns == -1:
        return (max(least_rows, least_columns),) * 2
    rows = least_rows if rows == -1 else rows
    columns = least_columns if columns == -1 else columns
    if rows != least_rows and columns != least_columns:
        raise ValueError(
            "The number of rows or columns is not consistent with the specified d_lower, d_upper, and diagonal: "
            f"{rows} by {columns}, with diagonals of {length} from {band[0]} to {band[1]}")
    return rows, columns
