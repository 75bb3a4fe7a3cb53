import pytest
import torch


@pytest.fixture
def one_thread():
    """Two threads that share a busy processor wait for each other, and a step takes a second."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
