"""Tables of features on disk, in parts: a run that was stopped goes on, and what did not change is not measured again."""

from leukofeat.extraction.extract import ExtractedDataset, extract_parquet
from leukofeat.extraction.join import join_parts

__all__ = ["ExtractedDataset", "extract_parquet", "join_parts"]
