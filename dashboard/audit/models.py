from django.db import models

from dashboard.runtime import now_ms


class Entry(models.Model):
    """Who saw or changed what, and when. Entries are only ever added; no name of a person is in them."""

    at_ms = models.BigIntegerField(default=now_ms, db_index=True)
    username = models.CharField(max_length=64, db_index=True)
    address = models.CharField(max_length=64, blank=True)
    action = models.CharField(max_length=40, db_index=True)
    target = models.CharField(max_length=200, blank=True)
    detail = models.CharField(max_length=500, blank=True)
