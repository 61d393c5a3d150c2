"""Simulated cameras. They ship with the product and are tested like the rest: `Camera` is what a test,
a benchmark or `presenza camera` runs; all that decides (`behaviour`, `delivery`, `link`, `visits`) is pure.
"""
