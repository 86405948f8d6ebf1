"""Energy, area and latency of a design: component libraries, the network on arrays, and what each part costs."""

from bitline.cost.designs import library_of
from bitline.cost.explained import cost_intervals, explained, ranking
from bitline.cost.interval import Interval
from bitline.cost.library import Library, libraries
from bitline.cost.network import network_cost
from bitline.cost.result import OUTSIDE, LayerCost, NetworkCost
from bitline.cost.scaling import at_node
from bitline.cost.sensitivity import sensitivity
from bitline.cost.statistics import Statistics, gather_statistics
from bitline.cost.surroundings import Surroundings, WholeCost, whole_cost
from bitline.cost.units import UnitCost, core_cost, unit_costs
from bitline.cost.work import FULL, RowActivity

__all__ = [
    "FULL",
    "OUTSIDE",
    "Interval",
    "LayerCost",
    "Library",
    "NetworkCost",
    "RowActivity",
    "Statistics",
    "Surroundings",
    "UnitCost",
    "WholeCost",
    "at_node",
    "core_cost",
    "cost_intervals",
    "explained",
    "gather_statistics",
    "libraries",
    "library_of",
    "network_cost",
    "ranking",
    "sensitivity",
    "unit_costs",
    "whole_cost",
]
