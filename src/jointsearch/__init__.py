"""Joint neural architecture and hyperparameter search: the library behind the workflow.

Imports point down: records and config at the bottom, then space, hyperband and samplers, then networks
and training, then analysis and plotting. Nothing here imports snakemake or reads a global.
"""
