"""The frameworks as the oracle: argument sets drawn from a class's own fields, and what torch and Keras make of them.

`python -m tests.oracle.record`, with the extra `oracle` installed, writes the frameworks' answers to `recorded/`; the
ordinary test run compares the catalogue with those. `python -m tests.oracle.live` compares a fresh draw directly.
"""
