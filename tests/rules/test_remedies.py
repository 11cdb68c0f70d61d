"""What a finding says to do instead."""

from .applications import told

LOOKED_UP = b"""
from django.core.cache import cache
from django.http import JsonResponse
from django.urls import path

PLANS = "plans"

def price(addon):
    return cache.get(PLANS)["addons"][addon]

def title(key):
    return cache.get(f"title:{key}")

def prices(request):
    return JsonResponse({addon: price(addon) for addon in request.GET.getlist("addon")})

def titles(request):
    return JsonResponse({key: title(key) for key in request.GET.getlist("key")})

urlpatterns = [path("prices", prices), path("titles", titles)]
"""


def test_a_cache_that_is_asked_for_the_same_entry_each_time_is_asked_once() -> None:
    fixes = {f.endpoints: f.fix for f in told("call-in-loop", LOOKED_UP)}
    assert "every turn asks for the same entry" in fixes["ANY /prices",]
    assert "get_many" in fixes["ANY /titles",]
