"""The paper: what a text may say of an experiment, and the text set as a PDF or exported as LaTeX."""
