"""The serializer that turns a name and a password into a user."""

from rest_framework import serializers


class AuthTokenSerializer(serializers.Serializer):
    def validate(self, attrs):
        return attrs
