// What is measured against a cost: what was measured, the front, and the design that is being built.

import { byId, draw, make, number, shown } from "studio/text.js";

let WIDTH = 860;
const HEIGHT = 390, LEFT = 58, RIGHT = 18, TOP = 40, BOTTOM = 44;
const NAMES = { energy_uJ: "energy of an image (µJ)", area_mm2: "area (mm²)", latency_us: "latency (µs)" };

export function frontOf(designs, cost, measure) {
  const points = designs.filter((design) => design.value !== null && design[cost] > 0)
    .sort((a, b) => a[cost] - b[cost] || measure.sign * (b.value - a.value));
  const front = [];
  for (const design of points) if (!front.length || measure.sign * (design.value - front.at(-1).value) > 0) front.push(design);
  return front;
}

export function drawChart(designs, cost, { now, measure, choose }) {
  const place = byId("chart");
  WIDTH = Math.max(340, Math.min(1100, place.clientWidth || 860));
  const points = designs.filter((design) => design.value !== null && design[cost] > 0);
  const own = now && now.cost && now.cost[cost] > 0 ? now : null;
  if (!points.length && !own) {
    place.replaceChildren(make("p", { class: "empty" }, "Nothing is measured yet: press “measure”."));
    return;
  }
  const focused = document.activeElement?.dataset?.key;
  const scale = scales(points, own, cost, measure);
  const svg = draw("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "group",
    "aria-label": `${measure.name} against ${NAMES[cost]}: ${points.length} measured designs` });
  svg.append(...grid(scale, cost), ...frontLine(frontOf(points, cost, measure), scale, cost));
  const said = draw("text", { class: "said", x: LEFT, y: 14 }, "");
  const best = new Set(frontOf(points, cost, measure).map((design) => design.key));
  for (const design of points) svg.append(...mark(design, { scale, cost, measure, isBest: best.has(design.key), said, choose }));
  if (own) svg.append(...current(own, scale, cost));
  svg.append(said);
  place.replaceChildren(svg);
  if (focused) svg.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
}

const limits = (design) => [design.low ?? design.value, design.high ?? design.value];

function scales(points, own, cost, measure) {
  const costs = points.map((design) => design[cost]);
  const values = points.flatMap(limits);
  if (own) {
    costs.push(own.cost[cost]);
    if (own.quality.value !== null) values.push(own.quality.low, own.quality.high);
  }
  if (!values.length) values.push(0, measure.share ? 100 : 1);
  const wide = (low, high, least) => (high - low < least ? [low - least / 2, high + least / 2] : [low, high]);
  const [least, most] = wide(Math.log10(Math.min(...costs)), Math.log10(Math.max(...costs)), 0.3);
  const margin = 0.04 * (most - least);
  const [bottom, top] = measure.share ? [0, 100] : [-Infinity, Infinity];
  const largest = Math.max(...values.map(Math.abs));
  let [low, high] = wide(Math.min(...values), Math.max(...values), measure.share ? 5 : 0.05 * largest || 1);
  [low, high] = [Math.max(bottom, low - 0.05 * (high - low)), Math.min(top, high + 0.06 * (high - low))];
  return {
    low, high, head: measure.head, least: least - margin, most: most + margin,
    x: (value) => LEFT + (Math.log10(value) - least + margin) / (most - least + 2 * margin) * (WIDTH - LEFT - RIGHT),
    y: (value) => HEIGHT - BOTTOM - (Math.min(high, Math.max(low, value)) - low) / (high - low) * (HEIGHT - TOP - BOTTOM),
  };
}

function grid(scale, cost) {
  const parts = [];
  const room = (WIDTH - LEFT - RIGHT) / 60;
  for (const value of ticks(scale.low, scale.high)) {
    const y = scale.y(value);
    parts.push(draw("line", { class: "grid", x1: LEFT, x2: WIDTH - RIGHT, y1: y, y2: y }));
    parts.push(draw("text", { x: LEFT - 8, y: y + 4, "text-anchor": "end" }, number(value)));
  }
  const marks = logTicks(scale.least, scale.most);
  for (const value of marks.filter((_, index) => index % Math.ceil(marks.length / room) === 0)) {
    const x = scale.x(value);
    parts.push(draw("line", { class: "grid", x1: x, x2: x, y1: TOP, y2: HEIGHT - BOTTOM }));
    parts.push(draw("text", { x, y: HEIGHT - BOTTOM + 17, "text-anchor": "middle" }, number(value)));
  }
  parts.push(draw("text", { x: LEFT - 8, y: TOP - 12, class: "head" }, scale.head));
  parts.push(draw("text", { x: (WIDTH + LEFT) / 2, y: HEIGHT - 6, "text-anchor": "middle" }, NAMES[cost]));
  return parts;
}

function ticks(low, high) {
  const rough = (high - low) / 5, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find((times) => times * power >= rough) * power;
  const found = [];
  for (let value = Math.ceil(low / step) * step; value <= high + 1e-9; value += step) found.push(value);
  return found;
}

function logTicks(least, most) {
  if (most - least < 0.9) return ticks(10 ** least, 10 ** most);
  const found = [];
  for (let power = Math.floor(least); power <= most; power += 1) {
    for (const times of most - least < 2.2 ? [1, 2, 5] : [1]) {
      const value = times * 10 ** power;
      if (Math.log10(value) >= least && Math.log10(value) <= most) found.push(value);
    }
  }
  return found;
}

function frontLine(front, scale, cost) {
  if (!front.length) return [];
  let path = `M${scale.x(front[0][cost])} ${scale.y(front[0].value)}`;
  for (const design of front.slice(1)) path += `H${scale.x(design[cost])}V${scale.y(design.value)}`;
  return [draw("path", { class: "front", d: `${path}H${WIDTH - RIGHT}` })];
}

function mark(design, { scale, cost, measure, isBest, said, choose }) {
  const x = scale.x(design[cost]), y = scale.y(design.value), [low, high] = limits(design);
  const words = `${design.label}: ${shown(design, measure)}${design.interval ? ` (${design.interval})` : ""}, ${number(design[cost])}`;
  const say = () => { said.textContent = words; };
  const pick = (event) => { if (event.type === "click" || event.key === "Enter" || event.key === " ") { event.preventDefault(); choose(design); } };
  const whisker = low < high ? draw("line", { class: "whisker", x1: x, x2: x, y1: scale.y(low), y2: scale.y(high) }) : null;
  const dot = draw("circle", { class: isBest ? "point best" : "point", cx: x, cy: y, r: isBest ? 6 : 5, tabindex: 0, role: "button",
    "data-key": design.key, "aria-label": `load ${words}`, onclick: pick, onkeydown: pick, onmouseenter: say, onfocus: say });
  return whisker ? [whisker, dot] : [dot];
}

function current(own, scale, cost) {
  const x = scale.x(own.cost[cost]), { value, low, high, measured } = own.quality;
  if (value === null) {
    return [draw("line", { class: "range", x1: x, x2: x, y1: TOP, y2: HEIGHT - BOTTOM, "stroke-dasharray": "4 4" }),
      draw("text", { x: x + 5, y: TOP + 12 }, "this design")];
  }
  return [draw("line", { class: "range", x1: x, x2: x, y1: scale.y(low), y2: scale.y(high), "stroke-dasharray": measured ? null : "4 4" }),
    draw("circle", { class: "now", cx: x, cy: scale.y(value), r: 9 })];
}
