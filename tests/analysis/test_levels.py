from jointsearch.analysis.levels import level_counts, levels
from jointsearch.space.file import SpaceFile
from jointsearch.space.space import Space

SPACE = Space(
    SpaceFile.model_validate(
        {
            "hyperparameters": {
                "few": {"type": "integer", "lower": 2, "upper": 6, "log": True},
                "many": {"type": "integer", "lower": 1, "upper": 100, "log": True},
                "choice": {"type": "categorical", "choices": ["a", "b", "c", "d", "e", "f"]},
                "size": {"type": "ordinal", "sequence": ["s", "m", "l"]},
                "rate": {"type": "float", "lower": 1e-3, "upper": 1.0, "log": True},
                "fixed": {"type": "constant", "value": 1},
            },
            "conditions": [{"child": "rate", "parent": "size", "equals": "l"}],
        }
    )
)


def test_levels_are_values_or_thirds_of_the_scale() -> None:
    counts = dict(zip(SPACE.names, level_counts(SPACE), strict=True))
    assert counts == {"few": 5, "many": 3, "choice": 6, "size": 3, "rate": 3}
    one = {"few": 6, "many": 4, "choice": "f", "size": "l", "rate": 0.05, "fixed": 1}
    other = {"few": 2, "many": 100, "choice": "a", "size": "m", "fixed": 1}
    found = [dict(zip(SPACE.names, row, strict=True)) for row in levels(SPACE, [one, other]).tolist()]
    # Of a logarithmic scale; what is inactive has none.
    assert found == [
        {"few": 4, "many": 0, "choice": 5, "size": 2, "rate": 1},
        {"few": 0, "many": 2, "choice": 0, "size": 1, "rate": -1},
    ]
