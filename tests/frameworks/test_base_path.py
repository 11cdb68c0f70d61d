"""Applications that settings put below a path, or serve as they are."""

import pytest

from tests.frameworks.test_fastapi import found

APPLICATION = """
    from fastapi import FastAPI
    from settings import settings

    def create():
        app = FastAPI()

        @app.get("/books")
        async def books(): ...

        {served}

    main = create()
"""
BELOW = "outer = FastAPI()\n            outer.mount(settings.base_url, app)\n            return outer"

MOUNTED = "outer.mount(settings.base_url, app)\n        return outer"
KNOWN = "outer.mount('/shop', app)\n        return outer"


@pytest.mark.parametrize(
    ("served", "path"),
    [
        (f"if settings.base_url != '/':\n            {BELOW}\n        return app", "/books"),
        (
            f"if settings.base_url != '/':\n            {BELOW}\n        else:\n            return app",
            "/books",
        ),
        (
            "outer = FastAPI()\n        outer.mount(settings.base_url, app)\n        return outer",
            "/{?}/books",
        ),
        (
            f"outer = FastAPI()\n        if settings.old:\n            return outer\n        {MOUNTED}",
            "/{?}/books",
        ),
        (
            f"if settings.plain:\n            return app\n        outer = FastAPI()\n        {KNOWN}",
            "/shop/books",
        ),
    ],
)
def test_the_path_is_the_one_by_default(served: str, path: str) -> None:
    files = {
        "settings.py": "from pydantic_settings import BaseSettings\nclass S(BaseSettings):\n    base_url: str\nsettings = S(**read())\n",
        "app.py": APPLICATION.replace("{served}", served),
    }
    assert list(found(files)) == [f"GET {path}"]


def test_settings_that_a_function_makes_by_a_cast_say_the_prefix() -> None:
    files = {
        "main.py": """
            from fastapi import APIRouter, FastAPI
            from settings import get_settings

            router = APIRouter(prefix=get_settings().api_root)

            @router.get("/books")
            async def books(): ...

            app = FastAPI()
            app.include_router(router)
            """,
        "settings.py": """
            from functools import lru_cache
            from typing import cast
            from pydantic_settings import BaseSettings

            class Settings(BaseSettings):
                api_root: str = "/api"

            @lru_cache
            def get_settings() -> Settings:
                factory = cast("Callable[..., Settings]", Settings)
                return factory()
            """,
    }
    assert found(files) == {"GET /api/books": "main.books"}
