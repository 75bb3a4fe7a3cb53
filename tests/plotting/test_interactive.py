import json
import re
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
import yaml
from factories import VALUES, evaluation
from own_searches import own_results
from results_folder import SEARCH
from synthetic import SPACE, results, search

from jointsearch.core.config import BudgetSettings
from jointsearch.networks.hyperparameters import ARCHITECTURE_PARAMETERS, TRAINING_PARAMETERS
from jointsearch.plotting import interactive
from jointsearch.results.results import StudyResults
from jointsearch.search.studies.retraining import retraining_settings
from jointsearch.space.file import SpaceFile

DEMO = BudgetSettings(unit="epochs", minimum=1, maximum=27)
ALL = (*ARCHITECTURE_PARAMETERS, *TRAINING_PARAMETERS)
VOID = {"meta", "input", "br"}


class Page(HTMLParser):
    """Text by element, and what is wrong with the nesting."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.open: list[str] = []
        self.texts: dict[str, str] = {}
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.name = ""
        self.feed(page.decode())
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.name = dict(attrs).get("id") or tag
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts[self.name] = self.texts.get(self.name, "") + data

    @property
    def note(self):
        return self.texts["note"].strip()

    @property
    def data(self):
        return json.loads(self.texts["data"])


def trained(brackets=6, failing=0.15):
    """A search in which values are those of the cube: a page does not judge them."""
    return search(brackets, DEMO, names=ALL, failing=failing)


def beside(*names):
    """The plans of studies beside the search."""
    return [SEARCH.model_copy(update={"name": name}) for name in names]


@pytest.fixture(scope="module")
def made():
    correlation = [evaluation(f"0-0-{slot}", 0.3, slot=slot, budget=27) for slot in range(3)]
    studies = {"joint_bohb-0": trained(2), "correlation": correlation}
    return results(DEMO, beside=beside("correlation", "joint_bohb-0"), search=trained(), **studies)


@pytest.fixture(scope="module")
def page(made):
    return interactive.render(made)


def rows_of(data, number=0):
    names = [*data["fields"], *(axis["name"] for axis in data["axes"])]
    return [dict(zip(names, row, strict=True)) for row in data["studies"][number]["rows"]]


def test_every_evaluation_is_there_once_with_what_its_record_says(made, page) -> None:
    data = Page(page).data
    for number, study in enumerate(data["studies"]):
        rows = {row["evaluation"]: row for row in rows_of(data, number)}
        records = made.evaluations(study["name"])
        assert len(rows) == len(study["rows"]) == len(records) > 0
        for one in records:
            row = rows[one.id]
            assert (row["proposal"], row["budget"], row["status"]) == (one.proposal.id, one.budget, one.status)
            assert (row["validation error"], row["test error"]) == (one.loss, one.test_error)
            assert {name: row[name] for name in ALL} == {name: one.proposal.values.get(name) for name in ALL}


def test_studies_are_listed_in_the_order_of_the_plan(page) -> None:
    assert [study["name"] for study in Page(page).data["studies"]] == ["search", "correlation", "joint_bohb-0"]


def test_the_largest_budget_alone_is_shown_at_first(page) -> None:
    assert [study["budget"] for study in Page(page).data["studies"]] == [27, 27, 27]


def test_axes_are_those_of_the_space_file(made, page) -> None:
    axes = {axis["name"]: axis for axis in Page(page).data["axes"]}
    in_order = [*sorted(ARCHITECTURE_PARAMETERS), *sorted(TRAINING_PARAMETERS)]
    assert list(axes) == ["budget", *in_order, "network weights", "validation error", "test error"]
    assert axes["budget"]["values"] == [1, 3, 9, 27]
    for name, one in made.experiment.space.hyperparameters.items():
        assert axes[name]["kind"] == ("log" if one.log else "linear")
        assert (axes[name]["low"], axes[name]["high"]) == (one.lower, one.upper)
    losses = [one.loss for study in made.studies.values() for one in study.evaluations if one.loss is not None]
    assert (axes["validation error"]["low"], axes["validation error"]["high"]) == (min(losses), max(losses))


def test_parts_of_the_space_have_their_axes_side_by_side(tmp_path, page) -> None:
    data = Page(page).data
    assert [*data["parts"]] == ["architecture", "hyperparameters"]
    assert [name for names in data["parts"].values() for name in names] == data["searched"]
    raw = yaml.safe_load(Path(SPACE).read_text())
    for name, one in raw["hyperparameters"].items():
        one["part"] = "of_images" if name in ("mixup_alpha", "cutout_length") else "a" if "rate" in name else "b"
    (tmp_path / "space.yaml").write_text(yaml.safe_dump(raw))
    parts = Page(interactive.render(results(DEMO, str(tmp_path / "space.yaml")))).data["parts"]
    assert list(parts) == ["a", "b", "of images"] and parts["of images"] == ["cutout_length", "mixup_alpha"]
    for one in raw["hyperparameters"].values():
        del one["part"]
    (tmp_path / "space.yaml").write_text(yaml.safe_dump(raw))
    without = Page(interactive.render(results(DEMO, str(tmp_path / "space.yaml")))).data
    assert without["parts"] == {} and without["searched"] == sorted(ALL)


def test_choices_constants_and_inactive_hyperparameters_have_a_place(tmp_path) -> None:
    file = tmp_path / "space.yaml"
    numbers = "".join(f"  {name}: {{type: constant, value: {value}}}\n" for name, value in VALUES.items())
    extra = (
        "  cutout_length: {type: categorical, choices: [0, 8, 16]}\n  momentum: {type: ordinal, sequence: [0, 0.9]}\n"
    )
    file.write_text(f"hyperparameters:\n{numbers}{extra}")
    assert SpaceFile.read(file).dimension == 2
    data = Page(interactive.render(results(DEMO, str(file), search=[evaluation(values=VALUES)]))).data
    axes = {axis["name"]: axis.get("values") for axis in data["axes"]}
    assert axes["cutout_length"] == [0, 8, 16] and axes["momentum"] == [0, 0.9] and axes["batch_size"] == [32]
    (row,) = rows_of(data)
    assert row["cutout_length"] is row["momentum"] is None and row["batch_size"] == 32


def test_page_is_whole_and_asks_nothing_of_a_network(page) -> None:
    parsed = Page(page)
    assert not parsed.open
    assert (
        b"http://" not in page
        and b"https://" not in page
        and not re.search(rb"\b(fetch|import|url)\(|XMLHttp|WebSocket", page)
    )
    assert not {"src", "href", "action"} & {name for _, attributes in parsed.tags for name in attributes}
    policies = [one["content"] for tag, one in parsed.tags if tag == "meta" and "http-equiv" in one]
    assert len(policies) == 1 and policies[0].startswith("default-src 'none';")


def test_same_records_give_the_same_bytes_in_any_order(made, page) -> None:
    studies = {name: tuple(reversed(study.evaluations)) for name, study in reversed([*made.studies.items()])}
    assert interactive.render(results(DEMO, beside=made.plan.studies[1:], **studies)) == page


def test_words_of_a_record_cannot_leave_their_place() -> None:
    origin = {"sampler": "x", "kind": "given", "name": "</script><script>alert(1)</script>"}
    page = interactive.render(results(DEMO, search=[evaluation(origin=origin)]))
    assert b"<script>alert" not in page
    assert rows_of(Page(page).data)[0]["name"] == origin["name"]


def test_note_counts_what_is_finished_planned_and_failed_and_names_the_best() -> None:
    records = [evaluation("0-0-0", 0.5, budget=27), evaluation("0-0-1", None, slot=1, budget=27)]
    records.append(evaluation("0-0-2", None, slot=2, budget=1, status="too_large"))
    page = Page(interactive.render(results(DEMO, search=records)))
    # Of 8 brackets: twice 27 + 9 + 3 + 1, 9 + 3 + 1, 6 + 2 and 4.
    assert page.note == (
        "3 of 130 evaluations are finished, 2 failed (1 diverged, 1 too large)."
        " Lowest validation error at 27 epochs: 50.00% (0-0-0@0)."
    )
    assert page.data["studies"][0]["incumbent"] == "0-0-0@0"


def test_final_trainings_saw_the_validation_images_and_have_no_validation_error() -> None:
    known = results(DEMO, beside=beside("retraining"))
    search = StudyResults(known.experiment, (evaluation(loss=0.5, test_error=0.6),))
    final = StudyResults(retraining_settings(search.experiment), (evaluation(loss=0.001, test_error=0.55),))
    data = interactive.data(replace(known, studies={"search": search, "retraining": final}))
    (row,) = rows_of(data, 1)
    assert (row["validation error"], row["test error"], row["status"]) == (None, 0.55, "success")
    assert data["studies"][1]["incumbent"] is None and data["studies"][1]["judged"] == "test error"
    assert "Lowest" not in data["studies"][1]["note"]
    assert next(axis["low"] for axis in data["axes"] if axis["name"] == "validation error") > 0.001


def test_a_weight_sharing_network_is_judged_as_no_configuration_but_what_it_learned_is_shown() -> None:
    learned = {
        "choices": {"initial_filters": (4, 8)},
        "weights": {"initial_filters": (0.2, 0.8)},
        "values": {"initial_filters": 8},
        "entropies": {"initial_filters": (0.5,)},
        "losses": (1.2,),
    }
    shared = evaluation("0-0-0", 0.001, budget=40.5, parameters=10**8, values={"momentum": 0.9}, architecture=learned)
    studies = {"search": [evaluation(loss=0.5)], "gradients_first-0-1": [shared]}
    data = interactive.data(results(DEMO, beside=beside("gradients_first-0-1"), **studies))
    axes, (row,) = {axis["name"]: axis for axis in data["axes"]}, rows_of(data, 1)
    assert (row["initial_filters"], row["momentum"], row["status"]) == (8, 0.9, "success")
    assert (row["validation error"], row["test error"], row["network weights"]) == (None, None, None)
    assert data["studies"][1]["incumbent"] is None
    assert data["studies"][1]["note"].endswith("weight-sharing network are those of no configuration.")
    # Each row has a place and a name on the axis of budgets; no other axis reaches out for what is not shown.
    assert row["budget"] == axes["budget"]["values"][-1] == 40.5 and axes["budget"]["names"][-1] == "40.5 epochs"
    assert axes["network weights"]["high"] < 10**8
    assert axes["validation error"]["low"] > 0.001 and axes["test error"]["low"] > 0.001


def test_without_evaluations_the_page_says_so() -> None:
    page = Page(interactive.render(results(DEMO)))
    assert page.note == "No evaluation is finished (0 of 130)."
    (study,) = page.data["studies"]
    assert (study["name"], study["note"], study["incumbent"], study["rows"]) == ("search", page.note, None, [])


def test_where_all_failed_the_page_says_so_and_holds_them() -> None:
    page = Page(interactive.render(results(DEMO, search=trained(2, failing=1))))
    assert "failed (" in page.note and page.note.endswith("All failed: there is no best.")
    assert all(row["validation error"] is None for row in rows_of(page.data))
    assert len(rows_of(page.data)) > 0


@pytest.mark.parametrize("losses", [[0.0, 0.5], [0.3], [0.0], [0.2, 0.2], [0.01, 0.9]])
def test_an_axis_of_errors_has_an_extent_and_holds_them_all(losses) -> None:
    records = [evaluation(f"0-0-{slot}", loss, slot=slot) for slot, loss in enumerate(losses)]
    axis = next(
        axis for axis in interactive.data(results(DEMO, search=records))["axes"] if axis["name"] == "test error"
    )
    assert axis["low"] < axis["high"] and axis["low"] <= min(losses) and max(losses) <= axis["high"]
    assert axis["kind"] == "linear" or axis["low"] > 0


@pytest.mark.parametrize("minimum", [400, 1])
def test_every_budget_has_its_name(minimum) -> None:
    settings = BudgetSettings(unit="seconds", minimum=minimum, maximum=10000)
    axis = interactive.data(results(settings, search=search(1, settings)))["axes"][0]
    assert len(axis["values"]) == len(axis["names"]) and axis["names"][-2:] == ["55.6 min", "2.78 h"]
    assert axis["brief"] == axis["names"] and "unit" not in axis


def test_budgets_of_one_unit_are_written_without_it_on_their_axis(page) -> None:
    axis = Page(page).data["axes"][0]
    assert axis["names"] == ["1 epoch", "3 epochs", "9 epochs", "27 epochs"]
    assert (axis["brief"], axis["unit"]) == (["1", "3", "9", "27"], "epochs")


def asked(page, question, *scripts):
    """What the scripts of a page with these data answer."""
    script = "\n".join((interactive.PAGE / f"{name}.js").read_text() for name in scripts)
    stub = "const document = {getElementById: () => ({textContent: "
    stub += json.dumps(json.dumps(page)) + "}), querySelector: () => null};\n"
    ran = subprocess.run(
        ["node", "-e", f"{stub}{script}\nconsole.log(JSON.stringify({question}))"], capture_output=True
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node")
def test_both_ends_of_a_linear_axis_are_written() -> None:
    question = "[[0.001, 0.99], [0, 1]].map(([low, high]) => ticks({kind: 'linear', low, high}, 5))"
    found = asked({"axes": [{"name": "budget"}], "marks": {}}, question, "axes")
    assert found == [[0.001, 0.2, 0.4, 0.6, 0.8, 0.99], [0, 0.2, 0.4, 0.6, 0.8, 1]]


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node")
def test_failures_lie_beyond_the_worst_loss_and_below_all_others_whatever_the_losses_are() -> None:
    own = own_results(1)
    first, *rest = own.evaluations("search")
    failed = first.model_copy(update={"status": "diverged", "loss": None, "test_error": None})
    page = interactive.data(replace(own, studies={"search": StudyResults(own.experiment, (failed, *rest))}))
    (study,) = page["studies"]
    order = "(read(0), rows.map((row) => [row.evaluation, row.failed, row.values[error], row.places[error]]))"
    found = asked(page, order, "axes", "rows")
    assert found[0][:3] == [failed.id, True, None] and found[0][3] > 1
    losses = [loss for _, _, loss, _ in found[1:-1]]
    assert min(losses) < -2 < 2 < max(losses) and losses == sorted(losses, reverse=True)
    assert found[-1][0] == study["incumbent"]
    assert asked(page, "(read(0), missing(error))", "axes", "rows") == "failed"
