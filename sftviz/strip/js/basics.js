// Small things that every part of the strip uses. Text goes in by textContent only.

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function button(className, text, title, act) {
  const made = element("button", className, text);
  made.type = "button";
  made.title = title;
  made.setAttribute("aria-label", title);
  made.addEventListener("click", act);
  return made;
}

// A token of nothing but spaces would be nothing to see where it stands alone.
const alone = (text) => (text.trim() ? text : "␣".repeat(text.length));

const fill = (words, values) => words.replace(/\{(\w+)\}/g, (_, name) => values[name]);

function number(value, none) {
  if (value === null || value === undefined) return none;
  if (typeof value !== "number" || Number.isInteger(value)) return String(value);
  return Math.abs(value) < 0.001 ? value.toExponential(2) : value.toFixed(Math.abs(value) < 1 ? 4 : 3);
}

function parse(colour) {
  return [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
}

function between(stops, share) {
  const at = share * (stops.length - 1);
  const low = Math.min(stops.length - 2, Math.floor(at));
  const [a, b] = [parse(stops[low]), parse(stops[low + 1])];
  return a.map((value, k) => Math.round(value + (b[k] - value) * (at - low)));
}

function luminance(rgb) {
  const [r, g, b] = rgb.map((value) => ((value /= 255) <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function isDark(node) {
  const probe = element("span");
  probe.style.backgroundColor = "var(--page)";
  node.append(probe);
  const rgb = getComputedStyle(probe).backgroundColor.match(/[\d.]+/g)?.slice(0, 3).map(Number) || [255, 255, 255];
  probe.remove();
  return luminance(rgb) < 0.3;
}

const indexOf = (target) => {
  const chip = target.closest?.(".tok[data-i]");
  return chip ? Number(chip.dataset.i) : null;
};
