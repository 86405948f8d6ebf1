"""What a network picks on the way to a tensor is followed in all ways in which networks send samples to experts."""

import pytest
import torch
from torch import nn

from bitline.evaluation.picked_samples import PickedSamples

TOKENS = torch.randn(6, 3, generator=torch.Generator().manual_seed(0))
ROUTES = torch.tensor([0, 1, 0, 0, 1, 1]), torch.tensor([1, 0, 0, 0, 1, 1])  # as many tokens for each expert


def by_mask(tokens, routes):
    outputs = torch.zeros_like(tokens)
    expert = tokens[routes == 0]
    outputs[routes == 0] = expert * 2
    return expert, outputs


def by_mask_of_positions(tokens, routes):
    tokens, mask = tokens.unflatten(0, (2, 3)), (routes == 0).unflatten(0, (2, 3))
    outputs, expert = torch.zeros_like(tokens), tokens[mask]
    outputs[mask] = expert
    return expert, outputs


def by_place(tokens, routes):
    places = torch.where(routes == 0)[0]
    expert = tokens[None, places].reshape(-1, 3)
    return expert, tokens.index_add(0, places, expert * torch.rand(6)[places, None])


def by_two_places(tokens, routes):
    tokens = tokens.unflatten(0, (2, 3))
    rows, columns = torch.where(routes.unflatten(0, (2, 3)) == 0)
    expert, outputs = tokens[rows, columns], torch.zeros_like(tokens)
    outputs[rows, columns] = expert
    return expert, outputs


def by_order(tokens, routes):
    order = routes.argsort(stable=True)
    experts = tokens[order].split([3, 3])
    return experts[0], torch.cat([experts[0] + 1, experts[1]])[order.argsort()]


def by_order_of_two_experts(tokens, routes):
    """Each token goes to two of three experts, and comes back once."""
    order = torch.stack([routes, routes + 1], 1).flatten().argsort(stable=True)
    expert = tokens[torch.arange(6).repeat_interleave(2)[order]]
    return expert, (expert * 2)[order.argsort()].unflatten(0, (6, 2)).sum(1)


def by_scatter(tokens, routes):
    order = routes.argsort(stable=True)
    expert = tokens.index_select(0, order)
    return expert, torch.zeros_like(tokens).scatter(0, order[:, None].expand(6, 3), expert)


def by_gather(tokens, routes):
    order = routes.argsort(stable=True)[:, None].expand(6, 3)
    expert = tokens.gather(0, order)
    return expert, torch.zeros_like(tokens).scatter_add(0, order, expert)


def by_slots(tokens, routes):
    """Buffers of experts with a place for each token."""
    slots = routes * 6 + torch.arange(6)
    buffers = torch.zeros(12, 3)
    buffers[slots] = tokens
    return buffers[:6] * 1, (buffers * 2)[slots]


def one_by_one(tokens, routes):
    kept = [tokens[place] for place in range(6) if int(routes[place]) == 0]
    return kept[0] * 1, torch.stack([tokens[place] for place in range(6)])


def in_a_loop(tokens, routes):
    given = [token * 2 for token, route in zip(tokens, routes.tolist(), strict=True) if not route]
    return given[0], torch.stack([token * 1 for token in tokens])


def pruned(tokens, routes):
    places = routes.argsort(stable=True)[:4]
    return tokens[None].gather(1, places[None, :, None].expand(1, 4, 3)), tokens


WAYS = [by_mask, by_mask_of_positions, by_place, by_two_places, by_order, by_order_of_two_experts, by_scatter,
        by_gather, by_slots, one_by_one, in_a_loop, pruned]  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_experts_get_other_samples_and_outputs_are_those_of_all(way):
    experts, outputs = [], []
    for routes in (*ROUTES, ROUTES[0]):
        with PickedSamples(nn.Identity()) as picked:
            expert, output = way(TOKENS.clone(), routes)
        experts.append(picked.of(expert))
        outputs.append(picked.of(output))
    assert experts[0] != experts[1] and experts[0] == experts[2]
    assert outputs[0] == outputs[1]


@pytest.mark.parametrize("way", WAYS)
def test_what_was_picked_before_stays(way):
    """Masks of attention look up entries by place, too; behind them, experts were never put back."""
    outputs = []
    for routes in ROUTES:
        with PickedSamples(nn.Identity()) as picked:
            tokens = TOKENS * torch.ones(9)[torch.arange(6)][:, None]
            outputs.append(picked.of(way(tokens, routes)[1]))
    assert outputs[0] == outputs[1]


class Codebook(nn.Module):
    def __init__(self):
        super().__init__()
        self.codes = nn.Parameter(torch.randn(2, 3))


ELSEWHERE = {
    "entries of a codebook": lambda network, tokens, routes: network.codes[routes] + tokens,
    "embedding": lambda network, tokens, routes: nn.functional.embedding(routes, network.codes) + tokens,
    "one-hot": lambda network, tokens, routes: nn.functional.one_hot(routes, 2).float() @ network.codes,
    "gates of all experts": lambda network, tokens, routes: (
        torch.zeros(6, 2).scatter(1, routes[:, None], torch.rand(6, 1)).sum(1, keepdim=True) * tokens
    ),
    "a score of each token": lambda network, tokens, routes: tokens.gather(1, routes[:, None]) * tokens,
    "channels": lambda network, tokens, routes: tokens[:, routes[:3]],
}


@pytest.mark.parametrize("what", ELSEWHERE)
def test_what_is_no_choice_of_samples_leaves_no_mark(what):
    network = Codebook()
    for routes in ROUTES:
        with torch.no_grad(), PickedSamples(network) as picked:
            outputs = ELSEWHERE[what](network, TOKENS.clone(), routes)
        assert picked.of(outputs) == frozenset()
