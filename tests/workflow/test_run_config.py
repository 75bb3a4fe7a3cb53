from jointsearch.workflow import run_config


def test_values_are_taken_as_the_files_write_them_but_where_they_were_changed():
    loose = {"training": {"compile": True, "rate": "1e-3"}, "seed": 1, "notes": {"a": "1e-3"}}
    exact = {"training": {"compile": "on", "rate": 1e-3}, "seed": 1, "notes": {"a": 1e-3}}
    given = {
        "training": {"compile": True, "rate": "1e-3"},
        "seed": 2,
        "notes": {"a": "1e-4", "b": True},
        "more": {"c": 1},
    }
    assert run_config.as_written(given, loose, exact) == {
        "training": {"compile": "on", "rate": 1e-3},
        "seed": 2,
        "notes": {"a": "1e-4", "b": True},
        "more": {"c": 1},
    }
