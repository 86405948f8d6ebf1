// Which designs of a table are chosen: by words and comparisons, by ranges of their numbers, and by being on a front.
//
// A table has `size` rows and columns. Numbers of a column are in `data`, NaN where unknown; a column of levels has in
// `data` the place of its level plus one, 0 where unknown, and its levels in `values` and `labels`.

const numeric = (value) => (value === "inf" ? Infinity : value === "-inf" ? -Infinity : value);

// Words must all occur in the settings; "accuracy>90" and the like compare a column whose name contains the word.
export function chosen({ size, columns }, { query = "", limits = {} }) {
  const mask = new Uint8Array(size).fill(1);
  for (const word of query.trim().toLowerCase().split(/\s+/).filter(Boolean)) narrow(mask, columns, word);
  for (const [name, [low, high]] of Object.entries(limits)) {
    const { data } = columns.find((column) => column.name === name);
    if (low > -Infinity || high < Infinity) for (let row = 0; row < size; row += 1) if (!(data[row] >= low && data[row] <= high)) mask[row] = 0;
  }
  return mask;
}

function narrow(mask, columns, word) {
  const comparison = word.match(/^(.+?)(<=|>=|<|>|=)(.+)$/);
  const column = comparison && columns.find((each) => `${each.name} ${each.head}`.toLowerCase().includes(comparison[1]));
  if (column) { keep(mask, column, agreeing(comparison[2], comparison[3])); return; }
  const found = new Uint8Array(mask.length);
  for (const { data, labels } of columns.filter((each) => each.labels)) {
    const fits = [false, ...labels.map((label) => label.toLowerCase().includes(word))];
    if (fits.includes(true)) for (let row = 0; row < mask.length; row += 1) if (fits[data[row]]) found[row] = 1;
  }
  for (let row = 0; row < mask.length; row += 1) mask[row] &= found[row];
}

function keep(mask, { data, labels, values }, agrees) {
  if (!labels) {
    for (let row = 0; row < mask.length; row += 1) if (!agrees(data[row], null)) mask[row] = 0;
    return;
  }
  const fits = labels.map((label, place) => agrees(numeric(values[place]), label.toLowerCase()));
  for (let row = 0; row < mask.length; row += 1) if (data[row] === 0 || !fits[data[row] - 1]) mask[row] = 0;
}

function agreeing(sign, text) {
  const wanted = Number(numeric(text));
  const compare = { "<": (value) => value < wanted, ">": (value) => value > wanted, "<=": (value) => value <= wanted, ">=": (value) => value >= wanted }[sign];
  if (compare) return (value) => typeof value === "number" && compare(value);
  return (value, label) => value === wanted || label === text;
}

// Rows in the order of their numbers or levels, unknown ones last; found once for a column.
export function order(column) {
  if (!column.order) {
    const { data, labels } = column;
    const key = (row) => (labels && data[row] === 0) || Number.isNaN(data[row]);
    const rows = Uint32Array.from(data.keys());
    const known = rows.filter((row) => !key(row)).sort((a, b) => data[a] - data[b] || a - b);
    column.order = { known, unknown: rows.filter(key) };
  }
  return column.order;
}

// Rows of the mask that no other one of it beats in the cost and in the measure, `sign` of which is 1 where higher is
// better; in the order of the cost.
export function frontOf(mask, cost, measure, sign) {
  const found = [], { known } = order(cost), values = measure.data;
  let best = -Infinity;
  for (let at = 0; at < known.length;) {
    let end = at, top = -Infinity; // rows of one cost
    for (; end < known.length && cost.data[known[end]] === cost.data[known[at]]; end += 1) {
      const row = known[end];
      if (mask[row] && sign * values[row] > top) top = sign * values[row];
    }
    if (top > best) {
      for (let place = at; place < end; place += 1) if (mask[known[place]] && sign * values[known[place]] === top) found.push(known[place]);
      best = top;
    }
    at = end;
  }
  return found;
}
