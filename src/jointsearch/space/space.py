"""A search space as a ConfigSpace, and its configurations as points of the unit cube."""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import ConfigSpace as cs
import numpy as np
from numpy.typing import NDArray

from jointsearch.core.errors import UserError
from jointsearch.core.fields import Value, Values
from jointsearch.space.conditions import AnyCondition, Clause, Comparison, Condition
from jointsearch.space.file import SpaceFile
from jointsearch.space.hyperparameters import Categorical, Constant, Float, Hyperparameter, Integer, Ordinal

Vector = NDArray[np.float64]
_Rule = cs.conditions.Condition | cs.conditions.Conjunction

ATTEMPTS = 10_000
"""Points tried before (almost) all of a space is reported as forbidden."""


class Space:
    """The space of a `SpaceFile`, with an encoding for models.

    A configuration is a mapping of the active hyperparameters to plain Python values, constants included.
    Its vector has one entry for each hyperparameter that is not constant, in the order of `names`; NaN where
    inactive. Floats and integers are encoded in `[0, 1]` as ConfigSpace does it, an ordinal as the index of its
    value (as the documentation of HpBandSter's BOHB, which refuses ordinals, recommends), a categorical as the index of
    its choice.

    Parameters
    ----------
    file
        The checked space.

    Attributes
    ----------
    configuration_space
        The same space for other libraries. Its random state is never used here.
    names
        The names of the vector's entries; a parent comes before its children.
    levels
        Number of choices of each entry; 0 if it is continuous.

    Raises
    ------
    UserError
        If the forbidden clauses leave nothing to sample, or ConfigSpace cannot represent the space.
    """

    def __init__(self, file: SpaceFile) -> None:
        self.file = file
        space = _configuration_space(file)
        self._conditions = {
            name: tuple(
                tuple((one.parent, _comparison(one, name, file, space)) for one in condition.alternatives)
                for condition in file.conditions
                if condition.child == name
            )
            for name in space
        }
        self._clauses = tuple(_clause(one, space) for one in file.forbidden)
        self.configuration_space = space
        self._constants = {name: one.value for name, one in file.hyperparameters.items() if isinstance(one, Constant)}
        searched = {name: one for name, one in file.hyperparameters.items() if name not in self._constants}
        self.names = tuple(name for name in space if name in searched)
        self.levels = tuple(
            len(one.choices) if isinstance(one, Categorical) else 0 for one in (searched[name] for name in self.names)
        )
        if file.forbidden:
            # ConfigSpace requires a default that is allowed; any allowed configuration will do.
            default = self.sample(1, np.random.default_rng(0))[0]
            self.configuration_space = _configuration_space(file, default, file.forbidden)

    @property
    def dimension(self) -> int:
        """Number of hyperparameters that are searched."""
        return len(self.names)

    @property
    def vartypes(self) -> str:
        """One letter for each dimension, as in statsmodels: `c` continuous, `u` unordered."""
        return "".join("u" if levels else "c" for levels in self.levels)

    def sample(self, count: int, rng: np.random.Generator) -> list[Values]:
        """Draw configurations from ConfigSpace's uniform prior, redrawing forbidden ones.

        Raises
        ------
        UserError
            If almost every configuration is forbidden.
        """
        drawn: list[Values] = []
        for _ in range(ATTEMPTS):
            missing = count - len(drawn)
            if missing == 0:
                return drawn
            drawn += [values for values in self.decode_all(self.draw(missing, rng)) if values is not None]
        raise hardly_any_left()

    def encode(self, values: Values) -> Vector:
        """Encode one configuration of this space; shape `(dimension,)`, NaN where inactive."""
        return self.encode_all([values])[0]

    def encode_all(self, configurations: Sequence[Values]) -> Vector:
        """Encode configurations of this space; shape `(len(configurations), dimension)`."""
        vectors = np.full((len(configurations), self.dimension), np.nan)
        for column, name in enumerate(self.names):
            rows = [row for row, values in enumerate(configurations) if name in values]
            if rows:
                vectors[rows, column] = self._encode_column(name, [configurations[row][name] for row in rows])
        return vectors

    def decode(self, vector: Vector) -> Values | None:
        """Decode a point of shape `(dimension,)` to the nearest configuration; see `decode_all`."""
        return self.decode_all(vector[None, :])[0]

    def decode_all(self, vectors: Vector) -> list[Values | None]:
        """Decode points to the nearest configurations, without inactive values; None if one is forbidden.

        Parameters
        ----------
        vectors
            Shape `(n, dimension)`: in `[0, 1]` where continuous, an index where categorical. Entries that turn
            out inactive are ignored, and may be NaN.

        Raises
        ------
        ValueError
            If an active entry is NaN.
        """
        columns = {name: self._decode_column(name, vectors[:, column]) for column, name in enumerate(self.names)}
        decoded: list[Values | None] = []
        for row in range(len(vectors)):
            values: Values = {}
            for name in self._conditions:
                if self.active(name, values):
                    value = columns[name][row] if name in columns else self._constants[name]
                    if value is None:
                        raise ValueError(f"{name} is active and has no position")
                    values[name] = value
            forbidden = any(clause.is_forbidden_value(values) for clause in self._clauses)
            decoded.append(None if forbidden else values)
        return decoded

    def active(self, name: str, values: Values) -> bool:
        """Whether a hyperparameter is active beside the values of those that come before it."""
        return all(
            any(parent in values and one.satisfied_by_value(values) for parent, one in alternatives)
            for alternatives in self._conditions[name]
        )

    def check(self, values: Values) -> None:
        """Check that values are a configuration of this space: exactly the active ones, in range, not forbidden.

        Raises
        ------
        ValueError
            Says what is wrong.
        """
        for name, value in values.items():
            # Stricter than ConfigSpace, which takes 32.0001 and True for integers.
            if name in self.file.hyperparameters and not self.file.hyperparameters[name].allows(value):
                raise ValueError(f"{name} never has the value {value!r}")
        try:
            cs.Configuration(self.configuration_space, values=values).check_valid_configuration()
        except (ValueError, KeyError, cs.exceptions.ForbiddenValueError) as error:
            raise ValueError(" ".join(str(error).split())) from None

    def draw(self, count: int, rng: np.random.Generator) -> Vector:
        """Draw points from the prior of each hyperparameter separately, even if it is inactive or forbidden.

        Shape `(count, dimension)`, no NaN; `decode` makes configurations of them.
        """
        points = np.empty((count, self.dimension))
        # ConfigSpace takes a random state of numpy's legacy kind.
        state = np.random.RandomState(rng.integers(2**32))
        for column, name in enumerate(self.names):
            points[:, column] = self._draw_column(name, count, state)
        return points

    def draw_by_name(self, seeds: Mapping[str, int]) -> Vector:
        """Draw one point as `draw` does, each hyperparameter by a seed of its own, whatever others are searched.

        Parameters
        ----------
        seeds
            A seed for each of `names`.
        """
        columns = [self._draw_column(name, 1, np.random.RandomState(seeds[name] % 2**32)) for name in self.names]
        return np.concatenate(columns)

    def _draw_column(self, name: str, count: int, state: np.random.RandomState) -> Vector:
        column: Vector = self.configuration_space[name].sample_vector(count, seed=state)
        one = self.file.hyperparameters[name]
        return column / (len(one.sequence) - 1) if isinstance(one, Ordinal) else column

    def _encode_column(self, name: str, column: Sequence[Value]) -> Vector:
        match self.file.hyperparameters[name]:
            case Categorical(choices=choices):
                return np.array([choices.index(value) for value in column], dtype=float)
            case Ordinal(sequence=sequence):
                return np.array([sequence.index(value) for value in column]) / (len(sequence) - 1)
            case _:
                return self.configuration_space[name].to_vector(np.array(column, dtype=float))

    def _decode_column(self, name: str, column: Vector) -> list[Value | None]:
        known = ~np.isnan(column)
        places = np.where(known, column, 0)
        values: Sequence[Value]
        match self.file.hyperparameters[name]:
            case Categorical(choices=choices):
                values = [choices[index] for index in places.round().astype(int)]
            case Ordinal(sequence=sequence):
                values = [sequence[index] for index in (places * (len(sequence) - 1)).round().astype(int)]
            case _:
                # ConfigSpace returns integers for integers.
                values = self.configuration_space[name].to_value(places).tolist()
        return [value if there else None for value, there in zip(values, known.tolist(), strict=True)]


def hardly_any_left() -> UserError:
    """What to raise where almost every point that was drawn is forbidden."""
    return UserError("space: forbidden: hardly any configuration is left; remove a clause")


def _configuration_space(
    file: SpaceFile, default: Values | None = None, forbidden: Sequence[Clause] = ()
) -> cs.ConfigurationSpace:
    space = cs.ConfigurationSpace()
    try:
        space.add(_hyperparameter(name, one, (default or {}).get(name)) for name, one in file.hyperparameters.items())
        for child in file.parents():
            conditions = _unique([_condition(one, file, space) for one in file.conditions if one.child == child])
            space.add(conditions[0] if len(conditions) == 1 else cs.AndConjunction(*conditions))
        space.add([_clause(one, space) for one in forbidden])
    except (ValueError, TypeError, KeyError) as error:
        # Errors that the checks of the file do not find.
        reasons = " ".join(f"{error} {error.__cause__ or ''}".split())
        raise UserError(f"space: ConfigSpace refuses it: {reasons}; change that") from error
    return space


def _hyperparameter(name: str, one: Hyperparameter, default: Value | None) -> cs.hyperparameters.Hyperparameter:
    meta: dict[Hashable, Any] | None = None if one.part is None else {"part": one.part}
    choice: dict[str, Any] = {"meta": meta} | ({} if default is None else {"default_value": default})
    match one:
        case Float():
            return cs.UniformFloatHyperparameter(name, one.lower, one.upper, log=one.log, **choice)
        case Integer():
            return cs.UniformIntegerHyperparameter(name, one.lower, one.upper, log=one.log, **choice)
        case Categorical():
            return cs.CategoricalHyperparameter(name, one.choices, **choice)
        case Ordinal():
            return cs.OrdinalHyperparameter(name, one.sequence, **choice)
        case Constant():
            return cs.Constant(name, one.value, meta=meta)


def _unique(parts: list[_Rule]) -> list[_Rule]:
    """Leave out duplicates: ConfigSpace would confuse the conjunction with another one of the same parts."""
    return [one for place, one in enumerate(parts) if one not in parts[:place]]


def _condition(one: Condition | AnyCondition, file: SpaceFile, space: cs.ConfigurationSpace) -> _Rule:
    parts = _unique([_comparison(each, one.child, file, space) for each in one.alternatives])
    if len(parts) == 1:
        return parts[0]
    # Nested, since ConfigSpace confuses alternatives with the conjunction of the same parts on another child.
    return cs.OrConjunction(cs.OrConjunction(*parts), parts[0])


def _comparison(one: Comparison, name: str, file: SpaceFile, space: cs.ConfigurationSpace) -> _Rule:
    child, parent = space[name], space[one.parent]
    if one.one_of is not None:
        return cs.InCondition(child, parent, list(one.one_of))
    if one.equals is not None:
        return cs.EqualsCondition(child, parent, one.equals)
    if one.not_equals is not None:
        return _unequal(child, parent, one.not_equals, file.hyperparameters[one.parent])
    if one.greater_than is not None:
        return cs.GreaterThanCondition(child, parent, one.greater_than)
    return cs.LessThanCondition(child, parent, one.less_than)


def _unequal(
    child: cs.hyperparameters.Hyperparameter,
    parent: cs.hyperparameters.Hyperparameter,
    value: Value,
    one: Hyperparameter,
) -> _Rule:
    """Express "not equal" by the other values, as ConfigSpace takes an inactive parent as unequal to everything."""
    match one:
        case Categorical(choices=values) | Ordinal(sequence=values):
            return cs.InCondition(child, parent, [other for other in values if other != value])
        case Constant():
            return cs.InCondition(child, parent, [])
        case _:
            return cs.OrConjunction(
                cs.LessThanCondition(child, parent, value), cs.GreaterThanCondition(child, parent, value)
            )


def _clause(clause: Clause, space: cs.ConfigurationSpace) -> cs.forbidden.ForbiddenLike:
    parts = [
        cs.ForbiddenInClause(space[name], list(values))
        if isinstance(values, tuple)
        else cs.ForbiddenEqualsClause(space[name], values)
        for name, values in clause.items()
    ]
    return parts[0] if len(parts) == 1 else cs.ForbiddenAndConjunction(*parts)
