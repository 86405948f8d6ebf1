// Places of numbers on the axes of a chart, and the numbers written there.

import { draw, number } from "bitline/text.js";

// A scale from numbers to pixels. `room` is [first, last] pixel; what has one value only gets some room.
export function scale(low, high, { log, room, least = 0 }) {
  const inside = (value) => (log ? Math.log10(value) : value);
  let [from, to] = [inside(low), inside(high)];
  const narrow = log ? 0.3 : least || 0.05 * Math.max(Math.abs(low), Math.abs(high)) || 1;
  if (to - from < narrow) [from, to] = [from - narrow / 2, to + narrow / 2];
  const margin = 0.04 * (to - from);
  [from, to] = [from - margin, to + margin];
  const [first, last] = room;
  return {
    log, from, to,
    at: (value) => first + ((inside(value) - from) / (to - from)) * (last - first),
    back: (pixel) => { const place = from + ((pixel - first) / (last - first)) * (to - from); return log ? 10 ** place : place; },
  };
}

export function ticks({ log, from, to }) {
  if (!log) return evenTicks(from, to);
  if (to - from < 0.9) return evenTicks(10 ** from, 10 ** to);
  const found = [];
  for (let power = Math.floor(from); power <= to; power += 1) {
    for (const times of to - from < 2.2 ? [1, 2, 5] : [1]) {
      const value = times * 10 ** power;
      if (Math.log10(value) >= from && Math.log10(value) <= to) found.push(value);
    }
  }
  return found;
}

function evenTicks(low, high) {
  const rough = (high - low) / 5, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find((times) => times * power >= rough) * power;
  const found = [];
  for (let place = Math.ceil(low / step); place * step <= high + 1e-9 * step; place += 1) found.push(place * step);
  return found;
}

const LETTER = 7.5; // pixels, about
const short = (value) => (Math.abs(value) >= 1e7 ? value.toExponential(0).replace("+", "") : number(value, 3));

// Lines and numbers of both axes, as SVG, in a box of pixels.
export function axes(across, up, { left, right, top, bottom }, titles) {
  const parts = [];
  for (const value of ticks(up)) {
    const y = up.at(value);
    parts.push(draw("line", { class: "grid", x1: left, x2: right, y1: y, y2: y }));
    parts.push(draw("text", { x: left - 8, y: y + 4, "text-anchor": "end" }, number(value, 3)));
  }
  const marks = ticks(across).map((value) => [across.at(value), short(value)]);
  const widest = LETTER * Math.max(...marks.map(([, text]) => text.length)) + 12, every = Math.ceil((marks.length * widest) / (right - left));
  for (const [x, text] of marks.filter((_, index) => index % every === 0)) {
    parts.push(draw("line", { class: "grid", x1: x, x2: x, y1: top, y2: bottom }));
    parts.push(draw("text", { x, y: bottom + 17, "text-anchor": "middle" }, text));
  }
  parts.push(draw("text", { x: 4, y: top - 12, class: "head" }, titles.up));
  parts.push(draw("text", { x: (right + left) / 2, y: bottom + 38, "text-anchor": "middle" }, titles.across));
  return parts;
}
