// Ranges of numbers: two sliders each, or a rectangle that is drawn over a chart.

import { make, number } from "bitline/text.js";

const STEPS = 200;

// Sliders for the ends of a range; at their ends they leave it open.
export function rangeControl({ name, head, low, high, log, text }, changed) {
  const inside = log ? Math.log10 : (value) => value, outside = log ? (value) => 10 ** value : (value) => value;
  const [from, to] = [inside(low), inside(high)];
  const place = (value) => Math.round(STEPS * Math.min(1, Math.max(0, (inside(value) - from) / (to - from))));
  const value = (step) => outside(from + (step / STEPS) * (to - from));
  const words = ([least, most]) => [least > -Infinity ? `from ${text(least)}` : "", most < Infinity ? `to ${text(most)}` : ""].filter(Boolean).join(" ") || "all";
  let limits = [-Infinity, Infinity];
  const moved = (end) => (event) => {
    const step = Number(event.target.value);
    limits[end] = end === 0 ? (step === 0 ? -Infinity : value(step)) : step === STEPS ? Infinity : value(step);
    if (limits[0] > limits[1]) limits[1 - end] = limits[end];
    show();
    changed([...limits]);
  };
  const slider = (end, word) => make("input", { type: "range", min: 0, max: STEPS, id: `${name}-${end}`, autocomplete: "off",
    "aria-label": `${head}: ${word}`, oninput: moved(end) });
  const sliders = [slider(0, "at least"), slider(1, "at most")], output = make("output", {});
  const element = make("div", { class: "range", role: "group", "aria-label": head }, make("span", {}, head), ...sliders, output);
  function show() {
    sliders[0].value = limits[0] > -Infinity ? place(Math.max(low, limits[0])) : 0;
    sliders[1].value = limits[1] < Infinity ? place(Math.min(high, limits[1])) : STEPS;
    sliders[0].setAttribute("aria-valuetext", limits[0] > -Infinity ? text(limits[0]) : "no limit");
    sliders[1].setAttribute("aria-valuetext", limits[1] < Infinity ? text(limits[1]) : "no limit");
    output.value = words(limits);
  }
  show();
  return { element, set: (wanted) => { limits = [...wanted]; show(); } };
}

// Sliders for the objectives of a table that have a range at all.
export function rangeControls(columns, changed) {
  const found = {};
  for (const column of columns) {
    let low = Infinity, high = -Infinity;
    for (const value of column.data) if (Number.isFinite(value)) { if (value < low) low = value; if (value > high) high = value; }
    if (low < high) {
      const text = (value) => number(value, 3);
      found[column.name] = rangeControl({ name: `range-${column.name.replace(/\W+/g, "-")}`, head: column.head, low, high, log: low > 0 && column.better < 0, text },
        (limits) => changed(column.name, limits));
    }
  }
  return found;
}

const SMALLEST = 6; // pixels that a finger or a mouse may move in a click

// Draw a rectangle over an element: `brushed` gets its corners in pixels while it grows, `clicked` a point.
export function brush(element, { brushed, clicked }) {
  let begin = null;
  const at = (event) => { const box = element.getBoundingClientRect(); return [event.clientX - box.left, event.clientY - box.top]; };
  const far = (point) => Math.hypot(point[0] - begin[0], point[1] - begin[1]) > SMALLEST;
  let moving = false;
  element.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    begin = at(event);
    moving = false;
  });
  element.addEventListener("pointermove", (event) => {
    if (!begin) return;
    const point = at(event);
    if (!moving && far(point)) {
      moving = true;
      element.setPointerCapture(event.pointerId); // not before: what lies on the element has clicks of its own
    }
    if (moving) brushed([begin, point].map((each) => [...each]));
  });
  element.addEventListener("pointerup", (event) => {
    if (begin && !moving) clicked(at(event));
    begin = null;
  });
  element.addEventListener("pointercancel", () => { begin = null; }); // the finger scrolls the page
}
