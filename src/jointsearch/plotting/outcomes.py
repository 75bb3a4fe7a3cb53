"""What is said of an experiment once it is over: tables, figures and numbers, as the bytes of their files."""

from jointsearch.analysis.observations import csv_bytes
from jointsearch.analysis.study_tables import of_studies
from jointsearch.core.files import record_bytes
from jointsearch.plotting import interactive, registry, style
from jointsearch.results.catalogue import FIGURES, TABLES, made_of
from jointsearch.results.results import Results


def outcomes(material: Results, draw: bool = True) -> dict[str, bytes]:
    """Make all outcomes of an experiment, as the workflow makes them one by one.

    Parameters
    ----------
    material
        What is known of it.
    draw
        Whether to draw the figures, beyond the data behind them.

    Returns
    -------
    dict
        Contents by path in the results folder.
    """
    made = of_studies(material)
    data = {}
    for name in made_of(material.studies, FIGURES):
        kind = registry.FIGURES[name]
        content = csv_bytes(kind.data(material))
        made[f"figures/{name}.csv"], data[f"figures/{name}"] = content, registry.parse(content)
        if draw:
            images = style.render(kind.draw(data[f"figures/{name}"]))
            made |= {f"figures/{name}.{suffix}": image for suffix, image in images.items()}
    for name in made_of(material.studies, TABLES):
        content = csv_bytes(registry.TABLES[name].rows(material))
        made[f"tables/{name}.csv"], data[f"tables/{name}"] = content, registry.parse(content)
    made["interactive.html"] = interactive.render(material)
    made["numbers.json"] = record_bytes(registry.numbers(material, data))
    return made
