"""Data URLs (RFC 2397): images and documents that a request of OpenAI's dialects holds."""

from __future__ import annotations

from typing import Final

from licet.wire.conversation import Document, Image

DOCUMENT_NAME: Final = "document.pdf"
"""Of a document without a name, where a dialect demands one."""


def image_of(url: str, detail: str) -> Image:
    """The image at an address, or within it."""
    media_type, data = _data_of(url)
    if not data:
        return Image(url=url, detail=detail)
    return Image(media_type=media_type, data=data, detail=detail)


def document_of(data: str, name: str) -> Document:
    """The document in a data URL, or in bare base64; a PDF where nothing else is said."""
    media_type, found = _data_of(data)
    return Document(media_type=media_type or "application/pdf", data=found or data, name=name)


def url_of(part: Image | Document) -> str:
    """Where an image or a document lies, or a data URL that holds it."""
    return part.url or f"data:{part.media_type};base64,{part.data}"


def _data_of(url: str) -> tuple[str, str]:
    """Media type and base64 of a data URL (RFC 2397); empty for any other."""
    head, comma, data = url.partition(",")
    if not comma or not head.startswith("data:") or not head.endswith(";base64"):
        return "", ""
    return head.removeprefix("data:").partition(";")[0], data
