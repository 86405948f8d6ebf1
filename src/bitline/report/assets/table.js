// The table of the designs that are chosen, and one of them in full.

import { order } from "bitline/choose.js";
import { byId, make, saveAs } from "bitline/text.js";

const FEW = 500, FIRST = 100; // designs that are all listed, and how many of more are, to begin with

let sorted = { column: null, down: false };

function sortBy(column, down) {
  const heads = document.querySelectorAll("#designs th");
  sorted = { column, down };
  heads.forEach((head) => head.removeAttribute("aria-sort"));
  heads[column].setAttribute("aria-sort", down ? "descending" : "ascending");
}

// Rows of a mask in the order of the column that the table is sorted by.
function ordered(columns, mask) {
  const rows = [];
  if (sorted.column === null) {
    for (let row = 0; row < mask.length; row += 1) if (mask[row]) rows.push(row);
    return rows;
  }
  const { known, unknown } = order(columns[sorted.column]);
  const all = sorted.down ? [...known].reverse() : known;
  for (const group of [all, unknown]) for (const row of group) if (mask[row]) rows.push(row);
  return rows;
}

export function designTable({ columns, size }, { label, open, changed }) {
  const body = document.querySelector("#designs tbody"), heads = [...document.querySelectorAll("#designs th")], more = byId("more");
  let rows = [], listed = 0, opened = null;

  function line(row) {
    const cells = columns.map((column) => make("td", { class: column.kind === "levels" && typeof column.value(row) !== "number" && !/^-?inf$/.test(column.text(row)) ? null : "number" }, column.text(row)));
    const button = make("button", { type: "button", class: "row", "aria-label": `show ${label(row)}` }, cells[0].textContent || "–");
    cells[0].replaceChildren(button);
    const element = make("tr", { class: row === opened ? "chosen" : null, onclick: () => open(row, button) }, ...cells);
    element.dataset.row = row;
    return element;
  }

  function list(until) {
    body.append(...rows.slice(listed, until).map(line));
    listed = Math.min(rows.length, until);
    more.hidden = listed === rows.length;
    more.textContent = `list ${Math.min(FEW, rows.length - listed).toLocaleString("en-US")} more`;
  }

  function fill(mask) {
    rows = ordered(columns, mask);
    listed = 0;
    body.replaceChildren();
    list(size <= FEW ? size : FIRST);
    const count = `${rows.length.toLocaleString("en-US")} of ${size.toLocaleString("en-US")} designs`;
    byId("count").textContent = listed < rows.length ? `${count}; the first ${listed} are listed` : count;
  }

  if (size > FEW) { // of very many the best come first
    const best = columns.findIndex((column) => column.better);
    sortBy(best, columns[best].better > 0);
  }
  heads.forEach((head, index) => head.querySelector("button").addEventListener("click", () => {
    sortBy(index, sorted.column === index ? !sorted.down : false);
    changed();
  }));
  more.addEventListener("click", () => { const first = listed; list(listed + FEW); body.children[first]?.querySelector("button").focus(); });
  byId("download").addEventListener("click", () => saveAs(csv(columns, rows), "designs.csv", "text/csv"));

  return {
    fill,
    mark: (row) => {
      opened = row;
      for (const each of body.querySelectorAll("tr.chosen")) each.classList.remove("chosen");
      body.querySelector(`tr[data-row="${row}"]`)?.classList.add("chosen");
    },
  };
}

// a spreadsheet takes texts that begin like this for formulas, but for an apostrophe before them
const harmless = (value) => (typeof value === "string" && /^[=+\-@\t\r]/.test(value) && Number.isNaN(Number(value)) && value !== "-inf" ? `'${value}` : value);

function quoted(value) {
  const plain = value === null ? "" : String(harmless(value));
  return /[",\n\r]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
}

function csv(columns, rows) {
  const lines = [columns.map((column) => column.name), ...rows.map((row) => columns.map((column) => column.value(row)))];
  return lines.map((line) => `${line.map(quoted).join(",")}\n`).join("");
}
