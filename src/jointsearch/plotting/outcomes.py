"""What is said of an experiment once it is over: tables, figures and numbers, as the bytes of their files."""

from jointsearch.analysis import table as tables
from jointsearch.analysis.csv_file import csv_bytes, parse
from jointsearch.analysis.study_tables import of_studies
from jointsearch.core.files import record_bytes
from jointsearch.plotting import figure as figures
from jointsearch.plotting import interactive, style
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
        figure = figures.load(name)
        content = csv_bytes(figure.data(results))
        made[f"figures/{name}.csv"], data[f"figures/{name}"] = content, parse(content)
        if draw:
            images = style.render(figure.draw(data[f"figures/{name}"]))
            made |= {f"figures/{name}.{suffix}": image for suffix, image in images.items()}
    for name in made_of(begun, TABLES):
        content = csv_bytes(tables.load(name).data(results))
        made[f"tables/{name}.csv"], data[f"tables/{name}"] = content, parse(content)
    made["interactive.html"] = interactive.render(results)
    made["numbers.json"] = record_bytes(numbers(results, data))
    return made
