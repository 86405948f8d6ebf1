"use strict";
(() => {
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const figures = read("figures"), hasTable = Boolean(document.getElementById("designs"));
  const dark = window.matchMedia("(prefers-color-scheme: dark)");

  // Plotly's script lies packed in the page: a report is less than half as large, and still needs no network.
  async function library() {
    const bytes = Uint8Array.from(atob(document.getElementById("plotly").textContent), (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    const element = document.createElement("script");
    element.textContent = await new Response(stream).text();
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
    if (layout.title) themedLayout.title = { ...layout.title, x: 0, xref: "paper", xanchor: "left", font: { size: narrow ? 13 : 15, weight: 600 },
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

  function draw() {
    for (const figure of figures) {
      const place = document.getElementById(figure.id);
      Plotly.react(place, figure.data, themed(figure), { responsive: true, displayModeBar: false });
      if (!place.dataset.clicks) {
        place.dataset.clicks = "1";
        place.on("plotly_click", (event) => {
          const key = event.points[0].customdata;
          if (key && hasTable) choose(Array.isArray(key) ? key[0] : key);
        });
      }
    }
  }

  // on paper charts are as wide as the page
  function fit() {
    for (const { id } of figures) if (window.Plotly) Plotly.Plots.resize(document.getElementById(id));
  }

  async function start() {
    if (!figures.length) return;
    try {
      await library();
      draw();
      dark.addEventListener("change", draw);
      for (const moment of ["beforeprint", "afterprint"]) addEventListener(moment, fit);
      matchMedia("print").addEventListener("change", fit);
    } catch (error) {
      for (const { id } of figures) document.getElementById(id).textContent = "This browser cannot unpack the charts: use one of 2023 or later.";
    }
  }

  start();
  if (!hasTable) return;

  const rows = read("rows"), columns = read("columns"), lines = read("lines");
  const body = document.querySelector("#designs tbody"), search = document.getElementById("filter");
  const count = document.getElementById("count"), details = document.getElementById("details");
  let order = { column: null, down: false };

  // a cell is its value, the text to show, and its rank where its column is sorted
  const [VALUE, TEXT, RANK] = [0, 1, 2];

  // words must all occur; "accuracy>90" and the like compare a column whose name contains the word
  function matches(row, query) {
    return query.trim().split(/\s+/).filter(Boolean).every((word) => {
      const comparison = word.match(/^(.+?)(<=|>=|<|>|=)(.+)$/);
      if (comparison) {
        const [, name, sign, wanted] = comparison;
        const called = [...document.querySelectorAll("#designs th")].map((head) => `${head.dataset.name} ${head.textContent}`.toLowerCase());
        const column = called.findIndex((head) => head.includes(name.toLowerCase()));
        if (column >= 0) {
          const value = row.cells[column][VALUE], text = row.cells[column][TEXT], number = Number(wanted);
          if (sign === "=") return value === number || text.toLowerCase() === wanted.toLowerCase();
          if (typeof value !== "number" || Number.isNaN(number)) return false;
          return { "<": value < number, ">": value > number, "<=": value <= number, ">=": value >= number }[sign];
        }
      }
      return row.cells.some((cell) => cell[TEXT].toLowerCase().includes(word.toLowerCase()));
    });
  }

  function visible() {
    const chosen = rows.filter((row) => matches(row, search.value));
    if (order.column !== null) {
      chosen.sort((a, b) => {
        const [x, y] = [a.cells[order.column][RANK], b.cells[order.column][RANK]];
        if (x === null || y === null) return (x === null) - (y === null);
        return order.down ? y - x : x - y;
      });
    }
    return chosen;
  }

  function fill() {
    const chosen = visible();
    body.replaceChildren(...chosen.map((row) => {
      const line = document.createElement("tr");
      line.id = "design-" + row.key;
      line.tabIndex = 0;
      row.cells.forEach((cell) => {
        const place = document.createElement("td");
        place.textContent = cell[TEXT];
        if (typeof cell[VALUE] === "number" || /^-?inf$/.test(cell[TEXT])) place.className = "number";
        line.append(place);
      });
      line.addEventListener("click", () => choose(row.key));
      line.addEventListener("keydown", (event) => { if (event.key === "Enter") choose(row.key); });
      return line;
    }));
    count.textContent = `${chosen.length} of ${rows.length} designs`;
  }

  function choose(key) {
    const row = rows.find((design) => design.key === key);
    if (!row) return;
    if (!visible().includes(row)) { search.value = ""; fill(); }
    document.querySelectorAll("tr.chosen").forEach((line) => line.classList.remove("chosen"));
    const line = document.getElementById("design-" + key);
    line.classList.add("chosen");
    details.querySelector("pre").textContent = row.design.map((number) => lines[number]).join("\n");
    details.querySelector("h3").textContent = row.label;
    details.hidden = false;
    details.scrollIntoView({ behavior: "smooth", block: "nearest" });
  }

  document.querySelectorAll("#designs th").forEach((head, index) => {
    head.querySelector("button").addEventListener("click", () => {
      order = { column: index, down: order.column === index ? !order.down : false };
      document.querySelectorAll("#designs th").forEach((head) => head.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", order.down ? "descending" : "ascending");
      fill();
    });
  });

  document.getElementById("download").addEventListener("click", () => {
    // a spreadsheet takes texts that begin like this for formulas, but for an apostrophe before them
    const harmless = (value) => typeof value === "string" && /^[=+\-@\t\r]/.test(value) && Number.isNaN(Number(value)) ? "'" + value : value;
    const quoted = (value) => { const plain = value === null ? "" : String(harmless(value)); return /[",\n\r]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain; };
    const lines = [columns.map((column) => column.name), ...visible().map((row) => row.cells.map((cell) => cell[VALUE]))].map((line) => line.map(quoted).join(","));
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([lines.join("\n") + "\n"], { type: "text/csv" }));
    link.download = "designs.csv";
    link.click();
    URL.revokeObjectURL(link.href);
  });
  search.addEventListener("input", fill);
  fill();
})();
