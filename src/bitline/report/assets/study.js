// The page: its charts, and the designs to choose from.

import { drawCharts } from "bitline/charts.js";
import { chosen, frontOf } from "bitline/choose.js";
import { frontChart } from "bitline/front.js";
import { unpacked } from "bitline/packed.js";
import { rangeControls } from "bitline/ranges.js";
import { designTable } from "bitline/table.js";
import { byId, make } from "bitline/text.js";

const read = (id) => JSON.parse(byId(id)?.textContent ?? "null");
const table = read("packed"), designs = read("in-full"), lines = read("lines");

async function chooser() {
  const columns = await unpacked(table), named = (name) => columns.find((column) => column.name === name);
  const everything = { columns, size: table.size }, objectives = columns.filter((column) => column.better);
  const [measure, ...costs] = objectives, drawn = costs.filter(({ data }) => data.some((value, row) => value > 0 && !Number.isNaN(measure.data[row])));
  const search = byId("filter"), details = byId("details"), only = byId("only-front"), against = byId("cost");
  const keys = Object.fromEntries(Object.entries(designs).map(([key, { row }]) => [row, key]));
  let limits = {}, mask = null, front = [], open = null, opener = null, waiting = false;

  const settings = columns.filter((column) => column.setting);
  const label = (row) => settings.map((column) => (column.text(row) ? [column.word, column.text(row)].filter(Boolean).join(" ") : "")).filter(Boolean).join(", ");
  const unit = measure.unit ? ` ${measure.unit}` : "";
  const rows = designTable(everything, { label, open: show, changed: refresh });
  const controls = rangeControls(objectives, (name, range) => { limits[name] = range; later(); });
  const chart = drawn.length ? frontChart(byId("front"), { measure, opened: (row) => show(row, byId("front")),
    says: (row) => `${label(row)}: ${measure.text(row)}${unit}, ${named(against.value).text(row)}`,
    brushed: (wanted) => { limits = { ...limits, ...wanted }; for (const [name, range] of Object.entries(wanted)) controls[name]?.set(range); later(); } }) : null;

  function refresh() {
    mask = chosen(everything, { query: search.value, limits });
    if (chart) {
      const cost = named(against.value);
      front = frontOf(mask, cost, measure, measure.better);
      if (only.checked) { mask.fill(0); for (const row of front) mask[row] = 1; }
      redraw();
    }
    rows.fill(mask);
    byId("clear").disabled = !search.value && !only.checked && !Object.values(limits).flat().some(Number.isFinite);
  }

  function redraw() {
    if (!chart || !mask) return;
    const cost = named(against.value);
    chart.show({ cost, mask, front, limits, open });
    byId("front").setAttribute("aria-label", `${measure.head} against ${cost.head}: ${byId("count").textContent || "all designs"}, ${front.length} of them on the front. Sliders and the table below choose, too.`);
  }

  // many moves of a slider or a finger in one frame are one
  function later() {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; refresh(); });
  }

  // A design in full, or what it differs in where the page has no more of it.
  function show(row, from) {
    [open, opener] = [row, from];
    const known = designs[keys[row]];
    details.querySelector("pre").textContent = known ? known.design.map((number) => lines[number]).join("\n")
      : settings.filter((column) => column.value(row) !== null).map((column) => `${column.name} = ${JSON.stringify(column.value(row))}`).join("\n");
    details.querySelector("p").textContent = known ? "" : "What differs from the design of the study:";
    details.querySelector("h3").textContent = label(row);
    details.hidden = false;
    details.scrollIntoView({ block: "nearest" });
    details.focus({ preventScroll: true });
    rows.mark(row);
    redraw();
  }

  function close() {
    details.hidden = true;
    open = null;
    rows.mark(null);
    redraw();
    if (opener?.isConnected) { opener.focus(); opener.scrollIntoView({ block: "nearest" }); }
  }

  against.append(...drawn.map((column) => make("option", { value: column.name }, column.head)));
  byId("ranges").append(...Object.values(controls).map(({ element }) => element));
  for (const part of document.querySelectorAll(".with-front")) part.hidden = !chart;
  byId("clear").addEventListener("click", () => {
    [search.value, only.checked, limits] = ["", false, {}];
    for (const control of Object.values(controls)) control.set([-Infinity, Infinity]);
    refresh();
    search.focus();
  });
  byId("close").addEventListener("click", close);
  details.addEventListener("keydown", (event) => { if (event.key === "Escape") close(); });
  search.addEventListener("input", refresh);
  for (const part of [only, against]) part.addEventListener("change", refresh);
  addEventListener("resize", redraw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  refresh();
  redraw();
  return (key, place) => { if (key in designs) show(designs[key].row, place); };
}

const opened = table ? chooser() : Promise.resolve(() => {});
drawCharts(async (key, place) => (await opened)(key, place));
