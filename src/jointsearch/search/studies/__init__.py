"""The studies of an experiment: what each trains, by which settings, and how its proposals are made.

`kind` says what a kind of study is; each is a module of its own, listed in `kinds`.
"""
