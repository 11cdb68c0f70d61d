"""The arguments of every command that may ask a model, and the settings they make."""

import argparse
from dataclasses import replace

from auditor.cli.parser import Parser
from auditor.config.user import SpendingLimits, UserSettings


def add_model_arguments(parser: Parser, /) -> None:
    """Which model, and what it may cost. Without `--model` none is asked, unless the user's settings name one."""
    add_model_choice(parser)
    parser.add_argument("--max-cost", metavar="USD", type=_amount, help="spend at most so many dollars on it")
    parser.add_argument(
        "--max-tokens", metavar="N", type=_count, help="let it read and write at most so many tokens"
    )


def add_model_choice(parser: Parser, /) -> None:
    """Which model, and where."""
    parser.add_argument(
        "--model",
        metavar="NAME",
        help="anthropic:NAME, openai:NAME, replay:TRANSCRIPT, or offline (default: your settings, or none)",
    )
    parser.add_argument("--base-url", metavar="URL", help="a server that speaks the provider's protocol")


def with_model_arguments(user: UserSettings, arguments: argparse.Namespace, /) -> UserSettings:
    """The settings with what the flags say in their place."""
    model = user.model
    if arguments.model is not None:
        model = replace(model, name=arguments.model)
    if arguments.base_url is not None:
        model = replace(model, base_url=arguments.base_url)
    usd, tokens = getattr(arguments, "max_cost", None), getattr(arguments, "max_tokens", None)
    limits = SpendingLimits(
        usd=user.limits.usd if usd is None else usd,
        tokens=user.limits.tokens if tokens is None else tokens,
    )
    return replace(user, model=model, limits=limits)


def _amount(text: str) -> float:
    try:
        amount = float(text.removeprefix("$"))
    except ValueError:
        amount = -1.0
    if not 0 <= amount < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no sum of dollars")
    return amount


def _count(text: str) -> int:
    plain = text.replace("_", "").replace(",", "")
    if not plain.isascii() or not plain.isdigit() or int(plain) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of tokens")
    return int(plain)
