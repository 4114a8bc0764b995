"""Pages as HTML, from the layouts of a folder."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined


def layouts_in(folder: Path) -> Environment:
    """Whatever a page shows is text in it, and a name that nobody gives it is an error.

    A layout is compiled when it is first wanted: every start of a service imports this.
    """
    return Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
