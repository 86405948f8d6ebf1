// What is measured against a cost: what was measured, the front, and the design that is being built.

import { axes, scale } from "bitline/scales.js";
import { byId, draw, make, number, shown } from "bitline/text.js";

const HEIGHT = 390, LEFT = 58, RIGHT = 18, TOP = 40, BOTTOM = 44;

// `kept` and `front` are keys of the designs that are chosen, and of those that none of them beats. Returns the scales.
export function drawChart(designs, cost, { now, measure, costs, choose, kept, front, limits }) {
  const place = byId("chart"), width = Math.max(300, Math.min(1100, place.clientWidth || 860));
  const points = designs.filter((design) => design.value !== null && design[cost] > 0);
  const own = now && now.cost && now.cost[cost] > 0 ? now : null;
  if (!points.length && !own) {
    place.replaceChildren(make("p", { class: "empty" }, "Nothing is measured yet: press “measure”."));
    return null;
  }
  const focused = document.activeElement?.dataset?.key;
  const view = scales(points, own, cost, measure, width);
  const chosen = points.filter((design) => kept.has(design.key)), best = chosen.filter((design) => front.has(design.key)).sort((a, b) => a[cost] - b[cost]);
  const svg = draw("svg", { viewBox: `0 0 ${width} ${HEIGHT}`, width, height: HEIGHT, role: "group",
    "aria-label": `${measure.name} against ${costs[cost].head}: ${chosen.length} of ${points.length} measured designs` });
  svg.append(...axes(view.across, view.up, view.box, { up: measure.head, across: costs[cost].head }), ...rectangle(view, limits), ...frontLine(best, view, cost));
  for (const design of points) if (!kept.has(design.key)) svg.append(draw("circle", { class: "hidden-point", cx: view.across.at(design[cost]), cy: view.up.at(design.value), r: 3 }));
  const said = draw("text", { class: "said", x: LEFT, y: 14 }, "");
  for (const design of chosen) svg.append(...mark(design, { view, cost, measure, isBest: front.has(design.key), said, choose }));
  if (own) svg.append(...current(own, view, cost));
  svg.append(said);
  place.replaceChildren(svg);
  if (focused) svg.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
  return view;
}

const ends = (design) => [design.low ?? design.value, design.high ?? design.value];

function scales(points, own, cost, measure, width) {
  const costs = points.map((design) => design[cost]), values = points.flatMap(ends);
  if (own) {
    costs.push(own.cost[cost]);
    if (own.quality.value !== null) values.push(own.quality.low, own.quality.high);
  }
  if (!values.length) values.push(0, measure.share ? 100 : 1);
  const box = { left: LEFT, right: width - RIGHT, top: TOP, bottom: HEIGHT - BOTTOM };
  const [low, high, least, most] = [values, costs].flatMap((numbers) => [numbers.reduce((a, b) => Math.min(a, b)), numbers.reduce((a, b) => Math.max(a, b))]);
  return { box, across: scale(least, most, { log: true, room: [box.left, box.right] }),
    up: scale(low, high, { log: false, room: [box.bottom, box.top], least: measure.share ? 5 : 0 }) };
}

function rectangle({ across, up, box }, [x, y]) {
  if (![...(x ?? []), ...(y ?? [])].some(Number.isFinite)) return [];
  const inside = (axis, value, open, low, high) => Math.min(high, Math.max(low, Number.isFinite(value) ? axis.at(value) : open));
  const [left, right] = [[x?.[0], box.left], [x?.[1], box.right]].map(([value, open]) => inside(across, value, open, box.left, box.right));
  const [bottom, top] = [[y?.[0], box.bottom], [y?.[1], box.top]].map(([value, open]) => inside(up, value, open, box.top, box.bottom));
  return [draw("rect", { class: "brushed", x: left, y: top, width: right - left, height: bottom - top })];
}

function frontLine(front, { across, up, box }, cost) {
  if (!front.length) return [];
  let path = `M${across.at(front[0][cost])} ${up.at(front[0].value)}`;
  for (const design of front.slice(1)) path += `H${across.at(design[cost])}V${up.at(design.value)}`;
  return [draw("path", { class: "front", d: `${path}H${box.right}` })];
}

function mark(design, { view: { across, up }, cost, measure, isBest, said, choose }) {
  const x = across.at(design[cost]), y = up.at(design.value), [low, high] = ends(design);
  const words = `${design.label}: ${shown(design, measure)}${design.interval ? ` (${design.interval})` : ""}, ${number(design[cost])}`;
  const say = () => { said.textContent = words; };
  const pick = (event) => { if (event.type === "click" || event.key === "Enter" || event.key === " ") { event.preventDefault(); choose(design); } };
  const whisker = low < high ? draw("line", { class: "whisker", x1: x, x2: x, y1: up.at(low), y2: up.at(high) }) : null;
  const dot = draw("circle", { class: isBest ? "point best" : "point", cx: x, cy: y, r: isBest ? 6 : 5, tabindex: 0, role: "button",
    "data-key": design.key, "aria-label": `load ${words}`, onclick: pick, onkeydown: pick, onmouseenter: say, onfocus: say });
  return whisker ? [whisker, dot] : [dot];
}

function current(own, { across, up, box }, cost) {
  const x = across.at(own.cost[cost]), { value, low, high, measured } = own.quality;
  if (value === null) {
    return [draw("line", { class: "range", x1: x, x2: x, y1: box.top, y2: box.bottom, "stroke-dasharray": "4 4" }),
      draw("text", { x: x + 5, y: box.top + 12 }, "this design")];
  }
  return [draw("line", { class: "range", x1: x, x2: x, y1: up.at(low), y2: up.at(high), "stroke-dasharray": measured ? null : "4 4" }),
    draw("circle", { class: "now", cx: x, cy: up.at(value), r: 9 })];
}
