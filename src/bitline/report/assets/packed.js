// The numbers of all designs, as `bitline/report/packed.py` packs them.

import { number, share } from "bitline/text.js";

const KINDS = { u1: Uint8Array, u2: Uint16Array, u4: Uint32Array, f4: Float32Array, f8: Float64Array };

export async function inflated(base64) {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
}

// Columns with their numbers in `data`, and with what is kept and what is shown of a row.
export async function unpacked({ size, columns, values }) {
  const bytes = new Uint8Array(await inflated(values));
  let at = 0;
  return columns.map((column) => {
    const Kind = KINDS[column.type], width = Kind.BYTES_PER_ELEMENT, array = new Kind(size), own = new Uint8Array(array.buffer);
    for (let plane = 0; plane < width; plane += 1) for (let row = 0; row < size; row += 1) own[row * width + plane] = bytes[at++];
    // seven digits are what the short ones have
    const data = column.type === "f4" ? Float64Array.from(array, (value) => Number(value.toPrecision(7))) : array;
    return { ...column, data, ...shownAs(column, data) };
  });
}

const TEXTS = { share, number, whole: (value) => (Number.isNaN(value) ? "" : value.toLocaleString("en-US")), plain: (value) => (Number.isNaN(value) ? "" : String(value)) };

function shownAs({ kind, labels, values, digits }, data) {
  if (kind === "levels") {
    return { value: (row) => (data[row] ? values[data[row] - 1] : null), text: (row) => (data[row] ? labels[data[row] - 1] : "") };
  }
  const value = (row) => (Number.isNaN(data[row]) ? null : Number.isFinite(data[row]) ? data[row] : data[row] > 0 ? "inf" : "-inf");
  return { value, text: (row) => TEXTS[kind](data[row], digits) };
}
