import pytest

from jointsearch.audit.agreement import TOLERANCE, rounded


@pytest.mark.parametrize(
    ("one", "other", "number"),
    [
        ("x,y\n0.1,a\n", "x,y\n0.1,a\n", 0),
        ("x,y\n0.30000000000000004,a\n", "x,y\n0.3,a\n", 1),
        ('{"value":12,"loss":0.5}', '{"value":12.000000000000002,"loss":0.49999999999999994}', 2),
        ("0.0,-1.5", "-2.2e-17,-1.5000000000000002", 2),
        ("1e-07", "1.0000000000000002e-07", 1),
        ("-0.0", "0.0", 1),
    ],
)
def test_numbers_that_were_rounded_otherwise_are_counted(one, other, number):
    assert rounded(one, other) == rounded(other, one) == number


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("0.5", f"{0.5 * (1 + 3 * TOLERANCE)}"),
        ("0.5", "-0.5"),
        ("0.0", "1e-9"),
        ("4471187277385419", "4471187277385418"),
        ("evaluation 0-0-5@3", "evaluation 0-0-6@3"),
        ("12345678e2abc", "12345679e2abc"),
        ("2.14.1", "2.14.2"),
        ("2.5,a", "2.5,b"),
        ("2.5", "nan"),
        ("2.5", ""),
        ("x\n0.5\n", "x\n0.5\n0.5\n"),
        ("x\n0.5\n0.25\n", "x\n0.25\n0.5\n"),
    ],
)
def test_anything_else_that_differs_is_no_rounding(one, other):
    assert rounded(one, other) is None
    assert rounded(other, one) is None
