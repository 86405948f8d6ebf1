// The charts that Plotly draws, in the colours of the page.

import { inflated } from "bitline/packed.js";
import { byId } from "bitline/text.js";

const figures = JSON.parse(byId("figures").textContent);
const dark = matchMedia("(prefers-color-scheme: dark)");

// Plotly's script lies packed in the page: a report is less than half as large, and still needs no network.
async function library() {
  const element = document.createElement("script");
  element.textContent = new TextDecoder().decode(await inflated(byId("plotly").textContent));
  document.head.append(element);
}

const isNarrow = () => document.documentElement.clientWidth < 600;

function themed({ layout, data }) {
  const style = getComputedStyle(document.documentElement);
  const ink = style.getPropertyValue("--ink").trim(), line = style.getPropertyValue("--line").trim();
  const axis = { gridcolor: line, zerolinecolor: line, linecolor: line, automargin: true, exponentformat: "power" };
  const themedLayout = { ...layout, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    font: { color: ink, size: 13 }, margin: { t: 56, r: 16, b: 56, l: 64 }, autosize: true };
  for (const name of ["xaxis", "yaxis"]) themedLayout[name] = { ...axis, ...(layout[name] || {}) };
  const narrow = isNarrow();
  if (layout.title) themedLayout.title = { ...layout.title, x: 0.01, xref: "container", xanchor: "left", font: { size: narrow ? 13 : 15, weight: 600 },
    text: narrow ? wrapped(layout.title.text, 44) : layout.title.text };
  return narrow ? onPhone(themedLayout, data) : themedLayout;
}

// On a phone words have lines of their own length: names of rows and axes are broken, and rows as high as their names.
function onPhone(layout, data) {
  const { xaxis, yaxis, legend } = layout;
  const changed = { ...layout, margin: { t: 64, r: 26, b: 48, l: 48 } };
  if (xaxis.title) changed.xaxis = { ...xaxis, title: { ...xaxis.title, text: wrapped(xaxis.title.text ?? "", 28), font: { size: 13 } } };
  const isMap = data.some((trace) => trace.type === "heatmap");
  const names = yaxis.type === "category" ? [...new Set(data.flatMap((trace) => trace.y.map(String)))] : [];
  const longest = Math.max(0, ...names.map((name) => name.length));
  if (isMap && longest > 16) changed.yaxis = { ...yaxis, showticklabels: false };
  if (isMap || yaxis.autorange !== "reversed") return changed;
  const texts = names.map((name) => wrapped(name, NAME)), lines = Math.max(1, ...texts.map((text) => text.split("<br>").length));
  const entries = data.flatMap((trace) => trace.showlegend === false ? [] : (trace.name ?? "").split("<br>")).length;
  changed.height = 190 + names.length * Math.max(24, 15 * lines + 6) + 20 * entries;
  changed.legend = { ...legend, xref: "container", x: 0.01 };
  if (longest > NAME) changed.yaxis = { ...yaxis, title: undefined, tickmode: "array", tickvals: names, ticktext: texts, tickfont: { size: 12 } };
  return changed;
}

const NAME = 22, ENTRY = 44; // letters of a name of a row, and of an entry of a legend, that a phone has room for

const toldOnPhone = (trace) => (trace.name ? { ...trace, name: wrapped(trace.name, ENTRY) } : trace);

function wrapped(text, longest) {
  const found = [""];
  for (const word of text.split(" ")) {
    if (found.at(-1) && (found.at(-1) + " " + word).length > longest) found.push(word);
    else found.push([found.pop(), word].filter(Boolean).join(" "));
  }
  return found.join("<br>");
}

// Draw all charts, again where the scheme of colours changes; `clicked` gets the key of a design and the chart.
function drawAll(clicked) {
  for (const figure of figures) {
    const place = byId(figure.id), data = isNarrow() ? figure.data.map(toldOnPhone) : figure.data;
    const layout = themed({ ...figure, data });
    place.style.height = `${layout.height ?? 420}px`;
    Plotly.react(place, data, layout, { responsive: true, displayModeBar: false });
    if (place.dataset.clicks) continue;
    place.dataset.clicks = "1";
    place.on("plotly_click", (event) => {
      const key = event.points[0].customdata;
      if (key) clicked(Array.isArray(key) ? key[0] : key, place);
    });
  }
}

// on paper charts are as wide as the page
function fit() {
  for (const { id } of figures) if (window.Plotly) Plotly.Plots.resize(byId(id));
}

export async function drawCharts(clicked) {
  if (!figures.length) return;
  try {
    await library();
    drawAll(clicked);
    dark.addEventListener("change", () => drawAll(clicked));
    for (const moment of ["beforeprint", "afterprint"]) addEventListener(moment, fit);
    matchMedia("print").addEventListener("change", fit);
  } catch (error) {
    for (const { id } of figures) byId(id).textContent = "This browser cannot unpack the charts: use one of 2023 or later.";
  }
}
