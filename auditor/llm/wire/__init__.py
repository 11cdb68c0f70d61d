"""The protocols of the services, as values: what is sent for a request, what their events mean. No SDK here."""
