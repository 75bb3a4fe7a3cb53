import hashlib
import json
import re
import shutil
from dataclasses import replace
from html import unescape
from itertools import combinations
from pathlib import Path
from types import SimpleNamespace

import complete
import pytest
import typst

from jointsearch.analysis.number import Number
from jointsearch.audit import manifest
from jointsearch.core import config, layout
from jointsearch.core.code import ROOT
from jointsearch.core.data_set import DataSet
from jointsearch.core.errors import UserError
from jointsearch.core.files import file_digest, write_record
from jointsearch.paper import citation, html
from jointsearch.paper.build import MAIN, SOURCES, build, prepared, typeset
from jointsearch.paper.check import check
from jointsearch.paper.facts import Facts, gather, number_text
from jointsearch.paper.latex import export
from jointsearch.paper.made import NO_COMMIT, table_rows
from jointsearch.paper.typst_facts import as_json, augmentation
from jointsearch.results import data_summary
from jointsearch.results.catalogue import FIGURES, TABLES
from jointsearch.search.resolve import resolve
from jointsearch.search.studies import kinds


def made(folder: Path, *, studies: bool) -> tuple[Facts, Path]:
    settings = complete.settings(folder, studies=studies)
    complete.write(folder, settings)
    complete.make(folder, settings)
    return gather(folder), folder


@pytest.fixture(scope="module")
def everything(tmp_path_factory) -> tuple[Facts, Path]:
    return made(tmp_path_factory.mktemp("results") / "complete", studies=True)


@pytest.fixture(scope="module")
def search_only(tmp_path_factory) -> tuple[Facts, Path]:
    return made(tmp_path_factory.mktemp("results") / "demo", studies=False)


@pytest.fixture
def sources(tmp_path) -> Path:
    return shutil.copytree(SOURCES, tmp_path / "paper")


def flat(made: tuple[Facts, Path]) -> str:
    """The text of the paper, of its page."""
    page = unescape(re.sub(r"<svg.*?</svg>|<[^>]+>", "", typeset(*made, "html").decode(), flags=re.DOTALL))
    return " ".join(page.replace("\N{NO-BREAK SPACE}", " ").split())


ANY = Number(meaning="made up", value=1.0, unit="%", digits=1, sources=())


def write(sources: Path, text: str) -> Path:
    (sources / MAIN).write_text(f'#import "template.typ": *\n{text}')
    return sources


def test_no_result_is_typed_into_the_text() -> None:
    check(SOURCES / MAIN)


def test_all_that_the_text_may_ask_after_is_in_a_complete_experiment(everything) -> None:
    pdf = build(*everything, strict=True)
    assert pdf.startswith(b"%PDF-")
    assert pdf == build(*everything, strict=True)


def test_a_search_alone_has_a_paper(search_only) -> None:
    facts, folder = search_only
    assert set(facts.tables) <= {"claims", "importance_groups", "studies"}
    assert build(facts, folder).startswith(b"%PDF-")


PROBE = """
#context {
  set text(size: 8.2pt)
  set par(leading: 0.45em, first-line-indent: 0em)
  let (one, two) = (measure[x].height, measure[x \\ x].height)
  let references = query(bibliography).first().location()
  for it in query(figure) {
    let place = it.location()
    [#metadata((
      caption: if it.has("label") { str(it.label) } else { "" },
      lines: calc.round((measure(block(width: 17.8cm, it.caption.body)).height - one) / (two - one)) + 1,
      table: it.kind == table,
      body: query(selector(figure).before(references)).contains(it),
      before: place.page() < references.page() or (
        place.page() == references.page() and place.position().y < references.position().y
      ),
    )) <probe>]
  }
}
"""


@pytest.mark.parametrize("which", ["everything", "search_only"])
def test_captions_have_five_lines_at_most_and_no_table_of_the_text_stands_behind_the_references(which, request) -> None:
    with prepared(*request.getfixturevalue(which), "pdf") as root:
        with (root / MAIN).open("a") as text:
            text.write(PROBE)
        found = json.loads(typst.query(root / MAIN, "<probe>", root=root, field="value", ignore_system_fonts=True))
    assert len(found) > 5
    assert [one["caption"] for one in found if one["lines"] > 5] == []
    assert [one["caption"] for one in found if one["table"] and one["body"] and not one["before"]] == []
    assert any(one["before"] for one in found)


def test_only_published_settings_make_a_reproduction() -> None:
    titles = re.findall(r'"([a-z ]+)": \(title: "([^"]+)"', (SOURCES / MAIN).read_text())
    assert [kind for kind, title in titles if "reproduction" in title.lower()] == ["reproduction"]
    assert {kind for kind, _ in titles} == {"reproduction", "scale model", "variant", "own problem"}
    assert "scale model" in dict(titles)["scale model"].lower()


def test_authors_are_those_of_the_citation_file(search_only) -> None:
    facts, folder = search_only
    assert facts.citation == citation.read(ROOT / "CITATION.cff")
    other = replace(facts.citation, authors="Somebody Else")
    assert b"Somebody Else" in build(replace(facts, citation=other), folder)


@pytest.mark.parametrize(("commit", "linked"), [(NO_COMMIT, False), ("0123abcd with changes", True)])
def test_there_is_no_link_to_a_commit_that_is_not_known(search_only, monkeypatch, commit, linked) -> None:
    cited = replace(search_only[0].citation, address="https://example.org/code")
    monkeypatch.setattr("jointsearch.paper.facts.last_commit", lambda: commit)
    monkeypatch.setattr(citation, "read", lambda path: cited)
    facts = gather(search_only[1])
    made = [*facts.figures.values(), *(made for made, _ in facts.tables.values())]
    assert {one.link is not None for one in made} == {as_json(facts)["tree"] is not None} == {linked}
    page = html.build(facts, search_only[1])
    assert (b"example.org/code/tree/0123abcd" in page) == (b"example.org/code/blob/0123abcd" in page) == linked
    assert b"/tree/no" not in page and b"/blob/no" not in page


def test_digest_of_the_records_is_that_of_their_lines_in_the_manifest(search_only) -> None:
    facts, folder = search_only
    (pattern,) = re.findall(r"pattern='(.*)'", (SOURCES / "README.md").read_text())
    lines = [line for line in manifest.make(folder).splitlines(keepends=True) if re.search(pattern, line.strip())]
    assert len(lines) == facts.records.number
    assert hashlib.sha256("".join(lines).encode()).hexdigest() == facts.records.digest


def test_the_images_are_said_in_the_line_of_the_workflow(search_only) -> None:
    facts, folder = search_only
    before = build(facts, folder)
    assert as_json(facts)["experiment"]["validation"] == "10 %"
    found = {"digest": "d" * 64, "split": "5" * 64, "classes": ("a_1", "#b"), "shape": (3, 8, 8)}
    images = DataSet(**found, train=8000, validation=2, test=2, validation_from="val/", test_from="training")
    write_record(folder / "data.json", images)
    told = gather(folder)
    (folder / "data.json").unlink()
    assert as_json(told)["experiment"]["counts"] == data_summary.line(images).replace(" x ", " × ")
    assert as_json(told)["experiment"]["validation"] == ""
    assert build(told, folder) != before


def test_before_the_first_record_there_is_a_paper(tmp_path) -> None:
    folder = tmp_path / "new"
    settings = complete.settings(folder, studies=False)
    experiment = resolve(settings)
    complete.put(layout.experiment_file(folder), experiment)
    complete.put(layout.plan_file(folder), kinds.record(kinds.plan(settings, experiment), experiment))
    complete.make(folder, settings)
    facts = gather(folder)
    assert "full_budget_evaluations" in facts.figures
    assert build(facts, folder).startswith(b"%PDF-")


def test_arms_that_are_not_complete_have_another_paper(everything) -> None:
    facts, folder = everything
    assert {arm.repeats for arm in facts.arms} == {3} and facts.start == "wide_resnet_10_2"
    studies = {**facts.studies, "arm": replace(facts.studies["arm"], planned=facts.studies["arm"].done + 1)}
    assert build(replace(facts, studies=studies), folder) != build(facts, folder)
    alone = replace(facts, arms=tuple(arm for arm in facts.arms if not arm.stepwise))
    assert len(alone.arms) == 3
    assert build(alone, folder).startswith(b"%PDF-")


def test_time_spent_is_said_of_those_arms_alone_that_had_ended_before(everything) -> None:
    facts, folder = everything
    at = facts.numbers["arms_compared_at"]
    spent = {f"{arm}_spent" for arm in facts.design.arms} & facts.numbers.keys()
    numbers = facts.numbers | dict.fromkeys(spent, at)
    without = {name: of for name, of in numbers.items() if name not in spent}
    same = build(replace(facts, numbers=numbers), folder)
    assert spent and build(replace(facts, numbers=without), folder) == same
    less = numbers | {"joint_random_spent": at.model_copy(update={"value": at.value / 2})}
    assert build(replace(facts, numbers=less), folder) != same


def test_arms_are_compared_by_the_loss_and_test_data_stand_beside_it(everything) -> None:
    facts, folder = everything
    before = build(facts, folder)
    for measure in ("validation", "test"):
        name = f"architecture_first_{measure}_difference"
        other = facts.numbers[name].model_copy(update={"value": facts.numbers[name].value + 3})
        assert build(replace(facts, numbers=facts.numbers | {name: other}), folder) != before
    known = {name: number for name, number in facts.numbers.items() if "_test_" not in name}
    own = replace(facts, experiment=facts.experiment.model_copy(update={"objective": "my_trees.fit:fit_it"}))
    assert build(replace(own, numbers=known), folder).startswith(b"%PDF-")


@pytest.mark.parametrize("claim", ["model", "neighbours", "manual", "separate", "better_than__joint_random"])
def test_the_text_has_the_word_of_the_table_of_claims_and_computes_none(everything, claim) -> None:
    facts, folder = everything
    made = set()
    for word in ("supported", "contradicted", "open"):
        changed = {"finding": word, "word": word}
        rows = tuple(one | changed if one["claim"] == claim else one for one in facts.claims)
        made.add(build(replace(facts, claims=rows), folder))
    assert len(made) == 3


def test_each_sentence_on_the_claims_stands_alone_and_names_those_that_are_not_tested(search_only) -> None:
    facts, folder = search_only
    words = {"model": "contradicted", "few": "not tested", "manual": "not tested"}
    rows = tuple(one | {"word": words.get(one["claim"], "not studied")} for one in facts.claims)
    text = flat((replace(facts, claims=rows), folder))
    assert text.count("the data contradict the claim that the model") == 2 and "They contradict" not in text
    few, manual = "few trainings at the full budget suffice", "the configuration found is better than manual"
    assert text.count(f"It is not tested whether {manual} architectures and whether {few}.") == 2


def test_the_exploration_of_a_search_has_its_word(search_only) -> None:
    facts, folder = search_only
    names = [
        "explored",
        "explored_by_random",
        *(f"exploration{of}" for of in ("", "_low", "_high", "_of_random", "_of_model")),
    ]
    known = replace(facts, numbers=facts.numbers | dict.fromkeys(names, ANY))
    changed = tuple(one | {"word": "supported"} if one["claim"] == "explores" else one for one in facts.claims)
    assert len({build(one, folder) for one in (facts, known, replace(known, claims=changed))}) == 3


def test_ties_of_the_best_are_said_with_the_test_error_of_each(search_only) -> None:
    facts, folder = search_only
    alone = build(facts, folder)
    tied = dict.fromkeys(["best_tied_test_0", "best_tied_test_1"], ANY)
    count = facts.numbers["best_tied"].model_copy(update={"value": 2})
    said = build(replace(facts, numbers=facts.numbers | tied | {"best_tied": count}), folder)
    by_model = facts.numbers["best_by_model"]
    other = by_model.model_copy(update={"value": 1 - by_model.value})
    assert len({alone, said, build(replace(facts, numbers=facts.numbers | {"best_by_model": other}), folder)}) == 3


def test_an_open_comparison_says_how_many_repeats_would_decide_it(everything) -> None:
    facts, folder = everything
    name = "architecture_first_validation"
    numbers = {one: of for one, of in facts.numbers.items() if one not in (f"{name}_needed", f"{name}_more_than")}
    without = build(replace(facts, numbers=numbers), folder)
    for end in ("needed", "more_than"):
        said = numbers | {f"{name}_{end}": ANY, f"{name}_detectable": ANY}
        assert build(replace(facts, numbers=said), folder) != without


def test_the_text_says_what_each_arm_is_and_which_test_compares_them(everything) -> None:
    facts, folder = everything
    before = build(facts, folder)
    other = tuple(replace(arm, text=arm.text + " and more") for arm in facts.arms)
    assert build(replace(facts, arms=other), folder) != before
    assert build(replace(facts, methods="None."), folder) != before
    assert build(replace(facts, design=replace(facts.design, paired=not facts.design.paired)), folder) != before


def test_another_arm_may_be_the_reference(everything) -> None:
    facts, folder = everything
    first, *others = facts.design.arms
    arms = ("joint_random", first, *(arm for arm in others if arm != "joint_random"))
    numbers = {
        name.replace("joint_bohb", "X").replace("joint_random", "joint_bohb").replace("X", "joint_random"): number
        for name, number in facts.numbers.items()
    }
    named = replace(facts, numbers=numbers, design=replace(facts.design, arms=arms))
    assert build(named, folder) != build(facts, folder)


def test_a_network_of_ones_own_has_no_main_blocks(search_only) -> None:
    facts, folder = search_only
    training = facts.experiment.training.model_copy(update={"network": "my_nets.small:build"})
    own = replace(facts, experiment=facts.experiment.model_copy(update={"training": training}))
    assert as_json(own)["experiment"]["network"] == "my_nets.small:build"
    assert build(own, folder) != build(facts, folder)


def test_a_search_without_hyperband_is_not_said_to_promote(search_only) -> None:
    facts, folder = search_only
    budget = facts.experiment.budget.model_copy(update={"rung_sizes": "single"})
    single = replace(facts, experiment=facts.experiment.model_copy(update={"budget": budget}))
    for text, is_said in ((flat(search_only), True), (flat((single, folder)), False)):
        assert ("promoted; seed" in text, "times the one before" in text) == (is_said, is_said)
        assert ("each bracket is one training at the full budget" in text) != is_said
    assert "the full budget; seed" in text and "with a budget of" in text


@pytest.mark.parametrize(
    ("part_of", "arms"),
    [
        ({"residual": "depth_1", "momentum": "sgd", "learning": "sgd", "weight": "sgd"}, ["joint_bohb", "sgd_first"]),
        (None, ["joint_bohb", "joint_random"]),
    ],
    ids=["three", "none"],
)
def test_a_space_of_other_parts_or_none_has_a_paper(tmp_path, part_of, arms) -> None:
    def other(found: re.Match[str]) -> str:
        words = [] if part_of is None else [part_of.get(found[1].split("_")[0], "width")]
        return f"{found[1]}: {{{found[2]}{''.join(f', part: {word}' for word in words)}}}"

    space = re.sub(r"(\w+): \{(.*), part: \w+\}", other, complete.SPACE)
    folder = tmp_path / "other"
    settings = complete.settings(folder, studies=False, space_text=space, arms=arms)
    complete.write(folder, settings)
    complete.make(folder, settings)
    facts = gather(folder)
    told = as_json(facts)
    parts = [] if part_of is None else ["depth_1", "sgd", "width"]
    assert told["experiment"]["parts"] == parts
    assert told["tables"]["importance_groups"]["titles"][2:-3] == (
        ("depth 1", "sgd", "width", "D×D", "D×S", "D×W", "S×S", "S×W", "W×W", "higher") if parts else ()
    )
    assert [arm["name"] for arm in told["arms"]] == arms
    before = build(facts, folder)
    assert before.startswith(b"%PDF-")
    of = [*parts, *("__".join(pair) for pair in combinations(parts, 2))]
    known = dict.fromkeys([f"importance_{name}__{one}" for name in ("gp", "forest") for one in of], ANY)
    assert (build(replace(facts, numbers=facts.numbers | known), folder) != before) == bool(parts)


def test_nothing_done_yet_has_a_paper_too(search_only) -> None:
    facts, folder = search_only
    counts = {"evaluations", "failed", "configurations", "full_budget_evaluations", "model_based", "training_hours"}
    numbers = {name: number for name, number in facts.numbers.items() if name in counts}
    assert build(replace(facts, numbers=numbers, machines=[]), folder).startswith(b"%PDF-")


def test_no_semicolon_follows_a_bracket_of_code_which_typst_would_drop() -> None:
    for source in SOURCES.glob("*.typ"):
        assert not re.findall(r".*\];.*", source.read_text())


def test_augmentation_is_that_of_the_settings(search_only) -> None:
    facts, _ = search_only
    one = facts.experiment
    assert as_json(facts)["experiment"]["augmentation"] == ["crop", "flip"]
    bare = one.model_copy(update={"data": one.data.model_copy(update={"crop_padding": 0, "horizontal_flip": False})})
    assert augmentation(bare) == []
    assert augmentation(resolve(config.read(ROOT / "config/demo.yaml"))) == ["crop", "cutout", "mixup"]


def test_the_text_quotes_the_correlation_of_the_claim_with_its_number_of_configurations(everything) -> None:
    text = flat(everything)
    (row,) = (one for one in everything[0].claims if one["claim"] == "weak" and one["finding"])
    number = everything[0].numbers["study_spearman_1_9"]
    assert f"the full budget is {number_text(number)[0]} [" in text.split("Question")[0]
    assert f"({row['n']})" in text.split("Question")[0]
    assert "it is over fewer configurations" in text


def test_a_search_alone_says_nothing_of_arms_repeats_or_early_stopping(search_only) -> None:
    text = flat(search_only)
    for words in ("Tests of several arms", "over seeds", "repeats", "regret of early", "why trainings failed, "):
        assert words not in text


def test_results_of_some_of_the_trainings_are_called_preliminary(search_only) -> None:
    facts, folder = search_only
    search = facts.studies["search"]
    more = replace(facts, studies={"search": replace(search, planned=search.done + 1)})
    assert "these results are preliminary" in flat((more, folder)) and "preliminary" not in flat(search_only)


def test_abstract_and_conclusion_say_ties_and_who_proposed_the_best(search_only) -> None:
    facts, folder = search_only
    tests = {f"best_tied_test_{place}": ANY.model_copy(update={"value": 2.0 - place}) for place in (0, 1)}
    numbers = facts.numbers | tests
    for name, value in (("best_tied", 2), ("best_by_model", 0)):
        numbers[name] = numbers[name].model_copy(update={"value": value})
    text = flat((replace(facts, numbers=numbers), folder))
    assert text.count("(one of 2 tied; test errors 1.0 to 2.0 %)") == 2
    assert text.count(", drawn at random,") == 2


def test_verdicts_are_those_of_this_setting_unless_it_is_the_published_one(search_only) -> None:
    facts, folder = search_only
    words = {"model": "supported", "weak": "contradicted", "explores": "open"}
    claims = tuple(one | {"word": words.get(one["claim"], "not studied")} for one in facts.claims)
    said = (
        "the data support the claim that the model’s proposals are better than random ones (in first trainings, mostly "
        "at 1 epoch); they contradict the claim that short and long budgets correlate only weakly; they leave open "
        "whether the search explores the space."
    )
    text = flat((replace(facts, claims=claims), folder))
    assert text.count(f"In this setting {said}") == 2
    text = flat((replace(facts, claims=claims, kind="reproduction"), folder))
    assert said[1:] in text and "In this setting" not in text


def test_what_trainings_are_missing_for_is_not_left_open_by_the_data(everything) -> None:
    facts, folder = everything
    words = {"explores": "open", "weak": "open"}
    claims = tuple(one | {"word": words.get(one["claim"], "not studied")} for one in facts.claims)
    counts = {name: replace(one, done=one.planned) for name, one in facts.studies.items()}
    search, correlation = counts["search"], counts["correlation"]
    counts |= {"search": replace(search, done=search.planned - 1), "correlation": correlation}
    del counts["manual"]
    text = flat((replace(facts, claims=claims, studies=counts), folder))
    assert text.count("the data leave open whether short and long budgets correlate only weakly.") == 2
    assert text.count("Until its study is complete, it stays open whether the search explores the space.") == 2
    yet, never = (
        "whether tuning parts of the space separately is suboptimal",
        "the configuration found is better than manual",
    )
    assert re.search(f"It is not studied yet [^.]*{yet}", text)
    assert text.count(f"It is not studied whether {never} architectures.") == 2


def test_a_detectable_difference_that_no_error_can_have_is_left_out(everything) -> None:
    facts, folder = everything
    name = "architecture_first_validation"
    for value, said in ((5.0, True), (250.0, False)):
        numbers = (
            facts.numbers
            | {
                f"{name}_needed": ANY,
            }
            | dict.fromkeys(
                [f"{arm}_validation_detectable" for arm in facts.design.arms],
                ANY.model_copy(update={"value": value, "unit": "points"}),
            )
        )
        text = flat((replace(facts, numbers=numbers), folder))
        assert ("those at hand would find" in text) == said
        assert f"{'pairs' if facts.design.paired else 'repeats'})" in text


def test_a_share_of_fewer_than_ten_is_not_quoted(everything) -> None:
    facts, folder = everything
    top, share = "early_stopping_top_1", "early_stopping_share_succeeded_1"
    assert facts.numbers[top].value < 10 and share not in facts.numbers
    assert "a random choice among them" not in flat(everything)
    numbers = facts.numbers | {share: facts.numbers[top].model_copy(update={"value": 40, "unit": "%"})}
    assert "a random choice among them" in flat((replace(facts, numbers=numbers), folder))


def test_the_commits_of_the_trainings_stand_beside_that_of_the_figures(search_only) -> None:
    facts, folder = search_only
    told = as_json(facts)["training-commits"]
    assert told == sorted({one.commit[:8] for one in facts.environments.values() if one.commit})
    made_in = SimpleNamespace(commit="c0ffee00" + 32 * "0")
    other = replace(facts, environments={"e": made_in})
    assert "Trainings ran at commit c0ffee00." in flat((other, folder))


def test_amounts_of_training_have_no_needless_zero_and_differences_are_points() -> None:
    assert number_text(ANY.model_copy(update={"value": 1215.0, "unit": "epochs"})) == ("1,215", "epochs")
    assert number_text(ANY.model_copy(update={"value": 50.0})) == ("50.0", "%")
    assert number_text(ANY.model_copy(update={"unit": "percentage points"})) == ("1.0", "points")


def test_no_unit_is_quoted_as_percentage_points(everything) -> None:
    units = {one["unit"] for one in as_json(everything[0])["numbers"].values()}
    assert "points" in units and "percentage points" not in units


def test_every_figure_and_table_in_the_text_is_one_that_is_made() -> None:
    text = (SOURCES / MAIN).read_text()
    assert set(re.findall(r'#drawn\("(\w+)"\)', text)) <= set(FIGURES)
    assert set(re.findall(r'#tabled\("(\w+)"\)', text)) <= set(TABLES)


def test_everything_in_the_bibliography_is_cited() -> None:
    known = set(re.findall(r"^@\w+\{(\w+),", (SOURCES / "references.bib").read_text(), re.MULTILINE))
    assert known == set(re.findall(r"(?:@|<)([a-z]+(?:19|20)\d\d[a-z]?)", (SOURCES / MAIN).read_text()))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('Text.\n#n("best_test_eror")', r"main.typ:3: there is no number best_test_eror; similar are best_test_error"),
        (
            '#estimate("bset_test_error")',
            r"main.typ:2: there is no number bset_test_error; similar are best_test_error",
        ),
        ('#if has("correlations") [x]', r"main.typ:2: there is no study correlations; similar are correlation"),
        ('#drawn("full_budget_evaluation")', r"there is no figure full_budget_evaluation; similar are full_budget_ev"),
        ('#tabled("manual")', r"main.typ:2: there is no table manual; there are 3 others"),
        ('#word-on("modell")', r"main.typ:2: there is no claim modell; similar are model"),
        ("An error of 5 %.", r"main.typ:2: the number 5 is typed into the text"),
        ("#nonsense", r"main.typ:2: unknown variable: nonsense"),
    ],
)
def test_what_is_not_there_stops_the_build_in_one_line(search_only, sources, text, message) -> None:
    with pytest.raises(UserError, match=message) as error:
        build(*search_only, sources=write(sources, text))
    assert "\n" not in str(error.value)


def test_a_misspelt_name_in_a_question_is_found_strictly_only(search_only, sources) -> None:
    write(sources, '#if known("no_such_number") [yes] else [no]')
    assert build(*search_only, sources=sources)
    with pytest.raises(UserError, match=r"main.typ:2: there is no number no_such_number"):
        build(*search_only, sources=sources, strict=True)


@pytest.mark.parametrize(
    "path",
    ["config.yaml", "numbers.json", "figures/time_spent.csv", "figures/time_spent.pdf", "tables/importance_groups.csv"],
)
def test_a_missing_input_is_named(search_only, tmp_path, path) -> None:
    folder = shutil.copytree(search_only[1], tmp_path / "demo")
    (folder / path).unlink()
    with pytest.raises(UserError, match=f"{path}: is missing"):
        gather(folder)


@pytest.mark.parametrize(
    ("path", "size", "message"),
    [
        ("figures/time_spent.pdf", 100, "is no whole PDF"),
        ("tables/importance_groups.csv", 0, "is empty"),
    ],
)
def test_an_input_that_was_cut_off_is_named(search_only, tmp_path, path, size, message) -> None:
    folder = shutil.copytree(search_only[1], tmp_path / "demo")
    (folder / path).write_bytes((folder / path).read_bytes()[:size])
    with pytest.raises(UserError, match=f"{path}: {message}"):
        gather(folder)


def test_data_behind_a_figure_are_named_by_their_digest(search_only) -> None:
    facts, folder = search_only

    assert file_digest(folder / "figures/time_spent.csv").startswith(facts.figures["time_spent"].data)


def test_latex_has_every_number_figure_and_table(everything) -> None:
    facts, folder = everything
    contents = export(facts, folder)
    told = contents["numbers.tex"].decode()
    assert set(re.findall(r"^\\result@define\{(\w+)\}", told, re.MULTILINE)) == set(facts.numbers)
    assert {f"figures/{name}.pdf" for name in FIGURES} | {f"tables/{name}.tex" for name in TABLES} <= set(contents)
    used = re.findall(
        r"\\(?:input|includegraphics\[[^]]*\])\{((?:figures|tables|captions)/[\w-]+)\}", contents["main.tex"].decode()
    )
    assert {f"{name}.pdf" if name.startswith("figures") else f"{name}.tex" for name in used} <= set(contents)


def test_a_claim_that_is_measured_is_the_number_that_it_names(everything) -> None:
    facts, folder = everything
    rows = table_rows(folder / "tables" / "claims.csv")
    measured = rows[rows["value"].notna()]
    assert len(measured) >= 9
    for row in measured.to_dict("records"):
        number = facts.numbers[row["number"]]
        assert row["value"] == pytest.approx(number.value)
        assert row["digits"] == number.digits
        # A percentage is one in both.
        assert ("%" in str(row["unit"])) == (number.unit == "%")


def test_each_row_of_a_complete_experiment_has_trainings_and_cells_that_lead_to_them(everything) -> None:
    facts, _ = everything
    assert set(facts.tables) == set(TABLES)
    for _, shown in facts.tables.values():
        assert len(shown.behind) == len(shown.rows) == len(shown.names) == len(set(shown.names))
        assert all(shown.behind)
        for row, places in zip(shown.rows, shown.leading, strict=True):
            assert {"", "–"}.isdisjoint(row[place] for place in places) and len(places) >= 1
