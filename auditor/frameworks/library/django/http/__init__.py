"""Requests know who is signed in. Responses: values without an effect of their own, except that a streaming one runs its iterator."""

from functools import cached_property

from auditor_intrinsics import signed_in


class HttpRequest:
    @cached_property
    def user(self):
        return signed_in()


class Http404(Exception):
    pass


class HttpResponseBase:
    status_code = 200

    def __init__(self, content_type=None, status=None, reason=None, charset=None, headers=None):
        self.status_code = status

    def set_cookie(self, key, value="", **kwargs):
        return None

    def delete_cookie(self, key, **kwargs):
        return None

    def __setitem__(self, header, value):
        return None


class HttpResponse(HttpResponseBase):
    def __init__(self, content=b"", *args, **kwargs):
        self.content = content

    def write(self, content):
        return None


class StreamingHttpResponse(HttpResponseBase):
    def __init__(self, streaming_content=(), *args, **kwargs):
        for chunk in streaming_content:
            self.last_chunk = chunk


class FileResponse(StreamingHttpResponse):
    def __init__(self, file_to_stream=None, *args, as_attachment=False, filename="", **kwargs):
        self.file_to_stream = file_to_stream


class JsonResponse(HttpResponse):
    def __init__(self, data, encoder=None, safe=True, json_dumps_params=None, **kwargs):
        self.content = data


class HttpResponseRedirectBase(HttpResponse):
    def __init__(self, redirect_to, *args, **kwargs):
        self.url = redirect_to


class HttpResponseRedirect(HttpResponseRedirectBase):
    status_code = 302


class HttpResponsePermanentRedirect(HttpResponseRedirectBase):
    status_code = 301


class HttpResponseNotModified(HttpResponse):
    status_code = 304


class HttpResponseBadRequest(HttpResponse):
    status_code = 400


class HttpResponseForbidden(HttpResponse):
    status_code = 403


class HttpResponseNotFound(HttpResponse):
    status_code = 404


class HttpResponseNotAllowed(HttpResponse):
    status_code = 405

    def __init__(self, permitted_methods, *args, **kwargs):
        self.permitted_methods = permitted_methods


class HttpResponseGone(HttpResponse):
    status_code = 410


class HttpResponseServerError(HttpResponse):
    status_code = 500
