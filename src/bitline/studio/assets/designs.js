// The table of measured designs, and two of them side by side.

import { byId, make, number, percent } from "studio/text.js";

const COLUMNS = [["label", "design"], ["accuracy", "accuracy"], ["chips", "chips"], ["energy_uJ", "energy, µJ"],
  ["area_mm2", "area, mm²"], ["latency_us", "latency, µs"]];
const MOST = 200;
let sorted = { column: "accuracy", up: false };

export function showTable(designs, state) {
  const { key, chosen, load, compare, redraw } = state;
  const place = byId("table");
  if (!designs.length) { place.replaceChildren(); return; }
  const focused = document.activeElement?.dataset?.act;
  const rows = [...designs].sort(order).slice(0, MOST);
  const head = make("tr", {}, ...COLUMNS.map(([name, title]) => header(name, title, redraw)), make("th", { scope: "col" }, "actions"));
  const body = rows.map((design) => make("tr", { class: design.key === key ? "same" : null },
    make("td", { class: "wide" }, design.label, design.error ? make("div", { class: "worse" }, `failed: ${design.error}`) : null),
    make("td", { class: "number" }, accuracy(design)),
    make("td", { class: "number" }, String(design.chips || "")),
    ...["energy_uJ", "area_mm2", "latency_us"].map((name) => make("td", { class: "number" }, number(design[name]))),
    make("td", {}, button("load", design, load), " ", button(chosen.includes(design.key) ? "chosen" : "compare", design, compare, chosen.includes(design.key)))));
  place.replaceChildren(make("table", {}, make("caption", { class: "soft" }, designs.length > MOST ? `${MOST} of ${designs.length} designs` : ""),
    make("thead", {}, head), make("tbody", {}, ...body)));
  if (focused) place.querySelector(`[data-act="${CSS.escape(focused)}"]`)?.focus();
}

function button(word, design, act, pressed) {
  return make("button", { class: "button", type: "button", "data-act": `${pressed === undefined ? "load" : "compare"} ${design.key}`,
    "aria-pressed": pressed === undefined ? null : String(pressed), "aria-label": `${word} ${design.label}`, onclick: () => act(design) }, word);
}

function header(name, title, redraw) {
  const direction = sorted.column === name ? (sorted.up ? "ascending" : "descending") : "none";
  const sort = () => { sorted = { column: name, up: sorted.column === name ? !sorted.up : name !== "accuracy" }; redraw(); };
  return make("th", { scope: "col", class: name === "label" ? null : "number", "aria-sort": direction }, make("button", { type: "button", "data-act": `sort ${name}`, onclick: sort }, title));
}

function order(a, b) {
  const [x, y] = [a[sorted.column], b[sorted.column]];
  if (x === null || x === undefined) return 1;
  if (y === null || y === undefined) return -1;
  const way = typeof x === "string" ? x.localeCompare(y, "en", { numeric: true }) : x - y;
  return sorted.up ? way : -way;
}

function accuracy(design) {
  if (design.accuracy === null) return design.screened === null ? "" : `~${percent(design.screened, 2)}`;
  return `${percent(design.accuracy, 2)}${design.half === null ? "" : ` ± ${(100 * design.half).toFixed(2)}`}`;
}

export function showCompared(found, names) {
  const place = byId("compared");
  byId("compare").hidden = false;
  const table = (title, rows) => rows.length ? make("table", {}, make("caption", { class: "soft" }, title), make("thead", {},
    make("tr", {}, ...["", ...names, ""].map((name, at) => make("th", { scope: "col", class: at && name ? "number" : null }, name)))), make("tbody", {}, ...rows)) : null;
  const row = (name, values, last = "", worse = false) => make("tr", {}, make("th", { scope: "row" }, name),
    ...values.map((value) => make("td", { class: "number" }, value)), make("td", { class: worse ? "worse" : null }, last));
  const settings = Object.entries(found.settings).map(([name, values]) => row(name, values));
  const ratio = ([first, second]) => first && second ? `${number(second / first)}×` : "";
  const results = [row("accuracy", found.accuracy.map((share) => percent(share, 2)), difference(found.difference)),
    ...Object.entries({ energy_uJ: "energy, µJ", area_mm2: "area, mm²", latency_us: "latency, µs" })
      .map(([name, title]) => row(title, found.cost[name].map((value) => number(value)), ratio(found.cost[name])))];
  const layers = found.layers.map(([name, first, second]) => row(name, [first, second].map((value) => value === null ? "" : value.toFixed(1)),
    first !== null && second !== null ? `${second - first > 0 ? "+" : ""}${(second - first).toFixed(1)}` : "", second - first < -3));
  place.replaceChildren(...[table("results", results), table("settings that differ", settings),
    table("own signal-to-error ratio of every layer, dB", layers)].filter(Boolean));
}

function difference(found) {
  if (!found) return "";
  const points = (share) => `${share > 0 ? "+" : ""}${(100 * share).toFixed(2)}`;
  return `${points(found[0])} points, 95 % from ${points(found[1])} to ${points(found[2])}`;
}
