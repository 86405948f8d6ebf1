// Numbers and elements.

export function number(value, digits = 3) {
  if (value === null || value === undefined || Number.isNaN(value)) return "";
  if (value === 0) return "0";
  const size = Math.floor(Math.log10(Math.abs(value)));
  if (size < -4 || size > 14) return value.toExponential(digits - 1);
  const decimals = Math.max(0, digits - 1 - size);
  return value.toLocaleString("en-US", { minimumFractionDigits: 0, maximumFractionDigits: Math.min(decimals, 20) });
}

export function percent(share, decimals = 1) {
  return share === null || share === undefined ? "" : `${(100 * share).toFixed(decimals)} %`;
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
