// The page: what is built, what is measured, and what the store says.

import { drawChart } from "bitline/chart.js";
import { chosen as fitting, frontOf } from "bitline/choose.js";
import { showControls } from "bitline/controls.js";
import { COSTS, showCompared, showTable } from "bitline/designs.js";
import { brush, rangeControls } from "bitline/ranges.js";
import { act, read, Refused } from "bitline/server.js";
import { byId, draw, duration, make, number, percent, saveAs } from "bitline/text.js";

const COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#f0e442", "#7a4e2d", "#6a3d9a", "#b2df8a", "#fb9a99"];
const OTHERS = "#999999";
const EVERY_MS = 1500;

let settings = {}, now = null, known = { designs: [], measure: { name: "", head: "", unit: "", sign: 1, share: true }, costs: {} }, chosen = [], waiting = null, missed = 0;

// -- the design that is built

let chain = Promise.resolve(), pending = null;

// One question after the other: each begins with the settings that the one before has left.
function ask(change = null, wanted = null) {
  chain = chain.then(() => asked(change, wanted));
  return chain;
}

async function asked(change, wanted) {
  try {
    now = await act("design", { settings: wanted ?? settings, change });
    settings = now.settings;
    if (change || wanted) alarm("");
    showDesign();
  } catch (error) {
    alarm(error.message);
    if (now) showControls(now.controls, changed, pending?.name); // as it was before the change that is refused
  }
}

function changed(name, value) {
  if (pending && pending.name !== name) flush();
  pending = { name, value };
  clearTimeout(waiting);
  waiting = setTimeout(flush, 60);
}

function flush() {
  if (pending) ask(pending);
  pending = null;
}

function load(design) {
  ask(null, design.settings).then(() => { byId("label").scrollIntoView({ block: "nearest" }); status(`loaded ${design.label}`); });
}

function showDesign() {
  showControls(now.controls, changed, pending?.name);
  byId("label").textContent = now.label;
  byId("chain").innerHTML = now.chain;
  byId("measure").disabled = now.quality.measured && !isPartial(now.key);
  byId("measure").textContent = byId("measure").disabled ? "measured" : "measure";
  showNumbers();
  redraw();
}

const isPartial = (key) => known.designs.some((design) => design.key === key && !design.finished && !design.error);

function showNumbers() {
  const { quality, cost } = now;
  const card = (value, name, small = "") => make("div", {}, make("b", {}, value || "–"), name, small ? make("small", {}, small) : null);
  const cards = [card(quality.text, quality.name, quality.interval)];
  if (cost) {
    cards.push(card(`${number(cost.energy_uJ)} µJ`, known.costs.energy_uJ?.name ?? "energy", `${number(cost.TOPS_per_W)} TOPS/W`),
      card(`${number(cost.area_mm2)} mm²`, "area", cost.library), card(`${number(cost.latency_us)} µs`, "latency"));
  }
  byId("numbers").replaceChildren(...cards);
  byId("words").textContent = [quality.words, now.about_cost].filter(Boolean).join("; ");
  byId("parts").replaceChildren(...(cost ? [shares("energy", cost.energy_parts, cost.area_parts), shares("area", cost.area_parts, cost.energy_parts)] : []));
}

function shares(title, parts, others) {
  const names = [...new Set([...parts, ...others].map(([name]) => name))].filter((name) => name !== "others");
  const colour = (name) => name === "others" ? OTHERS : COLOURS[names.sort().indexOf(name) % COLOURS.length];
  const bar = draw("svg", { class: "share", viewBox: "0 0 100 4", preserveAspectRatio: "none", role: "img",
    "aria-label": `${title}: ${parts.map(([name, share]) => `${name} ${percent(share, 0)}`).join(", ")}` });
  let at = 0;
  for (const [name, share] of parts) {
    bar.append(draw("rect", { x: 100 * at, y: 0, width: 100 * share, height: 4, fill: colour(name) }));
    at += share;
  }
  const keys = parts.map(([name, share]) => make("span", {}, draw("svg", { viewBox: "0 0 10 10", "aria-hidden": "true" },
    draw("rect", { width: 10, height: 10, rx: 2, fill: colour(name) })), `${name} ${percent(share, 0)}`));
  return make("div", {}, make("span", { class: "soft" }, title), bar, make("div", { class: "keys" }, ...keys));
}

// -- what is measured

// The designs as columns of numbers, from which one chooses, and the sliders for them.
let table = null, limits = {}, sliders = {}, view = null, front = new Set(), waits = false;

function settingColumns(designs) {
  return [...new Set(designs.flatMap((design) => Object.keys(design.settings)))].map((name) => {
    const texts = designs.map((design) => (name in design.settings ? String(design.settings[name]) : null)), labels = [...new Set(texts)].filter((text) => text !== null);
    const values = labels.map((text) => (Number.isNaN(Number(text)) ? text : Number(text)));
    return { name, head: name, labels, values, data: Uint32Array.from(texts, (text) => labels.indexOf(text) + 1) };
  });
}

function tabulate() {
  const { designs, measure } = known, numbers = (name) => Float64Array.from(designs, (design) => design[name] ?? NaN);
  const labels = designs.map((design) => design.label);
  const columns = [...settingColumns(designs), { name: "design", head: "design", labels, values: labels, data: Uint32Array.from(labels, (_, place) => place + 1) },
    { name: measure.name, head: measure.head, better: measure.sign, data: numbers("value") },
    ...COSTS.map(([name, head]) => ({ name, head, better: -1, data: numbers(name) })), { name: "chips", head: "chips", data: numbers("chips") }];
  table = { size: designs.length, columns };
  const open = byId("ranges").contains(document.activeElement) ? document.activeElement.id : null;
  sliders = rangeControls(columns.filter((column) => column.better), (name, range) => { limits[name] = range; later(); });
  for (const [name, range] of Object.entries(limits)) sliders[name]?.set(range);
  byId("ranges").replaceChildren(...Object.values(sliders).map(({ element }) => element));
  if (open) byId(open)?.focus();
}

const named = (name) => table.columns.find((column) => column.name === name);

function visible() {
  if (!table) tabulate();
  const mask = fitting(table, { query: byId("filter").value, limits });
  const rows = frontOf(mask, named(byId("cost").value), named(known.measure.name), known.measure.sign);
  front = new Set(rows.map((row) => known.designs[row].key));
  return known.designs.filter((design, row) => (byId("only-front").checked ? front.has(design.key) : mask[row]));
}

// many moves of a slider or a finger in one frame are one
function later() {
  if (waits) return;
  waits = true;
  requestAnimationFrame(() => { waits = false; redraw(); });
}

brush(byId("chart"), { clicked: () => {}, brushed: ([[x, y], [z, w]]) => {
  if (!view) return;
  const ends = (axis, one, other) => [axis.back(one), axis.back(other)].sort((a, b) => a - b);
  const wanted = { [byId("cost").value]: ends(view.across, x, z), [known.measure.name]: ends(view.up, y, w) };
  limits = { ...limits, ...wanted };
  for (const [name, range] of Object.entries(wanted)) sliders[name]?.set(range);
  later();
} });

const counted = (count) => `${count} design${count === 1 ? "" : "s"}`;

function redraw() {
  const designs = visible();
  const cost = byId("cost").value;
  view = drawChart(known.designs, cost, { now, measure: known.measure, costs: known.costs, choose: load, kept: new Set(designs.map((design) => design.key)), front,
    limits: [limits[cost], limits[known.measure.name]] });
  byId("clear").disabled = !byId("filter").value && !byId("only-front").checked && !Object.values(limits).flat().some(Number.isFinite);
  showTable(designs, { key: now?.key, chosen, measure: known.measure, load, compare, redraw });
  byId("count").textContent = designs.length === known.designs.length ? counted(designs.length) : `${designs.length} of ${counted(known.designs.length)}`;
}

async function compare(design) {
  chosen = chosen.includes(design.key) ? chosen.filter((key) => key !== design.key) : [...chosen.slice(-1), design.key];
  redraw();
  if (chosen.length < 2) { status(chosen.length ? "choose a second design to compare" : ""); return; }
  try {
    const names = chosen.map((key) => known.designs.find((other) => other.key === key)?.label ?? key);
    showCompared(await read("compare", { first: chosen[0], second: chosen[1] }), names, known.measure);
    byId("compare-title").focus();
  } catch (error) { alarm(error.message); }
}

function showProgress() {
  const { progress, measuring } = known, place = byId("progress");
  const parts = [];
  if (measuring.now) {
    const { label, done, total } = measuring.now;
    parts.push(make("div", {}, make("progress", { max: total, value: done, "aria-label": "measuring" }), `measuring ${label || "the design"}: ${done} of ${total} tasks`,
      measuring.waiting.length ? `; ${measuring.waiting.length} more wait` : ""));
  } else if (progress?.in_use) {
    const left = progress.left_s ? `, about ${duration(progress.left_s)} left` : "";
    const best = progress.best ? `, best so far ${progress.best.text}` : "";
    parts.push(make("div", {}, make("progress", { max: progress.designs, value: progress.finished, "aria-label": "designs finished" }),
      `a run writes to ${known.store}: ${progress.finished} of ${progress.designs} designs${best}${progress.failed ? `, ${progress.failed} failed` : ""}${left}`));
  }
  place.replaceChildren(...parts);
  byId("cancel").hidden = !measuring.now;
}

async function look() {
  try {
    const before = JSON.stringify(known.designs), was = known.measuring?.now;
    known = await read("state");
    missed = 0;
    byId("title").textContent = `${known.title}, kept in ${known.store}${known.float ? `; floating point ${known.float}` : ""}`;
    if (known.error) alarm(known.error);
    if (known.measuring.error) alarm(`not measured: ${known.measuring.error}`);
    showProgress();
    if (was && !known.measuring.now) status(`measured ${was.label || "the design"}`);
    if (JSON.stringify(known.designs) !== before) { table = null; await ask(); }
  } catch (error) {
    missed += 1;
    if (missed === 2) alarm(error instanceof Refused ? error.message : "the studio does not answer: is 'bitline studio' still running?");
  }
  setTimeout(look, document.hidden ? 4 * EVERY_MS : EVERY_MS);
}

// -- buttons

const status = (text) => { byId("status").textContent = text; };
const alarm = (text) => { if (byId("alarm").textContent !== text) byId("alarm").textContent = text; };

async function tried(work) {
  try { alarm(""); await work(); } catch (error) { alarm(error.message); }
}

byId("measure").addEventListener("click", () => tried(async () => {
  known.measuring = await act("measure", { settings });
  status(`measuring ${now.label}`);
  showProgress();
}));
byId("cancel").addEventListener("click", () => tried(async () => { await act("cancel"); status("stopping after this task"); }));
byId("toml").addEventListener("click", () => tried(async () => saveAs(await act("toml", { settings }), "design.toml", "application/toml")));
byId("report").addEventListener("click", () => tried(async () => saveAs(await read("report"), `${known.store.replace(/\.sqlite$/, "")}.html`, "text/html")));
byId("controls").addEventListener("submit", (event) => event.preventDefault());
for (const name of ["cost", "only-front"]) byId(name).addEventListener("change", redraw);
addEventListener("resize", () => { if (now) redraw(); });
byId("filter").addEventListener("input", redraw);
byId("clear").addEventListener("click", () => {
  limits = {};
  byId("filter").value = "";
  byId("only-front").checked = false;
  for (const slider of Object.values(sliders)) slider.set([-Infinity, Infinity]);
  redraw();
  byId("filter").focus();
});

await look(); // first, as what is drawn of a design is named by what the store says
if (!now) await ask();
