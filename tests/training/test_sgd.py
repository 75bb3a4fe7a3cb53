import pytest
import torch

from jointsearch.training.sgd import Sgd


@pytest.mark.parametrize("momentum", [0, 0.9])
def test_steps_are_those_of_the_optimiser_of_torch(momentum):
    random = torch.Generator().manual_seed(0)
    one, other = ([torch.ones(3, 2, requires_grad=True), torch.ones(5, requires_grad=True)] for _ in range(2))
    ours = Sgd(one, momentum, 0.01)
    theirs = torch.optim.SGD(other, momentum=momentum, weight_decay=0.01, nesterov=momentum > 0, fused=True)
    for step in range(5):
        for mine, its in zip(one, other, strict=True):
            mine.grad = torch.randn(mine.shape, generator=random)
            its.grad = mine.grad.clone()
        ours.step(0.1 / (step + 1))
        theirs.param_groups[0]["lr"] = 0.1 / (step + 1)
        theirs.step()
        assert all(torch.equal(mine, its) for mine, its in zip(one, other, strict=True))
    assert all(weight.grad is None for weight in one)
