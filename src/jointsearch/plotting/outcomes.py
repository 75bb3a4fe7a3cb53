"""What is said of an experiment once it is over: tables, figures and numbers, as the bytes of their files."""

from jointsearch.analysis import table as tables
from jointsearch.analysis.csv_file import parse
from jointsearch.analysis.study_tables import of_studies
from jointsearch.core.files import record_bytes
from jointsearch.plotting import figure as figures
from jointsearch.plotting import interactive
from jointsearch.plotting.numbers import numbers
from jointsearch.results.catalogue import FIGURES, TABLES, made_of
from jointsearch.results.results import Results


def outcomes(results: Results, draw: bool = True) -> dict[str, bytes]:
    """Make all outcomes of an experiment, as the workflow makes them one by one.

    Parameters
    ----------
    results
        What is known of it.
    draw
        Whether to draw the figures, beyond the data behind them.

    Returns
    -------
    dict
        Contents by path in the results folder.
    """
    made = of_studies(results)
    data = {}
    begun = [results.plan.find(name) for name in results.studies]
    for name in made_of(begun, FIGURES):
        files = figures.load(name).files(results, draw)
        made |= {f"figures/{name}.{suffix}": content for suffix, content in files.items()}
        data[f"figures/{name}"] = parse(files["csv"])
    for name in made_of(begun, TABLES):
        made[f"tables/{name}.csv"] = tables.load(name).file(results)
        data[f"tables/{name}"] = parse(made[f"tables/{name}.csv"])
    made["interactive.html"] = interactive.render(results)
    made["numbers.json"] = record_bytes(numbers(results, data))
    return made
