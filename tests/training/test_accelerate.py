import signal
import time

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from jointsearch.core.config import TrainingSettings
from jointsearch.training import accelerate
from jointsearch.training.accelerate import TookTooLongError, choose_precision, should_compile, time_limit, try_compiled

CPU, GPU = torch.device("cpu"), torch.device("cuda")
LONG = 10 * accelerate.COMPILING_PAYS_FROM


def busy(guard=5.0) -> None:
    """Compute until interrupted; for `guard` seconds at most."""
    end = time.monotonic() + guard
    while time.monotonic() < end:
        pass


def set_units(monkeypatch, amx, avx512):
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: amx)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: avx512)


@pytest.mark.parametrize("units", [False, True])
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_an_explicit_precision_is_kept_on_every_device(monkeypatch, precision, units):
    set_units(monkeypatch, units, units)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: units)
    setting = TrainingSettings(precision=precision)
    assert choose_precision(setting, CPU) == choose_precision(setting, GPU) == precision


@pytest.mark.parametrize(
    ("amx", "avx512", "chosen"),
    [(False, False, "float32"), (False, True, "bfloat16"), (True, False, "bfloat16"), (True, True, "bfloat16")],
)
def test_auto_is_bfloat16_on_a_cpu_that_multiplies_it(monkeypatch, amx, avx512, chosen):
    set_units(monkeypatch, amx, avx512)
    assert choose_precision(TrainingSettings(), CPU) == chosen


@pytest.mark.parametrize(("supported", "chosen"), [(False, "float32"), (True, "bfloat16")])
def test_auto_is_bfloat16_on_a_gpu_that_multiplies_it_without_emulation(monkeypatch, supported, chosen):
    set_units(monkeypatch, not supported, not supported)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: including_emulation or supported)
    assert choose_precision(TrainingSettings(), GPU) == chosen


def test_torch_still_has_the_functions_that_auto_asks():
    """They are not public: a new version of torch may rename them."""
    assert choose_precision(TrainingSettings(), CPU) in {"float32", "bfloat16"}


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_autocast_computes_products_in_the_precision(precision):
    layer, norm = nn.Linear(3, 3), nn.BatchNorm1d(3)
    with accelerate.autocast(precision, CPU):
        result = layer(torch.ones(2, 3))
        norm(result)
    assert result.dtype == getattr(torch, precision)
    assert norm.running_mean.dtype == torch.float32
    assert layer(torch.ones(2, 3)).dtype == torch.float32


@pytest.mark.parametrize(
    ("device", "precision", "last"),
    [(CPU, "float32", True), (CPU, "bfloat16", True), (GPU, "float32", False), (GPU, "bfloat16", True)],
)
def test_channels_are_last_on_a_cpu_and_in_bfloat16(device, precision, last):
    chosen = accelerate.memory_format(precision, device)
    assert chosen is (torch.channels_last if last else torch.contiguous_format)


@pytest.mark.parametrize(
    ("setting", "budget", "unit", "device", "compiled"),
    [
        ("on", 1, "steps", CPU, True),
        ("on", 1, "seconds", GPU, True),
        ("off", LONG, "seconds", GPU, False),
        ("off", LONG, "seconds", CPU, False),
        ("auto", accelerate.COMPILING_PAYS_FROM, "seconds", GPU, True),
        ("auto", accelerate.COMPILING_PAYS_FROM - 1, "seconds", GPU, False),
        ("auto", LONG, "epochs", GPU, False),
        ("auto", LONG, "steps", GPU, False),
        ("auto", LONG, "seconds", CPU, False),
        ("auto", LONG, "nominal_seconds", GPU, False),
        ("auto", LONG, "epochs", CPU, False),
    ],
)
def test_a_network_is_compiled_as_asked_or_where_it_pays(setting, budget, unit, device, compiled):
    assert should_compile(TrainingSettings(compile=setting), budget, unit, device) is compiled


@given(st.floats(1, 1e5))
def test_compiling_may_take_a_share_of_seconds_or_a_fixed_time(budget):
    share = accelerate.COMPILING_MAY_TAKE
    assert accelerate.compile_limit(budget, "seconds") == pytest.approx(share * budget)
    assert {accelerate.compile_limit(budget, unit) for unit in ("epochs", "steps")} == {accelerate.COMPILING_LIMIT}


@pytest.fixture
def own_handler():
    """A handler that was there before; nothing may be left of the limit in the end."""

    def handler(number, frame):
        raise AssertionError("the limit outlived its block")

    before = signal.signal(signal.SIGALRM, handler)
    yield handler
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


def assert_restored(handler):
    assert signal.getsignal(signal.SIGALRM) is handler
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


def test_time_limit_interrupts(own_handler):
    started = time.monotonic()
    with pytest.raises(TookTooLongError), time_limit(0.05):
        busy()
    assert 0.05 <= time.monotonic() - started < 4
    assert_restored(own_handler)


def test_time_limit_leaves_alone_what_is_quick(own_handler):
    with time_limit(0.05):
        quick = sum(range(10))
    busy(0.1)
    assert quick == 45
    assert_restored(own_handler)


def test_time_limit_lets_errors_through(own_handler):
    with pytest.raises(ZeroDivisionError), time_limit(5):
        _ = 1 / 0
    assert_restored(own_handler)


def test_a_rehearsal_that_works_is_compiled_without_a_word(capfd, own_handler):
    rehearsed = []
    assert try_compiled(lambda: rehearsed.append(1), 5) is True
    assert rehearsed == [1]
    assert capfd.readouterr() == ("", "")
    assert_restored(own_handler)


def failing(error):
    def rehearse():
        raise error

    return rehearse


def swallowing():
    """Compilers wrap what is raised in them."""
    try:
        busy()
    except Exception as error:
        raise RuntimeError("backend failed") from error


@pytest.mark.parametrize(
    ("rehearse", "limit", "reason"),
    [
        (failing(RuntimeError("no compiler\nand a long\nexplanation")), 5, "no compiler"),
        (failing(ValueError("\n  x" + 999 * "y")), 5, "x" + 199 * "y"),
        (failing(KeyError()), 5, "KeyError"),
        (busy, 0.05, "compiling takes longer than 0.05 s"),
        (swallowing, 0.05, "compiling takes longer than 0.05 s"),
    ],
    ids=["error", "long message", "no message", "too long", "too long, wrapped"],
)
def test_a_failed_rehearsal_costs_one_line_of_warning(capfd, own_handler, rehearse, limit, reason):
    assert try_compiled(rehearse, limit) is False
    assert capfd.readouterr() == ("", f"warning: the network is trained without compiling it: {reason}\n")
    assert_restored(own_handler)


def test_an_interrupt_by_the_user_is_not_taken_for_a_failure(own_handler):
    with pytest.raises(KeyboardInterrupt):
        try_compiled(failing(KeyboardInterrupt()), 5)
    assert_restored(own_handler)


def test_any_operation_is_deterministic_for_as_long_as_it_is_asked():
    for asked in (False, True):
        with accelerate.deterministic(any_operation=asked):
            assert torch.are_deterministic_algorithms_enabled() is asked
            assert torch.is_deterministic_algorithms_warn_only_enabled() is asked
        assert not torch.are_deterministic_algorithms_enabled()
        assert torch.utils.deterministic.fill_uninitialized_memory
