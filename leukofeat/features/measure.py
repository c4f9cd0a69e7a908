"""What an entry of the catalogue is, and how the columns that it stands for are found."""

import re
from dataclasses import dataclass

_NUMBER = r"\d+(p\d+)?"
_BLANKS = {
    "region": "nucleus|cytoplasm|cell|background|image",
    "body": "nucleus|cell",
    "part": "nucleus|cytoplasm",
    "reference": "cytoplasm|background|redcell",
    "space": "rgb|lab|ycrcb",
    "level": "s|v",
    "c": "[a-z]{1,2}",
    "plane": "gray|red|green|blue|lightness|saturation",
    "over": "mean|range",
    "degrees": "0|45|90|135",
    "pairs": "[a-z_]+(_1|_2)?",
    "ink": "c|m|y|k",
    "direction": "horizontal|vertical|diagonal",
    "wavelet": "haar|db2",
    "stain": "h|e",
    "signal": "(l|a|b)(_edge|_fine|_coarse)?",
    "lab": "lab_l|lab_a|lab_b",
    "od": "od_r|od_g|od_b",
}
_SUMMARY = "(_(mean|std|min|q25|median|q75|max))?"


@dataclass(frozen=True)
class Measure:
    """One measure of a family.

    Parameters
    ----------
    name : str
        Column, with blanks in braces and what `pixel_size` adds in brackets: ``{body}_area[_um2]``.
    meaning, unit, formula, source : str
        For people; the page's list of sources has the title.
    rotation, scale, stain : str
        What it withstands, in the words that the page explains; nothing by default.
    level : {"cell", "region", "image"}
        Measured on a cell and summarised over the image's cells; on a region, of a cell (summarised where the family is
        told so) or of all together; or on the image only.
    """

    name: str
    meaning: str
    unit: str
    formula: str
    source: str
    rotation: str = "no"
    scale: str = "no"
    stain: str = "no"
    level: str = "region"

    def matches(self, column: str) -> bool:
        """Whether this entry describes `column`, of an image's row or of the per-cell table.

        Examples
        --------
        >>> area = Measure("{body}_area[_um2]", "area", "px²", "", "", level="cell")
        >>> area.matches("nucleus_area_um2_mean"), area.matches("cytoplasm_area")
        (True, False)
        """
        pattern = re.sub(r"\{(\w+)\}", lambda m: f"({_BLANKS.get(m[1], _NUMBER)})", self.name)
        pattern = re.sub(r"\[(\w+)\]", r"(\1)?", pattern)
        return re.fullmatch(pattern + ("" if self.level == "image" else _SUMMARY), column) is not None
