"""A library model of drf-nested-routers; its routers are read where endpoints are found."""
