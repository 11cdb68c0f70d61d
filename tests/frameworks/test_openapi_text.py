"""Descriptions of HTTP interfaces: what is read of their text."""

from __future__ import annotations

import textwrap

import pytest

from auditor.frameworks.openapi_text import Operation, read

LOOK_ALIKES = {
    "nothing": "",
    "an operation in a text of several lines": """
        openapi: 3.0.0
        info:
          description: |
            paths:
              /books:
                get:
                  operationId: shop.listed
        """,
    "one that is remarked": """
        paths:
          /books:
            # get:
            #   operationId: shop.listed
            parameters: []
        """,
    "an operation that says no function": """
        paths:
          /books:
            get:
              summary: All of them
        """,
    "something of that name elsewhere": """
        components:
          /books:
            get:
              operationId: shop.listed
        x-paths:
          /books:
            get:
              operationId: shop.listed
        """,
    "links below an answer": """
        paths:
          /books:
            get:
              responses:
                "200":
                  links:
                    next:
                      operationId: shop.listed
        """,
    "JSON": '{"paths": {"/books": {"get": {"operationId": "shop.listed"}}}}',
}


@pytest.mark.parametrize("text", LOOK_ALIKES.values(), ids=LOOK_ALIKES)
def test_no_operation(text: str) -> None:
    assert read(textwrap.dedent(text)).operations == ()


def test_operations_with_their_controllers() -> None:
    found = read(
        textwrap.dedent("""\
        swagger: "2.0"
        basePath: /v1  # for now
        paths:
          # shelves
          '/shelves/{id}':
            x-swagger-router-controller: shop.shelves
            parameters:
              - name: id
                in: path
            get:
              description: >-
                operationId: no.such
              operationId: "one"
            delete:
                operationId: gone
                x-swagger-router-controller: shop.bin
          /books:
            post:
              tags:
              - books
              operationId: shop.books.add
              parameters:
              - in: body
                name: body

                required: true
        definitions:
          get:
            operationId: none
        """)
    )
    assert found.base == "/v1"
    assert found.operations == (
        Operation("GET", "/shelves/{id}", "shop.shelves.one", 13),
        Operation("DELETE", "/shelves/{id}", "shop.bin.gone", 15),
        Operation("POST", "/books", "shop.books.add", 21),
    )


@pytest.mark.parametrize(
    ("servers", "base"),
    [
        ("- url: /v2", "/v2"),
        ("  - url: https://shop.example/v2\n  - url: /v3", "/v2"),
        ("  - description: here\n    url: /v2", "/v2"),
        ("  - url: https://shop.example", ""),
    ],
)
def test_the_first_server_says_where_all_stands(servers: str, base: str) -> None:
    assert read(f"openapi: 3.0.0\nservers:\n{servers}\npaths: {{}}\n").base == base
