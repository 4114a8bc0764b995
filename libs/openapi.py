"""The OpenAPI 3.1 document of a service, made from the routes that it serves."""

import inspect
import re
from collections.abc import Iterator, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, get_args, get_type_hints

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from libs.contracts.common import ProblemDocument

if TYPE_CHECKING:
    from libs.web import Route

Json = dict[str, Any]
Models = dict[Any, Json]
REF = "#/components/schemas/{model}"


def document(service: str, routes: Sequence["Route"]) -> Json:
    """Paths, parameters, bodies, answers and problems of `routes`."""
    models, schemas = _schemas(routes)
    paths: Json = {}
    for route in routes:
        path = re.sub(r"{(\w+)(:[^}]*)?}", r"{\1}", route.path)
        paths.setdefault(path, {})[route.method.lower()] = _operation(route, models)
    return {
        "openapi": "3.1.0",
        "info": {"title": f"AI QC {service}", "version": "1"},
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"passport": {"type": "http", "scheme": "bearer"}},
        },
    }


def _schemas(routes: Sequence["Route"]) -> tuple[Models, Json]:
    inputs = {model for route in routes for _, model in _taken(route)}
    inputs |= {route.form for route in routes if route.form}
    outputs = {model for route in routes if (model := _answer(route))} | {ProblemDocument}
    refs, definitions = models_json_schema(
        [(model, "validation") for model in sorted(inputs, key=lambda m: m.__name__)]
        + [(model, "serialization") for model in sorted(outputs, key=lambda m: m.__name__)],
        ref_template=REF,
    )
    return {model: ref for (model, _), ref in refs.items()}, definitions.get("$defs", {})


def _taken(route: "Route") -> Iterator[tuple[str, type[BaseModel]]]:
    hints = get_type_hints(route.handler)
    yield from ((name, hints[name]) for name in ("path", "query", "body") if name in hints)


def _answer(route: "Route") -> type[BaseModel] | None:
    returned = get_type_hints(route.handler).get("return")
    for one in get_args(returned) or (returned,):
        if inspect.isclass(one) and issubclass(one, BaseModel):
            return one
    return None


def _operation(route: "Route", models: Models) -> Json:
    taken = dict(_taken(route))
    summary, _, description = (inspect.getdoc(route.handler) or route.handler.__name__).partition(
        "\n"
    )
    operation: Json = {
        "operationId": route.handler.__name__,
        "summary": summary,
        "description": description.strip(),
        "parameters": [
            parameter
            for where in ("path", "query")
            if where in taken
            for parameter in _parameters(where, taken[where])
        ]
        + [
            {"name": name, "in": "header", "required": False, "schema": {"type": "string"}}
            for name in route.headers
        ],
        "responses": _responses(route, models, bool(taken)),
    }
    if route.action:
        operation["security"] = [{"passport": []}]
        operation["x-action"] = route.action.value
    if "body" in taken:
        operation["requestBody"] = _content("application/json", models[taken["body"]], True)
    elif route.form:
        operation["requestBody"] = _content("multipart/form-data", models[route.form], True)
    return operation


def _parameters(where: str, model: type[BaseModel]) -> Iterator[Json]:
    schema = model.model_json_schema(ref_template=REF)
    for name, field in schema["properties"].items():
        required = where == "path" or name in schema.get("required", [])
        yield {"name": name, "in": where, "required": required, "schema": field}


def _responses(route: "Route", models: Models, reads_input: bool) -> Json:
    success: Json = {"description": route.status.phrase}
    if answer := _answer(route):
        success |= _content("application/json", models[answer])
    if route.produces:
        success.setdefault("content", {}).update({kind: {} for kind in route.produces})
    codes = [HTTPStatus.NOT_FOUND, HTTPStatus.SERVICE_UNAVAILABLE, *route.fails]
    codes += [HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN] if route.action else []
    codes += [HTTPStatus.UNPROCESSABLE_ENTITY] if reads_input or route.form else []
    if route.method in {"POST", "PUT", "PATCH"}:
        codes += [
            HTTPStatus.BAD_REQUEST,
            HTTPStatus.CONFLICT,
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        ]
    problem = _content("application/problem+json", models[ProblemDocument])
    problems = {str(code.value): {"description": code.phrase, **problem} for code in sorted(codes)}
    return {str(route.status.value): success} | problems


def _content(kind: str, schema: Json, required: bool | None = None) -> Json:
    content: Json = {"content": {kind: {"schema": schema}}}
    return content if required is None else content | {"required": required}
