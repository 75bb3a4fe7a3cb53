"""The workflow in the shells of other people."""


def test_snakemake_reads_and_hands_on_utf8_in_an_ascii_locale(workspace, monkeypatch):
    for name, value in {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}.items():
        monkeypatch.setenv(name, value)
    config = workspace.folder / "config.yaml"
    config.write_text(f"notes: größer – 猫\ndata_root: Bilder ä\n{config.read_text()}", encoding="utf-8")
    run = workspace.start("plan")
    assert run.wait() == 0, workspace.printed()
    assert workspace.printed().count("total training") == 1
