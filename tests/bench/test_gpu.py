"""The script for machines with a GPU, as far as one without can say."""

import operator
import time

import pytest

import bench_gpu
import bench_train
from jointsearch.core.errors import UserError

SPEED = {
    "textbook": 1000.4,
    "engine": 3000.0,
    "textbook_launches": 500,
    "launches": 400,
    "share": 0.0312,
    "compiled_in": None,
}


def speed(**changes):
    return {"precision": "bfloat16", "networks": {"small": SPEED | changes}}


def test_without_a_gpu_it_ends_with_one_line(monkeypatch):
    monkeypatch.setattr("sys.argv", ["bench_gpu.py"])
    monkeypatch.setattr(bench_gpu.torch.cuda, "is_available", lambda: False)
    with pytest.raises(UserError, match="torch sees no GPU, so there is nothing to measure"):
        bench_gpu.main()


def test_all_parts_end_within_ten_minutes_and_leave_time_to_compile():
    assert bench_gpu.WHOLE < 600
    assert bench_gpu.WHOLE - sum(bench_gpu.LIMITS.values()) >= len(bench_train.NETWORKS) * 50


def test_a_part_that_fails_or_takes_too_long_is_named():
    assert bench_gpu.limited(0, operator.truediv, 1, 2) == "truediv: not run, as no time was left"
    assert bench_gpu.limited(0.5, time.sleep, 60) == "sleep: not finished in 0 s"
    assert bench_gpu.limited(600, operator.truediv, 1, 0) == "truediv: failed, see above"


def test_the_table_has_both_loops_compiled_and_not():
    rows = list(bench_gpu.table(speed(), {"small": speed(engine=9000.0, launches=3, share=0.09, compiled_in=31.2)}))
    assert rows[3:] == ["| small | 1000 | 3000 | 9000 | 500 | 400 | 3 | 3.1% | 9.0% | 31 s |"]


@pytest.mark.parametrize("found", ["measure speed: not finished in 9 s", speed()])
def test_what_was_not_measured_is_unknown_and_named(found):
    rows = list(bench_gpu.table(speed(share=None), {"small": found}))
    assert rows[3] == "| small | 1000 | 3000 | unknown | 500 | 400 | unknown | unknown | unknown | unknown |"
    assert len(rows) == 5 and "compiled" in rows[4]
    assert "unknown" in next(iter(list(bench_gpu.table("failed", {"small": found}))[3:]))
