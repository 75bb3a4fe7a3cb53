import json
import re
import shutil
import subprocess
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import complete
import pytest

from jointsearch.analysis.number import name_of
from jointsearch.audit import lineage
from jointsearch.audit.derive_outcomes import check_paper
from jointsearch.audit.evidence import Evidence
from jointsearch.audit.findings import Findings, Verdict
from jointsearch.core import code, layout
from jointsearch.core.errors import UserError
from jointsearch.core.files import write_bytes
from jointsearch.core.git import Repository
from jointsearch.paper import html
from jointsearch.paper.build import LARGEST_DRAWING, build
from jointsearch.paper.facts import Facts, gather
from jointsearch.paper.trainings import describe, runs

VOID = {"meta", "img", "br", "link", "input", "hr"}


class Page(HTMLParser):
    """A page, read strictly: its elements by tag, their attributes, ids, its text without scripts."""

    def __init__(self, page: bytes):
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.ids: list[str] = []
        self.text = ""
        self.scripts: list[str] = []
        self.feed(page.decode())
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self.ids += [value for name, value in attrs if name == "id"]
        # Some elements of formulas have no end.
        if tag == "math" or (tag not in VOID and "math" not in self.open):
            self.open.append(tag)

    def handle_endtag(self, tag):
        if "math" in self.open and tag != "math":
            return
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open[-1:] == ["script"]:
            self.scripts.append(data)
        elif self.open[-1:] != ["style"]:
            self.text += data

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def data(self) -> dict:
        return json.loads(self.scripts[0])


@pytest.fixture(scope="module")
def found(tmp_path_factory) -> tuple[Facts, Path]:
    folder = tmp_path_factory.mktemp("results") / "demo"
    settings = complete.settings(folder, studies=False)
    complete.write(folder, settings)
    complete.make(folder, settings)
    return gather(folder), folder


@pytest.fixture(scope="module")
def page(found) -> Page:
    return Page(html.build(*found))


def test_the_same_facts_give_the_same_page(found) -> None:
    assert html.build(*found) == html.build(*found)


def test_the_page_has_the_text_its_figures_tables_and_references(found, page) -> None:
    facts, _ = found
    assert page.of("title") and len(page.of("h1")) == 1
    for section in ("1 Question", "2 Method", "4 Results", "References", "A Learning curves"):
        assert section in page.text
    images = page.of("img")
    assert len(images) == len(facts.figures) > 3
    assert all(one["src"].startswith("data:image/svg+xml;base64,") and one["alt"] for one in images)
    captions = page.of("figcaption")
    assert len(captions) == len(page.of("figure")) >= len(facts.figures) + len(facts.tables)
    assert "Falkner, S., Klein, A., Hutter, F., 2018" in page.text
    assert page.text.count("scripts/figure.py") == len(facts.figures)


def test_the_page_asks_no_network(page) -> None:
    assert page.of("link") == [] and all("src" not in one for one in page.of("script"))
    [policy] = [one["content"] for one in page.of("meta") if one.get("http-equiv") == "Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; img-src data:;")
    assert not re.search(r"(src|url\()=?.?https?:", str(page.elements))


def test_each_link_within_the_page_leads_somewhere(page) -> None:
    targets = [one["href"][1:] for one in page.of("a") if (one.get("href") or "").startswith("#")]
    assert len(targets) > 50
    assert set(targets) <= set(page.ids)
    assert len(set(page.ids)) == len(page.ids)


def test_each_number_that_is_quoted_is_a_link_to_what_is_behind_it(found, page) -> None:
    facts, _ = found
    links = [one["href"] for one in page.of("a") if one.get("class") == "number"]
    linked = {link.removeprefix("#number-") for link in links if link.startswith("#number-")}
    assert {"best_test_error", "evaluations", "model_superiority"} <= linked == page.data["numbers"].keys()
    for name, one in page.data["numbers"].items():
        assert one["meaning"] == facts.numbers[name].meaning and one["meaning"] in page.text
        assert one["count"] == len(facts.numbers[name].sources)


def test_each_figure_and_table_leads_to_the_trainings_of_its_studies(found, page) -> None:
    facts, _ = found
    products = {*(f"figures/{name}" for name in facts.figures), *(f"tables/{name}" for name in facts.tables)}
    assert {one["href"] for one in page.of("a") if (one.get("href") or "").startswith("#data-")} == {
        f"#data-{name}" for name in products
    }
    assert page.data["products"].keys() == products
    assert page.data["products"]["figures/learning_curves"]["trainings"] == [0, len(facts.evaluations) - 1]


def test_each_row_with_trainings_is_a_link_to_them_and_no_other(found, page) -> None:
    facts, _ = found
    links = [one for one in page.of("a") if one.get("class") == "row"]
    behind = {
        f"row-{table}/{place}": sources
        for table, (_, shown) in facts.tables.items()
        for place, sources in enumerate(shown.behind, 1)
    }
    linked = {one["href"].removeprefix("#") for one in links}
    assert linked == {name for name, sources in behind.items() if sources}
    # Only the search was studied: all other claims have none.
    assert len(behind) - len(linked) == [one["word"] for one in facts.claims].count("not studied") == 5
    # The tab key stops once in each.
    assert sorted(one["id"] for one in links if "tabindex" not in one) == sorted(linked)
    assert len(links) > 3 * len(linked)


def test_the_trainings_behind_a_row_are_in_the_page(found, page) -> None:
    facts, _ = found
    records = {
        name_of(one): f"{one.study}/bracket-{one.bracket:03}/rung-{one.rung}/slot-{one.slot:02}.json"
        for one in facts.evaluations
    }
    for name, row in page.data["rows"].items():
        table, _, place = name.partition("/")
        assert row["text"] == facts.tables[table][1].names[int(place) - 1]
        behind = facts.tables[table][1].behind[int(place) - 1]
        assert sorted(files(page.data, "rows", name)) == sorted(records[one] for one in behind)


def test_the_page_knows_each_address_that_it_links_to(page) -> None:
    known = {"number": page.data["numbers"], "data": page.data["products"], "row": page.data["rows"]}
    counts = dict.fromkeys(known, 0)
    for one in page.of("a"):
        kind, _, name = (one.get("href") or "").removeprefix("#").partition("-")
        if kind in known:
            assert name in known[kind]
            counts[kind] += 1
    assert all(number > 5 for number in counts.values())


def files(data: dict, kind: str, name: str) -> list[str]:
    """Records behind a number or a row, as the page gives them."""
    at = {field: place for place, field in enumerate(data["fields"]["trainings"])}
    ends = data[kind][name]["trainings"]
    places = [one for first, last in zip(ends[::2], ends[1::2], strict=True) for one in range(first, last + 1)]
    rows = [data["trainings"][place] for place in places]
    return [f"{data['folders'][row[at['folder']]]}/{row[at['file']]}" for row in rows]


def test_the_trainings_behind_a_number_are_those_that_the_audit_names(found, page) -> None:
    _, folder = found
    evidence = Evidence.read(folder)
    for name in page.data["numbers"]:
        tree = lineage.find(evidence, f"paper:{name}")
        assert sorted(files(page.data, "numbers", name)) == sorted(str(one.file) for one in tree.children)


def test_a_training_is_described_as_its_record_says(found, page) -> None:
    facts, folder = found
    data = page.data
    for row, one in zip(data["trainings"], facts.evaluations, strict=True):
        known = dict(zip(data["fields"]["trainings"], row, strict=True))
        proposal = dict(zip(data["fields"]["proposals"], data["proposals"][known["proposal"]], strict=True))
        assert (folder / data["folders"][known["folder"]] / known["file"]).is_file()
        assert (data["studies"][proposal["study"]], proposal["id"], known["rung"]) == (
            one.study,
            one.proposal.id,
            one.rung,
        )
        assert (known["seed"], known["loss"], known["test"]) == (one.seed, one.loss, one.test_error)
        assert data["codes"][known["code"]][0] == one.made_with.code
        values = dict(zip(data["hyperparameters"], proposal["values"], strict=True))
        assert {name for name, value in values.items() if value is not None} == one.proposal.values.keys()


def test_a_training_is_described_once_however_many_numbers_it_is_behind(found) -> None:
    facts, _ = found
    few, all_of_them = describe(facts, {"evaluations"}), describe(facts, facts.numbers)
    assert len(all_of_them["trainings"]) == len(facts.evaluations)
    assert {name: one for name, one in few.items() if name != "numbers"} == {
        name: one for name, one in all_of_them.items() if name != "numbers"
    }
    assert few["numbers"]["evaluations"]["trainings"] == [0, len(facts.evaluations) - 1]


def test_a_number_of_a_training_that_is_gone_is_an_error_in_a_line(found) -> None:
    facts, _ = found
    with pytest.raises(UserError, match=r"numbers.json: \w+ comes from search/.*, which has no record; delete"):
        describe(replace(facts, evaluations=facts.evaluations[1:]), facts.numbers)


def test_neighbours_are_one_run() -> None:
    assert runs([5, 0, 1, 2, 7, 6]) == [0, 2, 5, 7]
    assert runs([4]) == [4, 4] and runs([]) == []


def test_a_drawing_of_too_many_points_is_shown_as_its_bitmap(found, tmp_path) -> None:
    facts, folder = found
    name = next(iter(facts.figures))
    drawing, bitmap = (folder / "figures" / f"{name}.{suffix}" for suffix in ("svg", "png"))
    dot = bytes.fromhex(
        "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de"
        "0000000c49444154789c63f8ffff3f0005fe02fe0def46b80000000049454e44ae426082"
    )
    original = drawing.read_bytes()
    try:
        drawing.write_bytes(original + b" " * LARGEST_DRAWING)
        bitmap.write_bytes(dot)
        sources = [one["src"][:14] for one in Page(html.build(facts, folder)).of("img")]
    finally:
        drawing.write_bytes(original)
        bitmap.unlink()
    assert sources.count("data:image/png") == 1


def test_a_figure_without_its_drawing_is_an_error_in_a_line(found) -> None:
    facts, folder = found
    lost = folder / "figures" / f"{next(iter(facts.figures))}.svg"
    content = lost.read_bytes()
    try:
        lost.unlink()
        with pytest.raises(UserError, match=r"\.svg: is missing; `make paper CONFIG=\S+/config\.yaml` makes it"):
            html.build(facts, folder)
    finally:
        lost.write_bytes(content)


def test_text_of_others_is_no_markup(found) -> None:
    facts, folder = found
    one = facts.evaluations[0].model_copy(update={"status": "crashed", "message": "</script><b>&"})
    changed = replace(facts, evaluations=(one, *facts.evaluations[1:]))
    again = Page(html.build(changed, folder))
    assert again.data["messages"] == {"0": "</script><b>&"} | {
        name: message for name, message in again.data["messages"].items() if name != "0"
    }


def test_a_document_of_another_form_is_refused(found, monkeypatch) -> None:
    monkeypatch.setattr(html, "typeset", lambda *given: b"<html><head></head>\n<body>Text</body></html>")
    with pytest.raises(ValueError, match="another HTML document"):
        html.build(*found)


PROBE = """
const told = {};
const click = (on, how) => on.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true, ...how }));
const press = (on) => on.dispatchEvent(new PointerEvent("pointerdown", { bubbles: true }));
const link = document.querySelector("a[href='#number-evaluations']");
told.left = ["ctrlKey", "metaKey", "shiftKey", "altKey"].filter((key) => {
  let taken;
  const last = (event) => { taken = event.defaultPrevented; event.preventDefault(); };
  document.addEventListener("click", last, { once: true });
  click(link, { [key]: true });
  return !taken;
}).length;
click(link);
told.opened = panel.open;
const [body, button] = [content.querySelector("tbody"), content.querySelector("button")];
told.rows = [body.rows.length];
while (!button.hidden) { button.click(); told.rows.push(body.rows.length); }
press(body); click(panel);
told.selected = panel.open;
press(panel); click(panel);
told.closed = !panel.open;
show("#training-" + training(0).name);
told.message = content.textContent.includes(DATA.messages[0]);
told.images = content.querySelectorAll("img").length;
panel.close();
click(document.querySelector("a[href='#row-studies/1'][tabindex='-1']"));
const title = document.getElementById("panel-title").textContent;
told.row = [panel.open, content.querySelectorAll("tbody tr").length, title, content.textContent];
document.title = JSON.stringify(told);
"""


@pytest.mark.skipif(shutil.which("chromium") is None, reason="chromium is not here")
def test_a_browser_shows_what_is_behind_a_number_and_leaves_all_else_alone(found, tmp_path) -> None:
    facts, folder = found
    failed = {"status": "crashed", "message": '<img src="x" onerror="document.body.remove()">'}
    one = facts.evaluations[0].model_copy(update=failed)
    page = html.build(replace(facts, evaluations=(one, *facts.evaluations[1:])), folder).decode()
    # One number is missing, and tables are short.
    for was, now in (('"best_test_error":{', '"gone":{'), ("MOST = 200", "MOST = 5"), ("STEP = 2000", "STEP = 40")):
        assert page.count(was) == 1
        page = page.replace(was, now)
    file = tmp_path / "paper.html"
    file.write_text(page.replace("</body></html>", f"<script>{PROBE}</script></body></html>"))
    how = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom"]
    shown = subprocess.run(["chromium", *how, file.as_uri()], capture_output=True, text=True, timeout=60, check=True)
    told = json.loads(unescape(re.findall("<title>(.*?)</title>", shown.stdout)[0]))
    number = len(facts.evaluations)
    assert told["rows"] == [5, *range(45, number, 40), number] and len(told["rows"]) > 2
    assert told["left"] == 4 and told["opened"] and told["selected"] and told["closed"]
    assert told["message"] and told["images"] == 0
    *row, text = told["row"]
    assert row == [True, 5, "study: Search"] and "scripts/audit.py results/demo/tables/studies.csv" in text


def verdicts(folder: Path) -> dict[str, Verdict]:
    return {one.subject: one.verdict for one in found_of(folder)}


def found_of(folder: Path) -> Findings:
    findings = Findings()
    check_paper(Evidence.read(folder), findings)
    return findings


def test_an_audit_sets_the_paper_again(found, monkeypatch) -> None:
    facts, folder = found
    monkeypatch.setattr("jointsearch.audit.derive_outcomes._has_versions", lambda evidence, packages: True)
    assert verdicts(folder) == dict.fromkeys(("paper.pdf", "paper.html"), Verdict.CANNOT_BE_CHECKED)
    made = {"paper.pdf": build(facts, folder), "paper.html": html.build(facts, folder)}
    for name, content in made.items():
        write_bytes(folder / name, content)
    assert verdicts(folder) == dict.fromkeys(made, Verdict.VERIFIED)
    (folder / "paper.html").write_bytes(made["paper.html"].replace(b"is a result", b"is no result"))
    assert verdicts(folder) == {"paper.pdf": Verdict.VERIFIED, "paper.html": Verdict.MISMATCH}
    (folder / "paper.html").write_bytes(made["paper.html"].replace(b'"quoted_commit":"', b'"quoted_commit":"0'))
    monkeypatch.setattr(code, "version", lambda: code.Version("a" * 40))
    assert verdicts(folder) == dict.fromkeys(made, Verdict.NOT_CHECKED)
    assert {one.message.partition(" (")[0] for one in found_of(folder)} == {
        "the page quotes no commit that this repository has"
    }
    monkeypatch.setattr(Repository, "has", lambda self, commit: True)
    assert {one.message.partition(" (")[0] for one in found_of(folder)} == {
        "the page quotes another commit of the code"
    }
    monkeypatch.setattr(code, "version", lambda: code.Version(None))
    monkeypatch.setattr(Repository, "has", lambda self, commit: False)
    assert verdicts(folder) == dict.fromkeys(made, Verdict.NOT_CHECKED)
    monkeypatch.setattr("jointsearch.audit.derive_outcomes._has_versions", lambda evidence, packages: False)
    assert verdicts(folder) == dict.fromkeys(made, Verdict.NOT_CHECKED)
    assert layout.files(folder).count("paper.html") == 1
