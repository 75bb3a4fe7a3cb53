"""Architectures made by hand, as points of the joint space: what a search has to beat.

Names are those of the literature: layers, then width (`wide_resnet_28_10`: 10 times that of a ResNet; `4x8d`:
4 branches, 8 filters each in the first main block). What the space cannot say differs from the literature:

- Wherever width or stride changes stands the skip path of Shake-Shake, where a ResNet has the identity filled up with
  zeros: two more 1x1 convolutions with batch norm.
- Residual blocks are those of Shake-Shake: a ReLU at the beginning, none at the end.
- Two or more branches are always mixed by Shake-Shake, see `_RESNEXT`.
- The death rate of ShakeDrop is the same for all blocks, see `_SHAKEDROP`.
- Learning rates follow the schedule of the budget, not the steps of the papers; momentum is Nesterov's.

`wide_resnet_28_10/4` is a scale model of one: every length, which are blocks and filters of the stem, divided by 4, see
`scaled`.

With n_i residual blocks, width w_i and b_i branches in main block i, w_0 filters in the stem, c channels and K classes,
the network has 2 (n_1 + n_2 + n_3) + 2 layers (`depth`) and, as `multibranch.parameter_count` has it,

    9 c w_0 + 2 w_0  +  sum over i of [s_i + b_i (9 w_(i-1) w_i + 9 w_i^2 + 4 w_i) + (n_i - 1) b_i (18 w_i^2 + 4 w_i)]
    +  w_3 K + K

trainable weights, where s_i = w_(i-1) w_i + 2 w_i if width or stride changes there, and 0 otherwise.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from jointsearch.core.errors import UserError, suggest
from jointsearch.core.fields import Value, Values
from jointsearch.networks.hyperparameters import ARCHITECTURE_PARAMETERS, TRAINING_PARAMETERS, Hyperparameters

if TYPE_CHECKING:
    # ConfigSpace takes a while to import, which a look at the names should not.
    from jointsearch.space.space import Space


@dataclass(frozen=True)
class ManualArchitecture:
    """A manual architecture with the hyperparameters that its authors trained it with.

    Attributes
    ----------
    name, title, family
        `wide_resnet_28_10`; as in a text, `WRN-28-10`; `Wide ResNet`. Of scale models `wide_resnet_28_10/4`, `WRN-28-10
        / 4`.
    source
        Paper, and the table with the architecture or the hyperparameters.
    values
        All 17 parameters.
    """

    name: str
    title: str
    family: str
    source: str
    values: Mapping[str, Value]

    @property
    def parameters(self) -> Hyperparameters:
        """The values as the network and the training understand them."""
        return Hyperparameters.from_values(self.values)

    @property
    def depth(self) -> int:
        """Layers with weights, see `depth`."""
        return depth(self.parameters)

    def within(self, space: "Space") -> Values:
        """Give the values as a configuration of a space, without what is inactive there.

        Training hyperparameters that the space does not have, or leaves inactive, take their neutral default, as in any
        other configuration of the space; the network has to stay the same.

        Raises
        ------
        UserError
            If the space does not hold this architecture: which parameter, and why.
        """
        values: Values = {}
        for name, one in space.file.hyperparameters.items():
            if name in self.values and not one.allows(self.values[name]):
                raise UserError(f"{self.name}: {name} is {self.values[name]!r}, which the space does not allow")
        for name in space.configuration_space:
            if name in self.values and space.active(name, values):
                values[name] = self.values[name]
        try:
            space.check(values)
        except ValueError as error:
            raise UserError(f"{self.name}: no configuration of the space: {error}") from None
        left = Hyperparameters.from_values(values)
        for name in ARCHITECTURE_PARAMETERS:
            if getattr(left, name) != self.values[name]:
                raise UserError(f"{self.name}: {name} is {self.values[name]!r}, and the space does not allow it")
        return values


def depth(parameters: Hyperparameters) -> int:
    """Layers with weights on the longest path: stem, two convolutions a residual block, classifier.

    2 (n_1 + n_2 + n_3) + 2, which is how ResNets are named. Wide ResNets are named by 2 more: there three convolutions
    of skips count, and the classifier does not.
    """
    return 2 * sum(parameters.residual_blocks) + 2


def architecture(name: str) -> ManualArchitecture:
    """Look up a manual architecture, or a scale model of one.

    Raises
    ------
    UserError
        If there is none of this name; suggests one.
    """
    whole, slash, scale = name.partition("/")
    if whole not in ARCHITECTURES:
        raise UserError(f"no manual architecture {whole!r}; {suggest(whole, ARCHITECTURES)}")
    if "/" in scale:
        raise UserError(f"{name}: its scale is given twice; give it once, such as {whole}/4")
    if slash and not re.fullmatch("[1-9][0-9]?", scale):
        raise UserError(f"{name}: {scale!r} is no scale; give a whole number from 1 to 99, such as {whole}/4")
    return scaled(ARCHITECTURES[whole], int(scale or 1))


def scaled(whole: ManualArchitecture, scale: int) -> ManualArchitecture:
    """Divide the lengths of an architecture: the blocks of each main block, and the filters of the stem.

    Blocks are a length as the receptive field grows with them. Quotients are rounded to the nearest whole number,
    halves up, and are 1 at least. Widening factors, which are ratios, and branches stay, as does how it is trained.
    """
    if scale == 1:
        return whole
    lengths = ("residual_blocks_1", "residual_blocks_2", "residual_blocks_3", "initial_filters")
    divided = {name: max(1, (2 * int(whole.values[name]) + scale) // (2 * scale)) for name in lengths}
    return replace(
        whole, name=f"{whole.name}/{scale}", title=f"{whole.title} / {scale}", values={**whole.values, **divided}
    )


_COMMON: dict[str, Value] = {
    "batch_size": 128,
    "momentum": 0.9,
    "mixup_alpha": 0.0,
    "cutout_length": 0,
    "shakedrop_death_rate": 0.0,
}
"""What the papers have in common: none of them has mixup or cutout. All values lie in the ranges of `joint17.yaml`, the
batch size at their end."""

_RESNET: dict[str, Value] = {"learning_rate": 0.1, "weight_decay": 1e-4, **_COMMON}
"""He et al. (2016), section 4.2."""

_WIDE_RESNET: dict[str, Value] = {"learning_rate": 0.1, "weight_decay": 5e-4, **_COMMON}
"""Zagoruyko and Komodakis (2016), section 3. Their dropout is not in the space."""

_RESNEXT: dict[str, Value] = {"learning_rate": 0.1, "weight_decay": 5e-4, **_COMMON}
"""Xie et al. (2017), section 5.3. Like a ResNeXt it has many branches, and little else to regularise it. But those of a
ResNeXt are the groups of a bottleneck's grouped convolution, which are added up. Here

- each branch reads and writes all filters of the block: weights grow with the number of branches, while those of a
  grouped convolution of a given width shrink with the number of groups;
- branches are averaged, with equal weights at evaluation and random ones (Shake-Shake) in training, which the space
  cannot switch off.

The space has 5 branches at most; ResNeXt-29 has 8 or 16. Its 9 bottlenecks of 3 layers are 9 blocks of 2 here."""

_SHAKE_SHAKE: dict[str, Value] = {"learning_rate": 0.2, "weight_decay": 1e-4, **_COMMON}
"""Gastaldi (2017), section 2.1, and the authors' code for the learning rate."""

_SHAKEDROP: dict[str, Value] = {"learning_rate": 0.1, "weight_decay": 1e-4, **_COMMON, "shakedrop_death_rate": 0.5}
"""Yamada et al. (2019). Their death rate grows with the depth up to 0.5 in the last block; here all blocks have that of
the last one, twice the mean. Their 110 layers are 18 blocks a main block, more than the 16 of the space."""


def _family(
    family: str, training: Mapping[str, Value], branches: int, *members: tuple[str, str, str, int, int, float]
) -> list[ManualArchitecture]:
    """Make a family of members: name, title, source, blocks of a main block, filters of the stem, first factor.

    Blocks and branches are alike in all main blocks, and the width doubles twice.
    """
    architectures = []
    for name, title, source, blocks, filters, factor in members:
        given = {
            **{f"residual_blocks_{index}": blocks for index in (1, 2, 3)},
            "initial_filters": filters,
            "widen_factor_1": factor,
            "widen_factor_2": 2.0,
            "widen_factor_3": 2.0,
            **{f"residual_branches_{index}": branches for index in (1, 2, 3)},
            **training,
        }
        values = {parameter: given[parameter] for parameter in (*ARCHITECTURE_PARAMETERS, *TRAINING_PARAMETERS)}
        architectures.append(ManualArchitecture(name, title, family, source, values))
    return architectures


_HE = "He et al. (2016), table 6"
_ZAGORUYKO = "Zagoruyko and Komodakis (2016)"
_XIE = "after Xie et al. (2017), table 7"
_GASTALDI = "Gastaldi (2017), table 1"
_YAMADA = "Yamada et al. (2019), on the ResNet of He et al. (2016), table 6"

ARCHITECTURES: Mapping[str, ManualArchitecture] = {
    one.name: one
    for one in (
        *_family(
            "ResNet",
            _RESNET,
            1,
            ("resnet_20", "ResNet-20", _HE, 3, 16, 1.0),
            ("resnet_56", "ResNet-56", _HE, 9, 16, 1.0),
        ),
        *_family(
            "Wide ResNet",
            _WIDE_RESNET,
            1,
            ("wide_resnet_10_2", "WRN-10-2", f"small one after {_ZAGORUYKO}", 1, 16, 2.0),
            ("wide_resnet_16_4", "WRN-16-4", f"{_ZAGORUYKO}, table 6", 2, 16, 4.0),
            # A first factor of 10 is beyond the 8 of the space: the stem has 20 filters in place of 16.
            ("wide_resnet_28_10", "WRN-28-10", f"{_ZAGORUYKO}, table 5", 4, 20, 8.0),
        ),
        *_family(
            "ResNeXt-like",
            _RESNEXT,
            4,
            ("resnext_14_4x8d", "ResNeXt-14 4x8d", f"small one {_XIE}", 2, 16, 0.5),
            ("resnext_20_4x64d", "ResNeXt-20 4x64d", _XIE, 3, 16, 4.0),
        ),
        *_family(
            "Shake-Shake",
            _SHAKE_SHAKE,
            2,
            ("shake_shake_14_2x8d", "Shake-Shake-14 2x8d", f"small one after {_GASTALDI}", 2, 16, 0.5),
            ("shake_shake_26_2x32d", "Shake-Shake-26 2x32d", _GASTALDI, 4, 16, 2.0),
        ),
        *_family(
            "ShakeDrop",
            _SHAKEDROP,
            1,
            ("shakedrop_resnet_20", "ShakeDrop ResNet-20", _YAMADA, 3, 16, 1.0),
            ("shakedrop_resnet_56", "ShakeDrop ResNet-56", _YAMADA, 9, 16, 1.0),
        ),
    )
}
"""By name."""
