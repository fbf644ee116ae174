const DRAWING = 60; // ms the rest of the page needs once the slider's own answer is here; a rerun that is
const LOST = 1500; // interrupted draws nothing, so the next value waits for it, but not for ever
const REST = 400; // ms without a move after which the value is one to keep, in the address

export default function ({ data, parentElement, setStateValue }) {
  const find = (selector) => parentElement.querySelector(selector);
  const input = find("input");
  const digits = (String(data.step).split(".")[1] ?? "").length;
  const show = () => (find(".value").textContent = Number(input.value).toFixed(digits));

  const later = (delay) => {
    clearTimeout(input.timer);
    input.timer = setTimeout(() => {
      input.sent = undefined;
      send();
    }, delay);
  };
  const send = () => {
    const value = Number(input.value);
    if (input.sent !== undefined || value === input.known) return;
    input.sent = input.known = value;
    setStateValue("moved", { value, held: true });
    later(LOST);
  };
  const rest = () => {
    clearTimeout(input.rest);
    input.rest = setTimeout(() => {
      if (input.sent !== undefined || Number(input.value) !== input.known) rest();
      else setStateValue("moved", { value: input.known, held: false });
    }, REST);
  };

  find(".label").textContent = data.label;
  input.setAttribute("aria-label", data.label);
  find(".low").textContent = data.ends[0];
  find(".high").textContent = data.ends[1];
  Object.assign(input, { min: data.low, max: data.high, step: data.step });
  if (input.sent !== undefined && data.value === input.sent) later(DRAWING);
  else if (input.sent === undefined && data.value !== input.known) input.value = input.known = data.value;
  show();
  input.oninput = () => {
    show();
    send();
    rest();
  };
}
