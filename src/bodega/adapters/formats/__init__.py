"""Read and write the files that people exchange: JSONL, CSV and Parquet, streamed, with hostile ones refused.

Nothing here may know what a row means, and no file here may be held in memory whole.
"""

from bodega.adapters.formats.tabular import FileTabular

__all__ = ["FileTabular"]
