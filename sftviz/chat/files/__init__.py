"""Files and data sets -> samples, one after the other: what was read is never more than what was asked for."""

from sftviz.chat.files.data import LONGEST_UPLOAD, MOST_UPLOADED, DataFile, FileSample
from sftviz.chat.files.opening import TEMPLATE_SUFFIXES, open_data

__all__ = ["LONGEST_UPLOAD", "MOST_UPLOADED", "TEMPLATE_SUFFIXES", "DataFile", "FileSample", "open_data"]
