"""The derive level of an audit: the architecture that a gradient-based search has found follows from its record."""

import math

from jointsearch.audit.evidence import Evidence
from jointsearch.audit.findings import Findings, Verdict
from jointsearch.core.data_set import DataSet
from jointsearch.core.evaluation import Evaluation, LearnedArchitecture
from jointsearch.networks.choices import GRADIENTS, SharedHyperparameters, entropy, largest_weights
from jointsearch.results.trained_network import trained
from jointsearch.search.experiment import Experiment


def check_architectures(evidence: Evidence, findings: Findings) -> None:
    """Check choices, weights and values of each gradient-based search, and that no other training has any."""
    for place, one in evidence.evaluations.items():
        name, settings = evidence.file(*place), evidence.settings_of(place[0])
        is_learned = settings.sampler == GRADIENTS and one.status == "success"
        if one.architecture is None or not is_learned:
            if (one.architecture is not None) != is_learned:
                message = "has no architecture" if is_learned else "has an architecture, which it cannot have learned"
                findings.add("derive", "architecture", name, Verdict.MISMATCH, message)
            continue
        if evidence.data is None:
            findings.add("derive", "architecture", name, Verdict.CANNOT_BE_CHECKED, "data.json is missing; restore it")
            continue
        with findings.distrust("derive", "architecture", name):
            wrong = _wrong(one, one.architecture, settings, evidence.data)
            findings.expect(wrong is None, "derive", "architecture", name, wrong or "")


def _wrong(one: Evaluation, found: LearnedArchitecture, settings: Experiment, data: DataSet) -> str | None:
    parameters = trained(one, settings, data)
    assert isinstance(parameters, SharedHyperparameters)
    if found.choices != parameters.choices:
        return "its choices are not those of the space, as far as they are within the limits"
    sizes = {name: len(of) for name, of in found.choices.items()}
    rows = dict.fromkeys(sizes, len(one.curve))
    if {name: len(of) for name, of in found.weights.items()} != sizes:
        return "it has not one weight for each choice"
    if {name: len(of) for name, of in found.entropies.items()} != rows or len(found.losses) != len(one.curve):
        return "it has not one entropy, or loss, for each row of the learning curve"
    if found.values != largest_weights(found.choices, found.weights):
        return "its values are not the choices with the largest weights"
    if any(
        not math.isclose(found.entropies[name][-1], entropy(of), abs_tol=1e-9) for name, of in found.weights.items()
    ):
        return "its last entropies are not those of its weights"
    return None
