"""The energy that a GPU takes."""

from collections.abc import Callable

import torch


def energy_meter(device: torch.device) -> Callable[[], float | None]:
    """Start to measure: what is returned gives the joules that the whole GPU has taken since.

    NVIDIA's driver counts them, from Volta on; the optional package nvidia-ml-py asks it. None if there is no GPU,
    no such count or no such package.
    """
    begin = _millijoules(device)

    def joules() -> float | None:
        now = _millijoules(device)
        return None if begin is None or now is None else (now - begin) / 1000

    return joules


def _millijoules(device: torch.device) -> int | None:
    if device.type != "cuda":
        return None
    try:
        import pynvml  # type: ignore[import-not-found]
    except ImportError:
        return None
    try:
        pynvml.nvmlInit()
        # CUDA may number the GPUs of a job only, and NVML numbers all.
        uuid = f"GPU-{torch.cuda.get_device_properties(device).uuid}"
        counted: int = pynvml.nvmlDeviceGetTotalEnergyConsumption(pynvml.nvmlDeviceGetHandleByUUID(uuid))
    except pynvml.NVMLError:
        return None
    return counted
