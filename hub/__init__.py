"""Presenza's hub: camera chunks in, attendance and acks out. Read `hub/pipeline.py` first."""

__version__ = "0.1.0"
