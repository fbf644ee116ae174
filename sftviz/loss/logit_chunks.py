"""Logits [n, V] a chunk of rows at a time: how many rows, in memory that is kept, their softmax, their products.

Beneath `linear_cross_entropy`. A product with a weight [V, D] reads and writes a chunk once; everything else that
touches it should do so once more at most, for a vocabulary of 128k makes 512 KB of every row.
"""

import threading

import torch
from torch import Tensor

from sftviz.loss.cross_entropy import at_least_float32

CHUNK_BYTES = 64 * 2**20
LEAST_ROWS = 512  # with fewer the weight's gradient, read and written once a chunk, costs as much as its product
BLOCK_BYTES = 4 * 2**20  # of float32 beside a chunk in half precision: what stays in the cache
SLICE_ROWS = 4096  # of the weight's gradient, for the same reason
HALF = (torch.float16, torch.bfloat16)


def row_chunks(rows: int, row_bytes: int, chunk_bytes: int | None = None) -> list[slice]:
    """Chunks of nearly equal size. None: 64 MB, or 512 rows where that is more, up to half as much again where
    this saves a smaller chunk; a number of bytes is kept to, down to a single row.

    >>> [len(range(100)[rows]) for rows in row_chunks(100, row_bytes=4, chunk_bytes=160)]  # 40 rows at most
    [34, 34, 32]
    >>> len(row_chunks(1064, row_bytes=2**17))  # 2 of 532 rows, and not 3 of 355
    2
    """
    if not rows:
        return []
    if chunk_bytes is None:
        count = max(1, round(rows / max(LEAST_ROWS, CHUNK_BYTES // row_bytes)))
    else:
        count = -(-rows // max(1, chunk_bytes // row_bytes))
    size = -(-rows // count)
    return [slice(start, min(start + size, rows)) for start in range(0, rows, size)]


class _Kept(threading.local):
    def __init__(self) -> None:
        self.buffers: dict[torch.dtype, Tensor] = {}


_kept = _Kept()


def workspace(rows: int, columns: int, like: Tensor) -> Tensor:
    """[rows, columns] to write into, of the dtype and device of `like`.

    On the CPU it is this thread's own, grows, and stays for the next call: fresh pages cost a tenth of a product. What
    stood in it is gone with the next call; `free_workspace` gives it back. Elsewhere torch's allocator keeps memory.
    """
    if like.device.type != "cpu":
        return torch.empty(rows, columns, dtype=like.dtype, device=like.device)
    if like.dtype not in _kept.buffers or _kept.buffers[like.dtype].numel() < rows * columns:
        _kept.buffers.pop(like.dtype, None)  # first, or both are held for a moment
        with torch.inference_mode(False):  # or it could not be written to later, outside of that mode
            _kept.buffers[like.dtype] = torch.empty(rows * columns, dtype=like.dtype, device="cpu")
    return _kept.buffers[like.dtype][: rows * columns].view(rows, columns)


def free_workspace() -> None:
    """Give back the memory that `linear_cross_entropy` keeps for this thread's next call: 64 MB a dtype, or 512 rows
    of logits where that is more. A thread that ends gives its own back."""
    _kept.buffers.clear()


def softmax_in_place(z: Tensor, targets: Tensor, taken: float = 0.0) -> Tensor:
    """Logits [R, V] become p, less `taken` at the target: [R, V], [R] -> p of the targets as it was, [R].

    The one pass over a logit: torch's softmax works row by row within the cache. Half precision goes through blocks of
    float32, so p of the target is float32 at least, and so is the difference before it is rounded.

    >>> z = torch.zeros(1, 4)
    >>> softmax_in_place(z, torch.tensor([2]), taken=1.0), z
    (tensor([0.2500]), tensor([[ 0.2500,  0.2500, -0.7500,  0.2500]]))
    """
    if z.dtype not in HALF:
        return _softmax(z, targets, taken)
    of_targets = torch.empty(len(z), dtype=torch.float32, device=z.device)
    rows = min(len(z), max(1, BLOCK_BYTES // (4 * z.shape[-1])))
    block = torch.empty(rows, z.shape[-1], dtype=torch.float32, device=z.device)
    for start in range(0, len(z), rows):
        part = z[start : start + rows]
        wide = block[: len(part)].copy_(part)
        of_targets[start : start + rows] = _softmax(wide, targets[start : start + rows], taken)
        part.copy_(wide)
    return of_targets


def _softmax(z: Tensor, targets: Tensor, taken: float) -> Tensor:
    y = targets.unsqueeze(-1)
    torch.softmax(z, dim=-1, out=z)
    of_targets = z.gather(-1, y)
    if taken:
        z.scatter_(-1, y, of_targets - taken)
    return of_targets.squeeze(-1)


class WeightGradient:
    """Sum over chunks of pull^T h, [V, D]: pull [R, V], h [R, D].

    Full precision is added up where it stands. Half precision is added up in float32 and rounded once, at the end; a
    sum of one product alone is that product.
    """

    def __init__(self, weight: Tensor, scale: float, products: int) -> None:
        self.scale = scale
        self.begun = False
        kind = weight.dtype if products == 1 or weight.dtype not in HALF else torch.float32
        self.dtype = weight.dtype
        self.total = torch.empty(weight.shape, dtype=kind, device=weight.device)

    def add(self, pull: Tensor, h: Tensor) -> None:
        """Add scale * pull^T h."""
        if self.total.dtype == pull.dtype:
            self.total.addmm_(pull.T, h, beta=float(self.begun), alpha=self.scale)
        else:
            self._add_rounded(pull, h)
        self.begun = True

    def _add_rounded(self, pull: Tensor, h: Tensor) -> None:
        for start in range(0, len(self.total), SLICE_ROWS):
            part = self.total[start : start + SLICE_ROWS]
            made = torch.empty(part.shape, dtype=pull.dtype, device=pull.device)
            made.addmm_(pull[:, start : start + SLICE_ROWS].T, h, beta=0.0, alpha=self.scale)
            # converted first: adding across dtypes takes five times as long
            part.add_(made.float()) if self.begun else part.copy_(made)

    def add_at(self, targets: Tensor, h: Tensor) -> None:
        """Add scale * h [R, D] to the rows of the targets [R]."""
        self.total.index_add_(0, targets, at_least_float32(h).to(self.total.dtype), alpha=self.scale)

    def add_everywhere(self, row: Tensor) -> None:
        """Add scale * row [D] to every row."""
        self.total.add_(row, alpha=self.scale)

    def rounded(self) -> Tensor:
        """The sum [V, D] in the weight's dtype; zero where nothing was added."""
        return self.total.to(self.dtype) if self.begun else self.total.zero_().to(self.dtype)
