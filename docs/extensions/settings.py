"""Every setting of a design, from the design itself.

A page says `<!-- settings: SECTION -->` for the settings of a section, one entry each, or `<!-- settings -->` for a
table of all. In Sphinx each is an object of its own, `{setting}`: the search lists it, and pages can refer to it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from functools import cache
from itertools import groupby
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.directives import ObjectDescription

from bitline.config.described import Described, described
from bitline.design import Design, presets
from bitline.design.settings import flat

WITHOUT = {"name", "description"}
"""What a design says of itself; every preset has its own."""
Entries = dict[str, list[Described]]
"""Settings by name; of one name there are several where kinds of a part differ."""


class Setting(ObjectDescription[str]):
    """The directive `{setting} adc.bits`: a setting whose anchor is its name."""

    def handle_signature(self, sig: str, signode: addnodes.desc_signature) -> str:
        part, dot, own = sig.rpartition(".")
        signode += addnodes.desc_addname("", part + dot)
        signode += addnodes.desc_name("", own)
        signode["toc_name"] = sig
        return sig

    def add_target_and_index(self, name: str, sig: str, signode: addnodes.desc_signature) -> None:
        signode["ids"].append(anchor(name))
        self.env.domains.standard_domain.note_object("setting", name, anchor(name), location=signode)

    def _object_hierarchy_parts(self, sig_node: addnodes.desc_signature) -> tuple[str, ...]:
        return (sig_node["toc_name"],)

    def _toc_entry_name(self, sig_node: addnodes.desc_signature) -> str:
        return str(sig_node["toc_name"])


def anchor(name: str) -> str:
    """What follows the # in a link to a setting."""
    return name.replace("[]", "")


def entries() -> Entries:
    """All settings in their order."""
    found: Entries = {}
    for row in described(Design):
        found.setdefault(row.name, []).append(row)
    return found


@cache
def otherwise() -> dict[str, dict[str, list[str]]]:
    """Which presets set a setting to something else than its default: their names by setting and value."""
    found: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    kinds = {name: rows[0].default for name, rows in entries().items() if name.endswith(".kind")}
    for preset in presets():
        design = Design.load(preset)
        changed = flat(design.model_dump(exclude_defaults=True, exclude={*WITHOUT, "layers"}))
        every = flat(design.model_dump(exclude={"layers"}))
        values = {name: value for name, value in changed.items() if not name.endswith(".kind")}
        values |= {name: every[name] for name, default in kinds.items() if every.get(name, default) != default}
        for name, value in values.items():
            found[name][_written(value)].append(preset)
    return found


def _written(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def section(name: str) -> str:
    """An entry for each setting of a section, under a heading for each of its parts, in Markdown."""
    chosen = {own: rows for own, rows in entries().items() if re.split(r"\W", own)[0] == name}
    parts = list(dict.fromkeys([name, *map(_part, chosen)]))
    blocks: list[str] = []
    for part, names in groupby(sorted(chosen, key=lambda own: parts.index(_part(own))), _part):
        if part != name:
            blocks.append(f"## {part}")
        blocks += [_entry(own, chosen[own]) for own in names]
    return "\n\n".join(blocks)


def _part(name: str) -> str:
    """What has a heading of its own: the first two words of a name."""
    return ".".join(name.split(".")[:2]) if name.count(".") > 1 else name.split(".")[0].removesuffix("[]")


def _entry(name: str, rows: list[Described]) -> str:
    lines = [f":::{{setting}} {name}"]
    for row in rows:
        lines += ["", row.meaning, ""]
        facts = {
            "Only where": f"`{row.condition}`" if row.condition else "",
            "Values": row.values,
            "Unit": row.unit,
            "Default": f"`{row.default}`" if row.default else "none; it must be given" if _needed(row) else "not given",
            "Command line": f"`{row.arguments}`" if row.arguments else "none; a file sets it",
        }
        lines += [f":{word}: {fact}" for word, fact in facts.items() if fact]
    set_by = [f"`{value}` in {', '.join(names)}" for value, names in otherwise().get(name, {}).items()]
    lines += [f":Presets: {'; '.join(set_by)}"] if set_by else []
    return "\n".join([*lines, ":::"])


def _needed(row: Described) -> bool:
    return not row.default and "not given" not in row.values and row.values != "text"


def table() -> str:
    """All settings in one table of Markdown."""
    lines = ["| setting | default | only where |", "| --- | --- | --- |"]
    for name, rows in entries().items():
        if name in WITHOUT:
            continue
        conditions = "; or ".join(dict.fromkeys(row.condition for row in rows if row.condition))
        defaults = ", ".join(dict.fromkeys(f"`{row.default}`" for row in rows if row.default))
        lines.append(f"| {{setting}}`{name}` | {defaults} | {conditions} |")
    return "\n".join(lines)


def fill(app: Sphinx, page: str, source: list[str]) -> None:
    """A page with settings in place of its marks."""
    if page.startswith("settings/"):
        text = re.sub(r"<!-- settings: (\w+) -->", lambda mark: section(mark[1]), source[0])
        source[0] = text.replace("<!-- settings -->", table()) if "<!-- settings -->" in text else text


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_object_type("setting", "setting", ref_nodeclass=nodes.literal, objname="setting")
    app.add_directive_to_domain("std", "setting", Setting, override=True)
    app.connect("source-read", fill)
    return {"parallel_read_safe": True}
