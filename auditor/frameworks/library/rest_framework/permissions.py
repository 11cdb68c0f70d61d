"""Permissions: DRF's own look at the user only; combined ones ask both sides."""

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


class BasePermission:
    def has_permission(self, request, view):
        return True

    def has_object_permission(self, request, view, obj):
        return True


class AllowAny(BasePermission):
    pass


class IsAuthenticated(BasePermission):
    def has_permission(self, request, view):
        return bool(request.user and request.user.is_authenticated)


class IsAdminUser(BasePermission):
    def has_permission(self, request, view):
        return bool(request.user and request.user.is_staff)


class IsAuthenticatedOrReadOnly(BasePermission):
    def has_permission(self, request, view):
        return bool(request.method in SAFE_METHODS or (request.user and request.user.is_authenticated))


class DjangoModelPermissions(BasePermission):
    perms_map = {}
    authenticated_users_only = True

    def get_required_permissions(self, method, model_cls):
        return self.perms_map.get(method)

    def _queryset(self, view):
        if hasattr(view, "get_queryset"):
            return view.get_queryset()
        return view.queryset

    def has_permission(self, request, view):
        queryset = self._queryset(view)
        perms = self.get_required_permissions(request.method, queryset.model)
        return request.user.has_perms(perms)


class DjangoModelPermissionsOrAnonReadOnly(DjangoModelPermissions):
    authenticated_users_only = False


class DjangoObjectPermissions(DjangoModelPermissions):
    def get_required_object_permissions(self, method, model_cls):
        return self.perms_map.get(method)

    def has_object_permission(self, request, view, obj):
        queryset = self._queryset(view)
        perms = self.get_required_object_permissions(request.method, queryset.model)
        return request.user.has_perms(perms, obj)
