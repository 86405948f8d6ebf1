// Numbers as text, the same as in Python (`bitline/numerics/text.py`), and elements.

const SMALLEST = 1e-4, LARGEST = 1e15, MORE = 4;

const grouped = (text) => text.replace(/^-?\d+/, (whole) => whole.replace(/\B(?=(\d{3})+$)/g, ","));
const notFinite = (value) => (value === null || value === undefined || Number.isNaN(value) ? "" : value > 0 ? "inf" : "-inf");

// So many significant digits, but all digits before the decimal point.
export function number(value, digits = 4) {
  if (!Number.isFinite(value)) return notFinite(value);
  const rounded = Number(value.toExponential(digits - 1));
  if (rounded === 0) return "0";
  if (Math.abs(rounded) < SMALLEST || Math.abs(rounded) >= LARGEST) {
    const [mantissa, exponent] = rounded.toExponential(digits - 1).split("e");
    return `${withoutZeros(mantissa)}e${exponent[0]}${exponent.slice(1).padStart(2, "0")}`;
  }
  const decimals = Math.max(0, digits - 1 - Math.floor(Math.log10(Math.abs(rounded))));
  return withoutZeros(fixed(value, decimals));
}

const withoutZeros = (text) => (text.includes(".") ? text.replace(/\.?0+$/, "") : text);

export function fixed(value, decimals) {
  if (!Number.isFinite(value)) return notFinite(value);
  const text = value.toFixed(decimals);
  return grouped(Number(text) === 0 ? text.replace("-", "") : text);
}

// What is in per cent already. It reads 0 or 100 only where it is.
export function share(value, decimals = 2) {
  if (!Number.isFinite(value)) return notFinite(value);
  for (let places = decimals; places <= decimals + MORE; places += 1) {
    if (![0, 100].includes(Number(value.toFixed(places))) || value === 0 || value === 100) return fixed(value, places);
  }
  return fixed(value, decimals);
}

export function percent(part, decimals = 1) {
  return part === null || part === undefined ? "" : `${(100 * part).toFixed(decimals)} %`;
}

// What was measured of a design, with the unit of the measure.
export const shown = (design, measure) => [design.text, measure.unit].filter(Boolean).join(" ");

export function duration(seconds) {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} minutes`;
  return `${number(seconds / 3600, 2)} hours`;
}

export function make(name, settings = {}, ...inner) {
  const element = document.createElement(name);
  apply(element, settings, inner);
  return element;
}

export function draw(name, settings = {}, ...inner) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  apply(element, settings, inner);
  return element;
}

function apply(element, settings, inner) {
  for (const [name, value] of Object.entries(settings)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...inner.filter((part) => part !== null && part !== undefined));
}

export const byId = (name) => document.getElementById(name);

export function saveAs(content, name, kind) {
  const address = URL.createObjectURL(new Blob([content], { type: kind }));
  const link = make("a", { href: address, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
