"""Parts of an address that may be any name but one word, which is an address of its own."""

from starlette.convertors import Convertor, register_url_convertor


def any_but(word: str, *, name: str) -> None:
    """Let ``{part:name}`` in the path of a route stand for any part of an address but *word*."""

    class AnyBut(Convertor[str]):
        regex = f"(?!{word}$)[^/]+"

        def convert(self, value: str) -> str:
            return value

        def to_string(self, value: str) -> str:
            return value

    register_url_convertor(name, AnyBut())
