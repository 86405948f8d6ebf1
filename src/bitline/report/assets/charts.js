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

function themed({ layout, data }) {
  const style = getComputedStyle(document.documentElement);
  const ink = style.getPropertyValue("--ink").trim(), line = style.getPropertyValue("--line").trim();
  const axis = { gridcolor: line, zerolinecolor: line, linecolor: line, automargin: true, exponentformat: "power" };
  const themedLayout = { ...layout, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    font: { color: ink, size: 13 }, margin: { t: 56, r: 16, b: 56, l: 64 }, autosize: true };
  for (const name of ["xaxis", "yaxis"]) themedLayout[name] = { ...axis, ...(layout[name] || {}) };
  const narrow = document.documentElement.clientWidth < 600;
  if (layout.title) themedLayout.title = { ...layout.title, x: 0.01, xref: "container", xanchor: "left", font: { size: narrow ? 13 : 15, weight: 600 },
    text: narrow ? wrapped(layout.title.text, 44) : layout.title.text };
  const longest = Math.max(0, ...data.flatMap((trace) => trace.type === "heatmap" ? trace.y.map((name) => String(name).length) : []));
  if (narrow && longest > 16) themedLayout.yaxis.showticklabels = false;
  if (narrow) themedLayout.margin = { t: 64, r: 8, b: 48, l: 48 };
  return themedLayout;
}

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
    const place = byId(figure.id);
    Plotly.react(place, figure.data, themed(figure), { responsive: true, displayModeBar: false });
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
