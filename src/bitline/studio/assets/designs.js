// The table of measured designs, and two of them side by side.

import { byId, make, number } from "bitline/text.js";

export const COSTS = [["energy_uJ", "energy, µJ"],
  ["area_mm2", "area, mm²"], ["latency_us", "latency, µs"]];
const MOST = 200;
let sorted = { column: "value", up: null };

// Columns with the direction in which they are first sorted; few chips are called few.
const columns = (measure) => [["label", "design"], ["value", measure.head.replace(/ \((.*)\)$/, ", $1")], ["worst", "worst chip"],
  ["interval", "95 % interval of the mean"], ["chips", "chips"], ...COSTS];

export function showTable(designs, state) {
  const { key, chosen, measure, load, compare, redraw } = state;
  const place = byId("table");
  if (!designs.length) { place.replaceChildren(); return; }
  const focused = document.activeElement?.dataset?.act;
  const rows = [...designs].sort(order(measure)).slice(0, MOST);
  const head = make("tr", {}, ...columns(measure).map(([name, title]) => header(name, title, measure, redraw)), make("th", { scope: "col" }, "actions"));
  const body = rows.map((design) => make("tr", { class: design.key === key ? "same" : null },
    make("td", { class: "wide" }, design.label, design.error ? make("div", { class: "worse" }, `failed: ${design.error}`) : null),
    ...[design.text, design.worst, design.interval].map((text) => make("td", { class: "number" }, text)),
    make("td", { class: "number", title: design.few || null }, design.few ? `${design.chips}, few` : String(design.chips || "")),
    ...COSTS.map(([name]) => make("td", { class: "number" }, number(design[name]))),
    make("td", {}, button("load", design, load), " ", button(chosen.includes(design.key) ? "chosen" : "compare", design, compare, chosen.includes(design.key)))));
  place.replaceChildren(make("table", {}, make("caption", { class: "soft" }, designs.length > MOST ? `${MOST} of ${designs.length} designs` : ""),
    make("thead", {}, head), make("tbody", {}, ...body)));
  if (focused) place.querySelector(`[data-act="${CSS.escape(focused)}"]`)?.focus();
}

function button(word, design, act, pressed) {
  return make("button", { class: "button", type: "button", "data-act": `${pressed === undefined ? "load" : "compare"} ${design.key}`,
    "aria-pressed": pressed === undefined ? null : String(pressed), "aria-label": `${word} ${design.label}`, onclick: () => act(design) }, word);
}

// The best first: the largest of a measure where higher is better, the smallest cost.
const bestFirst = (name, measure) => ["value", "worst"].includes(name) ? measure.sign < 0 : name !== "chips";
const isUp = (measure) => sorted.up ?? bestFirst(sorted.column, measure);

function header(name, title, measure, redraw) {
  const direction = sorted.column === name ? (isUp(measure) ? "ascending" : "descending") : "none";
  const sort = () => { sorted = { column: name, up: sorted.column === name ? !isUp(measure) : bestFirst(name, measure) }; redraw(); };
  return make("th", { scope: "col", class: name === "label" ? null : "number", "aria-sort": direction }, make("button", { type: "button", "data-act": `sort ${name}`, onclick: sort }, title));
}

const order = (measure) => (a, b) => {
  const [x, y] = [a[sorted.column], b[sorted.column]];
  if (x === null || x === undefined || x === "") return 1;
  if (y === null || y === undefined || y === "") return -1;
  const way = typeof x === "string" ? x.localeCompare(y, "en", { numeric: true }) : x - y;
  return isUp(measure) ? way : -way;
};

export function showCompared(found, names, measure) {
  const place = byId("compared");
  byId("compare").hidden = false;
  const table = (title, rows) => rows.length ? make("table", {}, make("caption", { class: "soft" }, title), make("thead", {},
    make("tr", {}, ...["", ...names, ""].map((name, at) => make("th", { scope: "col", class: at && name ? "number" : null }, name)))), make("tbody", {}, ...rows)) : null;
  const row = (name, values, last = "", worse = false) => make("tr", {}, make("th", { scope: "row" }, name),
    ...values.map((value) => make("td", { class: "number" }, value)), make("td", { class: worse ? "worse" : null }, last));
  const settings = Object.entries(found.settings).map(([name, values]) => row(name, values));
  const ratio = ([first, second]) => first && second ? `${number(second / first)}×` : "";
  const results = [row(measure.head, found.measured, found.difference),
    ...COSTS.map(([name, title]) => row(title, found.cost[name].map((value) => number(value)), ratio(found.cost[name])))];
  const layers = found.layers.map(([name, first, second]) => row(name, [first, second].map((value) => value === null ? "" : value.toFixed(1)),
    first !== null && second !== null ? `${second - first > 0 ? "+" : ""}${(second - first).toFixed(1)}` : "", second - first < -3));
  place.replaceChildren(...[table("results", results), table("settings that differ", settings),
    table("own signal-to-error ratio of every layer, dB", layers)].filter(Boolean));
}
