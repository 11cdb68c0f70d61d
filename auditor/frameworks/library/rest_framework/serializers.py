"""Serializers: reading an object is the intrinsics `serialize` and `serialize_fields`; validating and saving call the project's methods."""

from auditor_intrinsics import serialize, serialize_fields, validate_fields
from rest_framework.exceptions import ValidationError


class BaseSerializer:
    def __init__(self, instance=None, data=None, **kwargs):
        self.instance = instance
        self.initial_data = data
        self.partial = kwargs.pop("partial", False)
        self._context = kwargs.pop("context", {})
        self.many = kwargs.pop("many", False)
        self.validated_data = {}
        self.errors = {}

    @property
    def context(self):
        return self._context

    def is_valid(self, *, raise_exception=False):
        self.validated_data = self.run_validation(self.initial_data)
        return True

    def run_validation(self, data=None):
        return data

    def save(self, **kwargs):
        validated_data = {**self.validated_data, **kwargs}
        if self.instance is not None:
            self.instance = self.update(self.instance, validated_data)
        else:
            self.instance = self.create(validated_data)
        return self.instance

    @property
    def data(self):
        return serialize(self, self.instance, self.many)

    def to_representation(self, instance):
        return serialize_fields(self, instance)


class Serializer(BaseSerializer):
    def run_validation(self, data=None):
        value = self.to_internal_value(data)
        self.run_validators(value)
        return self.validate(value)

    def to_internal_value(self, data):
        validate_fields(self)
        return data

    def run_validators(self, value):
        return None

    def validate(self, attrs):
        return attrs


class ListSerializer(BaseSerializer):
    child = None

    def to_representation(self, data):
        return [self.child.to_representation(item) for item in data]

    @property
    def data(self):
        return self.to_representation(self.instance)

    def run_validation(self, data=None):
        return [self.child.run_validation(item) for item in data]

    def create(self, validated_data):
        return [self.child.create(attrs) for attrs in validated_data]


class ModelSerializer(Serializer):
    def create(self, validated_data):
        return self.Meta.model._default_manager.create(**validated_data)

    def update(self, instance, validated_data):
        for attr, value in validated_data.items():
            setattr(instance, attr, value)
        instance.save()
        return instance


class HyperlinkedModelSerializer(ModelSerializer):
    pass
