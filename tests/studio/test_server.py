"""Who may ask the page's server, and what it answers."""

from __future__ import annotations

import json
import urllib.error
import urllib.request

import pytest

from bitline.design import Design
from bitline.measures import ACCURACY, measure_of
from bitline.studio.estimate import Bounds, Known, guess_quality
from bitline.study import DesignResult, read_results


def asked(server, path, body=None, token=None, **headers):
    """Status and text of an answer."""
    token = server.token if token is None else token
    joined = "&" if "?" in path else "?"
    address = f"http://127.0.0.1:{server.server_port}{path}{joined}token={token}"
    content = None if body is None else json.dumps(body).encode()
    given = {"Content-Type": "application/json"} | {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        with urllib.request.urlopen(urllib.request.Request(address, content, given), timeout=60) as response:
            return response.status, response.read().decode(), response.headers
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(), error.headers


def told(server, name, body=None):
    status, text, _ = asked(server, f"/api/{name}", body)
    assert status == 200, text
    return json.loads(text)


@pytest.mark.parametrize("path", ["/", "/api/state", "/assets/studio.js", "/api/report"])
def test_nothing_is_given_without_the_token_or_under_another_name(server, path):
    assert asked(server, path, token="")[0] == 403
    assert asked(server, path, token="x" * len(server.token))[0] == 403
    assert asked(server, path, Host="evil.example")[0] == 403
    assert asked(server, path, Host=f"evil.example:{server.server_port}")[0] == 403
    assert asked(server, path)[0] == 200


@pytest.mark.parametrize("name", ["design", "measure", "cancel", "toml"])
def test_acting_needs_the_token_and_this_page(server, name):
    assert asked(server, f"/api/{name}", {}, token="")[0] == 403
    assert asked(server, f"/api/{name}", {}, Origin="http://evil.example")[0] == 403
    assert asked(server, f"/api/{name}", {}, Content_Type="text/plain")[0] == 415
    assert asked(server, f"/api/{name}")[0] == 404  # nothing acts by GET


@pytest.mark.parametrize(
    "path", ["/assets/../server.py", "/assets/..%2fserver.py", "/../../etc/passwd", "/assets/", "/x"]
)
def test_no_other_file_is_given(server, path):
    status, text, _ = asked(server, path)
    assert (status, "import" in text) == (404, False)


def test_nothing_is_shared_with_other_sites(server):
    _, _, headers = asked(server, "/")
    assert headers["Access-Control-Allow-Origin"] is None
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert headers["Referrer-Policy"] == "no-referrer"  # the address has the token


@pytest.mark.parametrize("body", [[], {"settings": 3}, {"change": {"name": "adc.bits"}}, {"settings": {"adc.bit": 6}}])
def test_wrong_questions_are_answered_in_a_sentence(server, body):
    status, text, _ = asked(server, "/api/design", body)
    assert status in (400, 422)
    assert json.loads(text)["error"]


def test_a_design_has_its_controls_and_cost(server):
    answer = told(server, "design", {"settings": {}, "change": {"name": "adc.bits", "value": 6}})
    assert answer["settings"] == {"adc.bits": 6}
    assert not answer["quality"]["measured"]
    assert answer["cost"]["energy_uJ"] > 0
    assert answer["about_cost"] == "energy from 4 calibration images until it is measured"
    control = next(control for control in answer["controls"] if control["setting"] == "adc.bits")
    assert control["values"][control["index"]] == 6
    assert Design.from_toml(asked(server, "/api/toml", {"settings": answer["settings"]})[1]).adc.bits == 6


def test_every_control_changes_the_design(server):
    """The values of all lists and sliders are designs, or are refused in a sentence."""
    start = told(server, "design", {"settings": {}})
    for control in start["controls"]:
        for value in (control["values"][0], control["values"][-1]):
            change = {"name": control["setting"], "value": value}
            status, text, _ = asked(server, "/api/design", {"settings": {}, "change": change})
            assert status in (200, 422), text


def test_measured_designs_are_shown_and_compared(server):
    designs = told(server, "state")["designs"]
    result = read_results(server.session.store)
    assert {design["key"]: design["value"] for design in designs} == {
        design.key: pytest.approx(100 * design.mean) for design in result.designs
    }
    first, second = (design["key"] for design in designs)
    compared = told(server, f"compare?first={first}&second={second}")
    assert compared["settings"] == {"adc.bits": ["3", "8"]}
    change = 100 * (result.designs[1].mean - result.designs[0].mean)
    assert compared["difference"].startswith((f"{change:+.2f} points, 95 %", f"{change:.2f} points, 95 %"))
    assert len(compared["layers"]) == 10


def test_the_whole_cost_of_a_measured_design_is_that_of_the_store(server):
    (stored, _) = read_results(server.session.store).designs[:2]
    answer = told(server, "design", {"settings": stored.settings})
    assert answer["about_cost"] == ""
    shown = ("energy_uJ", "area_mm2", "latency_us", "TOPS_per_W")
    assert [answer["cost"][name] for name in shown] == [stored.costs[name] for name in shown]
    name, share = answer["cost"]["energy_parts"][0]
    assert share == stored.costs["energies_pJ"][name] / sum(stored.costs["energies_pJ"].values())


def test_measuring_adds_a_design_and_keeps_the_others(server):
    before = [design["key"] for design in told(server, "state")["designs"]]
    told(server, "measure", {"settings": {"adc.bits": 5}})
    assert server.session.measuring.wait(60)
    state = told(server, "state")
    assert not state["measuring"]["error"]
    assert [design["key"] for design in state["designs"]][:2] == before
    assert state["designs"][2]["finished"]
    again = told(server, "design", {"settings": {"adc.bits": 5}})
    assert again["quality"]["measured"]


def test_the_report_is_whole(server):
    status, text, headers = asked(server, "/api/report")
    assert (status, text[:15]) == (200, "<!doctype html>")
    assert headers["Content-Disposition"] == 'attachment; filename="studio.html"'


def test_estimates_say_what_they_do_not_know():
    known = [Known({"adc.bits": bits, "adc.kind": "uniform"}, 6.0 * bits - 20, 0.5) for bits in (3, 4, 6, 8)]
    bounds = Bounds(ACCURACY, 0.9, 0.1)
    near = guess_quality(known, {"adc.bits": 6, "adc.kind": "uniform"}, bounds)
    far = guess_quality(known, {"adc.bits": 16, "adc.kind": "uniform"}, bounds)
    assert near.high - near.low < far.high - far.low
    assert "adc.kind" in guess_quality(known, {"adc.bits": 6, "adc.kind": "sar"}, bounds).words


def test_a_row_speaks_of_its_measure(server):
    """Few chips are called few, intervals of shares end at 0 and 100 %, and others have the unit of their measure."""
    shares = DesignResult("a", "few", {}, {}, chip_values=(0.2, 0.9))
    row = server.session.row(shares)
    assert (row["text"], row["worst"], row["interval"]) == ("55.00", "20.00", "0.00 to 100.00 %")
    assert (row["low"], row["high"]) == (0.0, 100.0) and row["few"].startswith("few chips")


def test_a_measure_without_an_upper_end_is_estimated_too():
    """Perplexity, of which lower is better, falls from thousands to that of the float network."""
    perplexities = {3: 2e3, 4: 300.0, 5: 40.0, 7: 20.5, 8: 20.1}
    known = [Known({"adc.bits": bits}, 6.0 * bits - 20, value) for bits, value in perplexities.items()]
    guess = guess_quality(known, {"adc.bits": 6}, Bounds(measure_of("perplexity"), 20.0))
    assert 20 <= guess.value < 40 and 0 < guess.low <= guess.value <= guess.high
