"""Distances on the globe."""

from math import asin, cos, radians, sin, sqrt

EARTH_KM = 6371.0


def distance_km(lat, lng, other_lat, other_lng):
    """Great-circle distance, rounded to ten metres; None when a place has no position."""
    if other_lat is None or other_lng is None:
        return None
    phi, other_phi = radians(lat), radians(other_lat)
    half_lat = sin((other_phi - phi) / 2) ** 2
    half_lng = sin(radians(other_lng - lng) / 2) ** 2
    chord = sqrt(half_lat + cos(phi) * cos(other_phi) * half_lng)
    return round(2 * EARTH_KM * asin(min(1.0, chord)), 2)
