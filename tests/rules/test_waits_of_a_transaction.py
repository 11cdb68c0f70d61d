"""A claim of a transaction is made for the nearest wait, and tells the others."""

from auditor.frameworks import discover
from auditor.index.lower import lower
from auditor.index.project import Project
from auditor.knowledge.load import load
from auditor.rules import run_rules
from auditor.rules.scene import Scene
from auditor.trace.analysis import analyse
from auditor.trace.semantics import Semantics, orms_of

BOOKING = b"""
import requests
from django.core.mail import send_mail
from django.db import models, transaction
from django.http import JsonResponse
from django.urls import path

class Slot(models.Model):
    taken = models.BooleanField()

def covered(card):
    return requests.get("https://cards.example/" + card, timeout=3).ok

def book(request, pk):
    with transaction.atomic():
        slot = Slot.objects.select_for_update().get(pk=pk)
        slot.taken = covered(request.GET["card"])
        slot.save()
        send_mail("Booked", "Yours", None, ["a@example.org"])
    return JsonResponse({})

urlpatterns = [path("<int:pk>/", book)]
"""


def test_the_other_waits_of_a_transaction_are_told_beside_the_nearest() -> None:
    project = Project([("urls.py", "app", lower(BOOKING))])
    trace = analyse(project, discover(project), knowledge=load(), semantics=Semantics(orms=orms_of(project)))
    (finding,) = (f for f in run_rules(Scene(trace, load())) if f.rule == "long-transaction")
    assert finding.title.endswith("`mail.send_mail`")
    assert finding.evidence[-1].text == "`requests.get` at `urls.py:12` is waited for in it too"
