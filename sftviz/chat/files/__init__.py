"""Files and data sets -> samples, one after the other: what was read is never more than what was asked for."""

from sftviz.chat.files.data import LONGEST_UPLOAD, MOST_UPLOADED, DataFile, Sample
from sftviz.chat.files.opening import open_data

__all__ = ["LONGEST_UPLOAD", "MOST_UPLOADED", "DataFile", "Sample", "open_data"]
