"""The parts of a training run, each alone: accumulation, clipping, schedule, spikes, data, and what it costs."""

from sftviz.training.accumulation import accumulate_gradients, compare_accumulations, split, trainable_copy
from sftviz.training.architectures import ARCHITECTURES, Architecture
from sftviz.training.clipping import CLIPPINGS, Clipping, clip_by_norm, clip_by_value, clipped, total_norm
from sftviz.training.deduplication import Deduplicated, Duplicate, exact_duplicates, near_duplicates
from sftviz.training.sampling import curriculum, draw, mixing_weights, stage_at
from sftviz.training.schedule import SCHEDULES, LearningRate, Schedule
from sftviz.training.spikes import MONITORS, Monitor, Seen, SpikeMonitor, find_spikes

__all__ = [
    "ARCHITECTURES",
    "CLIPPINGS",
    "MONITORS",
    "SCHEDULES",
    "Architecture",
    "Clipping",
    "Deduplicated",
    "Duplicate",
    "LearningRate",
    "Monitor",
    "Schedule",
    "Seen",
    "SpikeMonitor",
    "accumulate_gradients",
    "clip_by_norm",
    "clip_by_value",
    "clipped",
    "compare_accumulations",
    "curriculum",
    "draw",
    "exact_duplicates",
    "find_spikes",
    "mixing_weights",
    "near_duplicates",
    "split",
    "stage_at",
    "total_norm",
    "trainable_copy",
]
