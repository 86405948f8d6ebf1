// The controls of a design: a slider or a list for each setting, in the order of the signal chain.

import { byId, make } from "bitline/text.js";

let drawn = "";

// A control that is being moved keeps the value that it is moved to.
export function showControls(controls, changed, moving = null) {
  const form = byId("controls");
  const shape = JSON.stringify(controls.map(({ setting, values }) => [setting, values]));
  if (shape !== drawn) {
    const focused = document.activeElement?.id;
    form.replaceChildren(...stages(controls, changed));
    drawn = shape;
    if (focused) byId(focused)?.focus();
  }
  for (const control of controls) if (control.setting !== moving) update(control);
}

function stages(controls, changed) {
  const names = [...new Set(controls.map(({ stage }) => stage))];
  return names.map((stage) => make("fieldset", {}, make("legend", {}, stage),
    ...controls.filter((control) => control.stage === stage).map((control) => drawControl(control, changed))));
}

const idOf = (control) => `set-${control.setting.replaceAll(".", "-")}`;

function drawControl(control, changed) {
  const id = idOf(control);
  const label = make("label", { for: id }, control.label);
  const move = (event) => {
    const index = Number(event.target.value);
    if (control.slides) event.target.parentElement.querySelector("output").value = control.texts[index];
    changed(control.setting, control.values[index]);
  };
  const common = { id, title: control.setting, "aria-description": control.setting, autocomplete: "off" };
  if (control.slides) {
    const slider = make("input", { ...common, type: "range", min: 0, max: control.values.length - 1, step: 1, oninput: move });
    return make("div", { class: "control" }, label, make("output", { for: id }), slider);
  }
  const options = control.texts.map((text, index) => make("option", { value: index }, text));
  return make("div", { class: "control" }, label, make("span"), make("select", { ...common, onchange: move }, ...options));
}

function update(control) {
  const input = byId(idOf(control));
  input.value = control.index;
  if (control.slides) {
    input.setAttribute("aria-valuetext", control.texts[control.index]);
    input.parentElement.querySelector("output").value = control.texts[control.index];
  }
}
