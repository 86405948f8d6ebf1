// A chart of all designs, a measure against a cost, on which a rectangle chooses some.

import { drawPoints } from "bitline/points.js";
import { brush } from "bitline/ranges.js";
import { axes, scale } from "bitline/scales.js";
import { draw, make } from "bitline/text.js";

const LEFT = 56, RIGHT = 14, TOP = 34, BOTTOM = 46;
const MANY = 3000; // points that are drawn smaller and fainter
const REACH = 14; // pixels from a point in which it is pointed at

// `says` has the words of a row; `brushed` gets limits by column, and `opened` the row that is clicked.
export function frontChart(place, { measure, says, brushed, opened }) {
  const canvas = make("canvas", { "aria-hidden": "true" }), over = draw("svg", { "aria-hidden": "true" }), said = make("p", { class: "said", "aria-hidden": "true" });
  place.append(over, canvas, said);
  let view = null, shape = "";

  function show(state) {
    if (!place.clientWidth) return;
    const { cost, mask, front, limits, open } = state;
    const now = `${cost.name} ${place.clientWidth} ${place.clientHeight}`;
    if (now !== shape) { view = placed(place, cost, measure); shape = now; }
    const style = getComputedStyle(place), colour = (name) => style.getPropertyValue(name).trim();
    const others = [], kept = [], { xs, ys } = view;
    for (const row of view.rows) (mask[row] ? kept : others).push(row);
    const small = view.rows.length > MANY;
    const layer = { xs, ys, radius: small ? 1.2 : 4, opacity: small ? 0.45 : 0.8 };
    drawPoints(canvas, [
      { ...layer, rows: others, colour: colour("--faint"), opacity: layer.opacity / 2 },
      { ...layer, rows: kept, colour: colour("--accent") },
      { xs, ys, rows: front.filter((row) => !Number.isNaN(xs[row])), radius: small ? 2.5 : 5.5, opacity: 1, colour: colour("--best") },
    ]);
    over.setAttribute("viewBox", `0 0 ${place.clientWidth} ${place.clientHeight}`);
    over.replaceChildren(...axes(view.across, view.up, view.box, { up: measure.head, across: cost.head }), ...steps(front), ...rectangle(limits, cost), ...ring(open));
    view.mask = mask;
    view.cost = cost;
  }

  function steps(front) {
    const known = front.filter((row) => !Number.isNaN(view.xs[row]));
    if (!known.length) return [];
    const [first, ...rest] = known.map((row) => [view.xs[row], view.ys[row]]);
    return [draw("path", { class: "front", d: `M${first}${rest.map(([x, y]) => `H${x}V${y}`).join("")}H${view.box.right}` })];
  }

  function rectangle(limits, cost) {
    const { across, up, box } = view, [x, y] = [limits[cost.name], limits[measure.name]];
    if (![...(x ?? []), ...(y ?? [])].some(Number.isFinite)) return [];
    const within = (value, low, high) => Math.min(high, Math.max(low, value));
    const end = (value, axis, open) => (Number.isFinite(value) ? axis.at(value) : open);
    const left = within(end(x?.[0], across, box.left), box.left, box.right), right = within(end(x?.[1], across, box.right), box.left, box.right);
    const bottom = within(end(y?.[0], up, box.bottom), box.top, box.bottom), top = within(end(y?.[1], up, box.top), box.top, box.bottom);
    return [draw("rect", { class: "brushed", x: left, y: top, width: right - left, height: bottom - top })];
  }

  const ring = (row) => (row === null || Number.isNaN(view.xs[row]) ? [] : [draw("circle", { class: "open", cx: view.xs[row], cy: view.ys[row], r: 8 })]);

  function nearest([x, y]) {
    let found = null, least = REACH ** 2;
    for (const row of view.rows) {
      const distance = (view.xs[row] - x) ** 2 + (view.ys[row] - y) ** 2;
      if (view.mask[row] && distance < least) [found, least] = [row, distance];
    }
    return found;
  }

  place.addEventListener("pointermove", (event) => {
    const box = place.getBoundingClientRect(), row = view && nearest([event.clientX - box.left, event.clientY - box.top]);
    said.textContent = row === null ? "" : says(row);
  });
  place.addEventListener("pointerleave", () => { said.textContent = ""; });
  brush(place, {
    brushed: ([[x, y], [z, w]]) => {
      const { across, up, box, cost } = view;
      const ends = (a, b, axis, low, high) => {
        const [first, last] = [Math.min(a, b), Math.max(a, b)], open = [first <= low, last >= high];
        const values = [axis.back(first), axis.back(last)].sort((p, q) => p - q);
        return axis === up ? [open[1] ? -Infinity : values[0], open[0] ? Infinity : values[1]] : [open[0] ? -Infinity : values[0], open[1] ? Infinity : values[1]];
      };
      brushed({ [cost.name]: ends(x, z, across, box.left, box.right), [measure.name]: ends(y, w, up, box.top, box.bottom) });
    },
    clicked: (point) => { const row = view && nearest(point); if (row !== null) opened(row); },
  });
  return { show };
}

// Where all rows lie, in pixels; NaN where a number is unknown.
function placed(place, cost, measure) {
  const box = { left: LEFT, right: place.clientWidth - RIGHT, top: TOP, bottom: place.clientHeight - BOTTOM };
  const rows = [], x = cost.data, y = measure.data;
  let [least, most, low, high] = [Infinity, -Infinity, Infinity, -Infinity];
  for (let row = 0; row < x.length; row += 1) {
    if (!(x[row] > 0 && Number.isFinite(x[row]) && Number.isFinite(y[row]))) continue;
    rows.push(row);
    [least, most] = [Math.min(least, x[row]), Math.max(most, x[row])];
    [low, high] = [Math.min(low, y[row]), Math.max(high, y[row])];
  }
  if (!rows.length) [least, most, low, high] = [1, 10, 0, 1];
  const across = scale(least, most, { log: true, room: [box.left, box.right] });
  const up = scale(low, high, { log: false, room: [box.bottom, box.top] });
  const xs = new Float32Array(x.length).fill(NaN), ys = new Float32Array(x.length).fill(NaN);
  for (const row of rows) { xs[row] = across.at(x[row]); ys[row] = up.at(y[row]); }
  return { box, rows, across, up, xs, ys };
}
