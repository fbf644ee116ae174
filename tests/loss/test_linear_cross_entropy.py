"""Loss and gradients without logits, against float64 autograd on all of them."""

import math
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from sftviz.loss import logit_chunks, next_token_pairs
from sftviz.loss.linear_cross_entropy import free_workspace, linear_cross_entropy
from sftviz.loss.logit_chunks import row_chunks, softmax_in_place, workspace

N, D, V = 23, 16, 97
KEPT = {"none": 0, "one": 1, "some": 13, "all": N}
TOLERANCE = {torch.float64: 1e-13, torch.float32: 1e-6, torch.bfloat16: 1.6e-2, torch.float16: 3e-3}


@pytest.fixture(autouse=True)
def no_workspace_stays() -> Iterator[None]:
    yield
    free_workspace()


def states(dtype: torch.dtype = torch.float64, size: float = 1.0) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    hidden = size * torch.randn(N, D, generator=generator, dtype=torch.float64)
    weight = torch.randn(V, D, generator=generator, dtype=torch.float64) / D**0.5  # logits are as large as `size`
    return hidden.to(dtype).requires_grad_(), weight.to(dtype).requires_grad_()


def some_targets(kept: int = 13) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    targets = torch.randint(0, 9, (N,), generator=generator)  # repeated ids: their rows of the weight get several pulls
    targets[torch.randperm(N, generator=generator)[kept:]] = -100
    return targets


def some_weights(dtype: torch.dtype = torch.float64) -> Tensor:
    weights = torch.rand(N, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    weights[::5] = 0.0
    weights[1::5] = -1.0
    return weights.to(dtype)


def expected(
    hidden: Tensor,
    weight: Tensor,
    targets: Tensor,
    label_smoothing: float = 0.0,
    z_loss: float = 0.0,
    weights: Tensor | None = None,
) -> Tensor:
    """The cost of every row, from all logits in float64."""
    z = hidden.double() @ weight.double().T
    cost = F.cross_entropy(z, targets, reduction="none", label_smoothing=label_smoothing)
    cost = cost + z_loss * z.logsumexp(-1).square() * (targets != -100)
    return cost if weights is None else cost * weights.double()


def gradients(loss: Tensor, *of: Tensor) -> list[Tensor]:
    return [made.double() for made in torch.autograd.grad(loss, of)]


def assert_near(got: Tensor, wanted: Tensor, tolerance: float) -> None:
    """By the largest entry: small entries of a matrix product have no digits of their own."""
    assert got.shape == wanted.shape
    assert float((got.double() - wanted).abs().max()) <= tolerance * float(wanted.abs().max().clamp(min=1e-30))


@pytest.mark.parametrize("chunk_bytes", [None, 5 * V * 8], ids=["a chunk", "chunks"])
@pytest.mark.parametrize("kept", KEPT)
@pytest.mark.parametrize("weighted", [False, True], ids=["", "weights"])
@pytest.mark.parametrize("z_loss", [0.0, 0.1])
@pytest.mark.parametrize("label_smoothing", [0.0, 0.1, 1.0])
@pytest.mark.parametrize("dtype", TOLERANCE, ids=str)
@pytest.mark.filterwarnings("ignore:0 of")
def test_loss_and_gradients_are_those_of_all_logits_in_float64(
    dtype: torch.dtype, label_smoothing: float, z_loss: float, weighted: bool, kept: str, chunk_bytes: int | None
) -> None:
    hidden, weight = states(dtype)
    targets, weights = some_targets(KEPT[kept]), some_weights() if weighted else None
    knobs: dict[str, Any] = {"label_smoothing": label_smoothing, "z_loss": z_loss, "weights": weights}
    loss = linear_cross_entropy(hidden, weight, targets, **knobs, chunk_bytes=chunk_bytes)
    exact = expected(hidden, weight, targets, **knobs).sum() / max(1, KEPT[kept])
    tolerance = TOLERANCE[dtype]
    torch.testing.assert_close(loss.double(), exact, rtol=tolerance, atol=tolerance)
    wide = [each.detach().double().requires_grad_() for each in (hidden, weight)]
    theirs = gradients(expected(*wide, targets, **knobs).sum() / max(1, KEPT[kept]), *wide)
    loss.backward()
    for mine, their in zip((hidden, weight), theirs, strict=True):
        assert mine.grad is not None
        assert mine.grad.dtype == dtype
        assert_near(mine.grad, their, tolerance)


def errors(loss: Any, hidden: Tensor, weight: Tensor, exact: list[Tensor]) -> list[float]:
    """Of the loss and both gradients, relative to the largest entry."""
    leaves = [each.clone().requires_grad_() for each in (hidden, weight)]
    made = loss(*leaves)
    got = [made.detach().double(), *gradients(made, *leaves)]
    return [float((a - b).abs().max() / b.abs().max()) for a, b in zip(got, exact, strict=True)]


@pytest.mark.parametrize(("dtype", "most"), [(torch.float32, 2e-7), (torch.bfloat16, 6e-3)], ids=str)
@pytest.mark.parametrize("chunk_bytes", [None, 64 * 4096 * 4])
def test_at_a_vocabulary_of_4096_the_error_is_less_than_that_of_full_logits(
    dtype: torch.dtype, most: float, chunk_bytes: int | None
) -> None:
    generator = torch.Generator().manual_seed(0)
    hidden = torch.randn(300, 64, generator=generator).to(dtype)
    weight = (torch.randn(4096, 64, generator=generator) / 8).to(dtype)
    targets = torch.randint(0, 4096, (300,), generator=generator)
    wide = [each.double().requires_grad_() for each in (hidden, weight)]
    loss = F.cross_entropy(wide[0] @ wide[1].T, targets)
    exact = [loss.detach(), *gradients(loss, *wide)]
    naive = errors(lambda h, w: F.cross_entropy((h @ w.T).float(), targets), hidden, weight, exact)
    ours = errors(lambda h, w: linear_cross_entropy(h, w, targets, chunk_bytes=chunk_bytes), hidden, weight, exact)
    assert max(ours) <= most
    assert max(ours) <= 1.3 * max(naive)


@pytest.mark.parametrize("dtype", TOLERANCE, ids=str)
@pytest.mark.parametrize("weighted", [False, True], ids=["", "weights"])
def test_costs_row_by_row_have_the_gradient_their_own_pulls_ask_for(dtype: torch.dtype, weighted: bool) -> None:
    hidden, weight = states(dtype)
    targets, weights = some_targets(), some_weights() if weighted else None
    pulls = torch.linspace(-1, 2, N, dtype=torch.float64)
    cost = linear_cross_entropy(
        hidden, weight, targets, label_smoothing=0.1, z_loss=0.1, weights=weights, reduction="none", chunk_bytes=5000
    )
    wide = [each.detach().double().requires_grad_() for each in (hidden, weight)]
    exact = expected(*wide, targets, 0.1, 0.1, weights)
    assert_near(cost.detach(), exact.detach(), TOLERANCE[dtype])
    mine = gradients((cost.double() * pulls).sum(), hidden, weight)
    for got, wanted in zip(mine, gradients((exact * pulls).sum(), *wide), strict=True):
        assert_near(got, wanted, TOLERANCE[dtype])


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
@pytest.mark.parametrize("knobs", [{}, {"label_smoothing": 0.1}, {"z_loss": 1e-3}], ids=str)
def test_logits_of_500_cost_what_they_cost(dtype: torch.dtype, knobs: dict[str, float]) -> None:
    """The target's probability is 0 in float32; its cost is hundreds of nats all the same."""
    hidden, weight = states(dtype, size=250.0)
    targets = some_targets(N)
    z = (hidden.double() @ weight.double().T).detach()
    assert float(z.abs().max()) > 500
    assert (z.softmax(-1).float()[range(N), targets] < 1e-30).sum() > 5
    loss, nll = linear_cross_entropy(hidden, weight, targets, return_nll=True, chunk_bytes=5000, **knobs)
    assert_near(nll, F.cross_entropy(z, targets, reduction="none"), 2e-7)
    wide = [each.detach().double().requires_grad_() for each in (hidden, weight)]
    exact = expected(*wide, targets, **knobs).mean()
    assert float(loss.detach()) == pytest.approx(float(exact.detach()), rel=2e-7)
    # float32 rounds a logit of 500 by 3e-5, whoever makes it: as far as p, and so the gradient, is known
    tolerance = 1e-12 if dtype == torch.float64 else 2e-5
    for got, wanted in zip(gradients(loss, hidden, weight), gradients(exact, *wide), strict=True):
        assert_near(got, wanted, tolerance)


@pytest.mark.parametrize("rows", [1, 7, N])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16], ids=str)
def test_chunks_of_any_size_give_the_same(dtype: torch.dtype, rows: int) -> None:
    hidden, weight = states(dtype)
    size = torch.empty((), dtype=dtype).element_size()
    asked = [linear_cross_entropy(hidden, weight, some_targets(N), chunk_bytes=r * V * size) for r in (rows, N)]
    torch.testing.assert_close(*asked)
    mine, whole = (gradients(loss, hidden, weight) for loss in asked)
    for got, wanted in zip(mine, whole, strict=True):
        assert_near(got, wanted, TOLERANCE[dtype])


class Anew(torch.autograd.Function):
    """gradcheck asks twice for the gradient of one graph: here every backward calls the loss again."""

    @staticmethod
    def forward(ctx: Any, hidden: Tensor, weight: Tensor, knobs: dict[str, Any]) -> Tensor:
        ctx.save_for_backward(hidden, weight)
        ctx.knobs = knobs
        return linear_cross_entropy(hidden, weight, some_targets(), **knobs)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, pull: Tensor) -> Any:
        leaves = [each.detach().requires_grad_() for each in ctx.saved_tensors]
        with torch.enable_grad():
            loss = linear_cross_entropy(*leaves, some_targets(), **ctx.knobs)
        return (*torch.autograd.grad(loss, leaves, pull), None)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("knobs", [{}, {"label_smoothing": 0.2, "z_loss": 0.05, "weights": some_weights()}], ids=[0, 1])
def test_finite_differences_find_the_same_gradient(reduction: str, knobs: dict[str, Any]) -> None:
    asked = {**knobs, "reduction": reduction, "chunk_bytes": 5000}
    hidden, weight = states()
    weight = weight[:11].detach().requires_grad_()  # ids stop at 9
    assert torch.autograd.gradcheck(lambda h, w: Anew.apply(h, w, asked), (hidden, weight))


@pytest.mark.parametrize("asked_of", ["hidden", "weight"])
def test_a_frozen_side_gets_no_gradient_and_the_other_the_same(asked_of: str) -> None:
    hidden, weight = states()
    both = linear_cross_entropy(hidden, weight, some_targets())
    wanted = dict(zip(("hidden", "weight"), gradients(both, hidden, weight), strict=True))[asked_of]
    sides = {"hidden": hidden.detach(), "weight": weight.detach()}
    sides[asked_of].requires_grad_()
    linear_cross_entropy(sides["hidden"], sides["weight"], some_targets()).backward()
    assert torch.equal(sides[asked_of].grad, wanted)  # pyright: ignore[reportArgumentType]
    assert [side.grad is None for side in sides.values()].count(True) == 1


def test_the_loss_is_multiplied_and_so_is_its_gradient() -> None:
    hidden, weight = states()
    plain = gradients(linear_cross_entropy(hidden, weight, some_targets()), hidden, weight)
    for got, wanted in zip(
        gradients(3 * linear_cross_entropy(hidden, weight, some_targets()), hidden, weight), plain, strict=True
    ):
        torch.testing.assert_close(got, 3 * wanted)


def test_a_loss_scaler_saves_float16_from_underflow() -> None:
    """1/n is multiplied in after the scaler's factor: before it, a gradient of 3e-8 would be 0 in float16."""
    hidden, weight = states(torch.float16)
    loss = linear_cross_entropy(hidden, weight, some_targets(), num_items=2**24)
    got = gradients(2.0**24 * loss, hidden, weight)
    wide = [each.detach().double().requires_grad_() for each in (hidden, weight)]
    for mine, theirs in zip(got, gradients(expected(*wide, some_targets()).sum(), *wide), strict=True):
        assert_near(mine, theirs, TOLERANCE[torch.float16])


def test_micro_batches_divided_by_all_their_targets_are_the_big_batch() -> None:
    hidden, weight = states()
    targets = some_targets()
    parts = [
        linear_cross_entropy(hidden[rows], weight, targets[rows], num_items=torch.tensor(13))
        for rows in (slice(0, 9), slice(9, N))
    ]
    whole = linear_cross_entropy(hidden, weight, targets)
    torch.testing.assert_close(sum(parts), whole)
    for got, wanted in zip(gradients(sum(parts), hidden, weight), gradients(whole, hidden, weight), strict=True):  # pyright: ignore[reportArgumentType]
        torch.testing.assert_close(got, wanted)


def test_a_batch_and_its_unshifted_labels_go_through_the_one_shift() -> None:
    hidden, weight = states()
    batch = torch.stack([hidden, hidden.flip(0)])
    labels = torch.stack([some_targets(), some_targets(20)])
    lined_up, targets = next_token_pairs(batch, labels)
    loss, nll = linear_cross_entropy(lined_up, weight, targets, return_nll=True)
    z = batch @ weight.T
    theirs = F.cross_entropy(z[:, :-1].flatten(0, 1), labels[:, 1:].flatten(), reduction="none").view(2, N - 1)
    torch.testing.assert_close(nll, theirs.detach())
    torch.testing.assert_close(loss, theirs.sum() / (labels[:, 1:] != -100).sum())


def test_the_costs_on_request_are_plain_and_have_no_gradient() -> None:
    hidden, weight = states()
    loss, nll = linear_cross_entropy(
        hidden, weight, some_targets(), label_smoothing=0.3, z_loss=0.1, weights=some_weights(), return_nll=True
    )
    torch.testing.assert_close(nll, expected(hidden, weight, some_targets()).detach())
    assert not nll.requires_grad
    assert loss.requires_grad


@pytest.mark.parametrize(("of", "size", "share"), [("any token", 2.0, 0.8), ("the likeliest", 4.0, 0.6)])
def test_the_logit_of_a_target_is_not_rounded_to_bfloat16(of: str, size: float, share: float) -> None:
    """Logits of 10 are rounded by up to 1/32. The target's is had exactly, and a sure one does not cost less than 0."""
    hidden, weight = (each.detach() for each in states(torch.bfloat16, size=size))
    z = hidden.double() @ weight.double().T
    targets = z.argmax(-1) if of == "the likeliest" else some_targets(N)
    exact = F.cross_entropy(z, targets, reduction="none")
    rounded = F.cross_entropy((hidden @ weight.T).double(), targets, reduction="none")
    nll = linear_cross_entropy(hidden, weight, targets, reduction="none")
    assert nll.dtype == torch.float32
    assert float(nll.min()) >= 0
    assert (nll - exact).abs().mean() < share * (rounded - exact).abs().mean()


def test_bfloat16_keeps_the_pull_of_a_sure_prediction() -> None:
    """p = 0.996 is 1 in bfloat16: p - y is taken before it is rounded."""
    hidden, weight = torch.ones(1, 1).bfloat16(), torch.tensor([[5.5], [0.0]]).bfloat16()
    hidden.requires_grad_()
    linear_cross_entropy(hidden, weight, torch.tensor([0])).backward()
    p = 1 / (1 + math.exp(-5.5))
    assert float(hidden.grad) == pytest.approx(5.5 * (p - 1), rel=1e-2)  # pyright: ignore[reportArgumentType]


def test_a_second_backward_says_what_to_do() -> None:
    hidden, weight = states()
    loss = linear_cross_entropy(hidden, weight, some_targets())
    loss.backward(retain_graph=True)
    with pytest.raises(RuntimeError, match=r"handed out already.*call linear_cross_entropy again"):
        loss.backward()


@pytest.mark.parametrize("reduction", ["mean", "none"])
def test_a_second_derivative_says_where_to_get_one(reduction: Any) -> None:
    hidden, weight = states()
    loss = linear_cross_entropy(hidden, weight, some_targets(), reduction=reduction).sum()
    with pytest.raises(RuntimeError, match=r"no second derivative.*F\.cross_entropy\(hidden @ weight\.T"):
        torch.autograd.grad(loss, hidden, create_graph=True)


def test_costs_row_by_row_can_be_asked_twice() -> None:
    hidden, weight = states()
    cost = linear_cross_entropy(hidden, weight, some_targets(), reduction="none")
    first = torch.autograd.grad(cost.sum(), hidden, retain_graph=True)[0]
    assert torch.equal(torch.autograd.grad(cost.sum(), hidden)[0], first)


class NoLogits(TorchDispatchMode):
    """Fails where a tensor of `most` numbers or more is made."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most = most

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = func(*args, **(kwargs or {}))
        for each in made if isinstance(made, (tuple, list)) else [made]:
            if isinstance(each, Tensor) and each.numel() >= self.most:
                raise AssertionError(f"{func} made {list(each.shape)}")
        return made


@pytest.mark.parametrize("reduction", ["mean", "none"])
@pytest.mark.parametrize("size", [1.0, 250.0])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_no_tensor_of_all_logits_is_ever_made(dtype: torch.dtype, size: float, reduction: Any) -> None:
    hidden, weight = states(dtype, size)
    wide = torch.cat([hidden.detach()] * 4).requires_grad_()  # more rows than D, or the weight would be as large
    targets = some_targets(N).repeat(4)
    knobs: dict[str, Any] = {"label_smoothing": 0.1, "z_loss": 0.1, "chunk_bytes": 20 * V * dtype.itemsize}
    with NoLogits(20 * V + 1):
        linear_cross_entropy(wide, weight, targets, reduction=reduction, **knobs).sum().backward()
    with pytest.raises(AssertionError, match=r"made \[92, 97\]"), NoLogits(20 * V + 1):
        F.cross_entropy(wide @ weight.T, targets)


class Products(TorchDispatchMode):
    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if "mm" in str(func):
            self.names.append(str(func))
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize("reduction", ["mean", "none"])
def test_without_a_gradient_there_is_one_product_a_chunk(reduction: Any) -> None:
    hidden, weight = states()
    with torch.no_grad(), Products() as seen:
        loss = linear_cross_entropy(hidden, weight, some_targets(N), reduction=reduction, chunk_bytes=12 * V * 8)
    assert seen.names == ["aten.mm.out"] * 2  # into the workspace
    assert not loss.requires_grad
    torch.testing.assert_close(loss.mean(), expected(hidden, weight, some_targets(N)).mean().detach())


@pytest.mark.parametrize(("reduction", "products"), [("mean", 2), ("none", 3)])
def test_a_frozen_matrix_saves_a_product(reduction: Any, products: int) -> None:
    hidden, weight = states()
    with Products() as seen:
        linear_cross_entropy(hidden, weight.detach(), some_targets(), reduction=reduction).sum().backward()
    assert len(seen.names) == products


@pytest.mark.parametrize(
    ("dtype", "dimensions", "knobs", "chunks"),
    [
        (torch.bfloat16, D, {}, 1),  # 19 rows more take 38 V bytes, a sum in float32 64 V
        (torch.bfloat16, 8, {}, 6),  # the sum takes 32 V
        (torch.bfloat16, D, {"label_smoothing": 0.1}, 6),  # there is a sum anyhow
        (torch.bfloat16, D, {"chunk_bytes": 4 * V * 2}, 6),  # what was asked for
        (torch.float32, D, {}, 6),  # added up where it stands
    ],
)
def test_half_precision_takes_all_rows_at_once_where_that_saves_memory(
    dtype: torch.dtype, dimensions: int, knobs: dict[str, Any], chunks: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logit_chunks, "LEAST_ROWS", 4)
    monkeypatch.setattr(logit_chunks, "CHUNK_BYTES", 1)
    hidden, weight = (each.detach()[:, :dimensions].contiguous().requires_grad_() for each in states(dtype))
    with Products() as seen:
        linear_cross_entropy(hidden, weight, some_targets(N), **knobs)
    assert seen.names.count("aten.mm.out") == chunks


@pytest.mark.parametrize(
    ("rows", "sizes"), [(0, []), (1, [1]), (512, [512]), (700, [700]), (800, [400, 400]), (1064, [532, 532])]
)
def test_chunks_are_equal_and_not_much_below_512_rows(rows: int, sizes: list[int]) -> None:
    assert [c.stop - c.start for c in row_chunks(rows, row_bytes=2**17)] == sizes


@pytest.mark.parametrize("rows", [1, 2, 511, 513, 1700, 9999])
@pytest.mark.parametrize("chunk_bytes", [None, 1, 4000, 300 * 2**17])
def test_chunks_cover_all_rows_once_within_their_bytes(rows: int, chunk_bytes: int | None) -> None:
    chunks = row_chunks(rows, 2**17, chunk_bytes)
    assert [row for chunk in chunks for row in range(rows)[chunk]] == list(range(rows))
    most = 1.5 * 512 if chunk_bytes is None else max(1, chunk_bytes // 2**17)
    assert max(chunk.stop - chunk.start for chunk in chunks) <= most


def test_a_softmax_in_place_takes_one_off_the_target() -> None:
    z = torch.tensor([[0.0, math.log(3.0)], [math.log(3.0), 0.0]])
    assert softmax_in_place(z, torch.tensor([1, 1]), taken=1.0).tolist() == pytest.approx([0.75, 0.25])
    torch.testing.assert_close(z, torch.tensor([[0.25, -0.25], [0.75, -0.75]]))


def kept_numbers() -> int:
    return sum(buffer.numel() for buffer in logit_chunks._kept.buffers.values())


def test_the_workspace_stays_for_the_next_call_until_it_is_freed() -> None:
    hidden, weight = states()
    linear_cross_entropy(hidden, weight, some_targets(N))
    assert kept_numbers() == N * V
    linear_cross_entropy(hidden[:5], weight, some_targets(N)[:5])
    assert kept_numbers() == N * V
    free_workspace()
    assert kept_numbers() == 0


def test_every_thread_has_a_workspace_of_its_own() -> None:
    places = [workspace(2, 3, torch.zeros(1)).data_ptr()]
    thread = threading.Thread(target=lambda: places.append(workspace(2, 3, torch.zeros(1)).data_ptr()))
    thread.start()
    thread.join()
    assert places[0] != places[1]
    assert workspace(2, 3, torch.zeros(1)).data_ptr() == places[0]


def test_threads_get_their_own_losses() -> None:
    hidden, weight = states()
    alone = float(linear_cross_entropy(hidden, weight, some_targets()).detach())
    made: list[float] = []

    def work() -> None:
        for _ in range(20):
            made.append(float(linear_cross_entropy(hidden, weight, some_targets()).detach()))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == [alone] * 80


def test_a_workspace_from_inference_mode_serves_training() -> None:
    hidden, weight = states()
    free_workspace()
    with torch.inference_mode():
        linear_cross_entropy(hidden, weight, some_targets())
    linear_cross_entropy(hidden, weight, some_targets()).backward()
    assert hidden.grad is not None


def test_under_autocast_the_products_are_in_its_dtype_and_gradients_in_the_parameters() -> None:
    hidden, weight = states(torch.float32)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = linear_cross_entropy(hidden, weight, some_targets())
    loss.backward()
    assert torch.equal(loss, linear_cross_entropy(hidden.bfloat16(), weight.bfloat16(), some_targets()))
    wide = [each.detach().double().requires_grad_() for each in (hidden, weight)]
    theirs = gradients(expected(*wide, some_targets()).sum() / 13, *wide)
    for mine, their in zip((hidden, weight), theirs, strict=True):
        assert mine.grad is not None
        assert mine.grad.dtype == torch.float32
        assert_near(mine.grad, their, 2e-2)


def test_nothing_supervised_is_zero_with_a_zero_gradient_and_a_warning() -> None:
    hidden, weight = states()
    with pytest.warns(UserWarning, match="0 of 23 targets are supervised"):
        loss = linear_cross_entropy(hidden * torch.nan, weight, torch.full((N,), -100))
    loss.backward()
    assert float(loss.detach()) == 0
    assert weight.grad is not None
    assert not weight.grad.any()


@pytest.mark.filterwarnings("error")
def test_a_micro_batch_without_targets_is_nothing_unusual() -> None:
    hidden, weight = states()
    assert float(linear_cross_entropy(hidden, weight, torch.full((N,), -100), num_items=9).detach()) == 0


def test_another_ignore_index_is_honoured() -> None:
    hidden, weight = states()
    targets = some_targets()
    as_minus_one = targets.masked_fill(targets == -100, -1)
    mine = linear_cross_entropy(hidden, weight, as_minus_one, ignore_index=-1)
    assert torch.equal(mine, linear_cross_entropy(hidden, weight, targets))
    with pytest.raises(ValueError, match=r"label -100 at \[\d+\] is no id, and not ignored either: ignore_index = -1"):
        linear_cross_entropy(hidden, weight, targets, ignore_index=-1)


HIDDEN, WEIGHT = (each.detach() for each in states())
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "unshifted": ({"targets": torch.zeros(N + 1, dtype=torch.long)}, r"targets \[24\] do not go together"),
    "transposed": ({"weight": WEIGHT.T}, r"weight \[16, 97\] and targets"),
    "no vocabulary": ({"weight": WEIGHT[:0]}, r"weight \[0, 16\]"),
    "beyond V": ({"targets": torch.full((N,), V)}, r"label 97 at \[0\] is no id: V = 97"),
    "uint8": ({"targets": torch.zeros(N, dtype=torch.uint8)}, "labels are torch.uint8"),
    "a list": ({"hidden": HIDDEN.tolist()}, "hidden is list"),
    "integers": ({"hidden": HIDDEN.long()}, "hidden is torch.int64"),
    "two dtypes": ({"weight": WEIGHT.float()}, r"hidden is torch.float64 and weight torch.float32; cast one"),
    "flags": ({"weights": torch.ones(N, dtype=torch.bool)}, r"weights \[23\] torch.bool do not fit"),
    "learned weights": ({"weights": torch.ones(N, requires_grad=True)}, "detach them"),
    "NaN weight": ({"weights": torch.full((N,), torch.nan)}, r"weight nan at \[\d+\]"),
    "smoothing": ({"label_smoothing": 1.5}, "label smoothing 1.5 is no share"),
    "z_loss": ({"z_loss": -1.0}, "z_loss -1.0 is no factor"),
    "reduction": ({"reduction": "batchmean"}, "reduction 'batchmean' is unknown"),
    "num_items": ({"num_items": 0}, "num_items 0.0 cannot divide"),
    "num_items of a sum": ({"num_items": 3, "reduction": "sum"}, "num_items divides a mean"),
    "chunk_bytes": ({"chunk_bytes": 0}, "chunk_bytes 0 hold no logits"),
    "NaN": ({"hidden": HIDDEN.index_fill(0, torch.tensor([3]), torch.nan), "targets": torch.ones(N).long()},
            r"the cost at \[3\] is nan: hidden or weight holds NaN"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_would_give_a_wrong_loss_is_refused(case: str) -> None:
    given, words = REFUSED[case]
    with pytest.raises(ValueError, match=words):
        linear_cross_entropy(**{"hidden": HIDDEN, "weight": WEIGHT, "targets": some_targets(), **given})


def test_the_place_of_a_cost_that_is_not_finite_is_the_batchs() -> None:
    batch = HIDDEN[:22].view(2, 11, D).clone()
    batch[1, 4] = torch.nan
    targets = torch.ones(2, 11).long()
    targets[0, :7] = -100
    with pytest.raises(ValueError, match=r"the cost at \[1, 4\]"):
        linear_cross_entropy(batch, WEIGHT, targets)


def test_nan_on_an_ignored_row_reaches_neither_loss_nor_gradient() -> None:
    hidden, weight = states()
    targets = some_targets()
    spoiled = torch.where((targets == -100).unsqueeze(-1), torch.nan, hidden.detach()).requires_grad_()
    loss = linear_cross_entropy(spoiled, weight, targets)
    assert torch.equal(loss, linear_cross_entropy(hidden, weight, targets))
    loss.backward()
    assert spoiled.grad is not None
    assert torch.isfinite(spoiled.grad).all()
    assert not spoiled.grad[targets == -100].any()
