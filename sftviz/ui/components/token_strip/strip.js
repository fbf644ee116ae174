// Draws once per chat, recolours without rebuilding, answers hover and keys by itself.
// One listener a kind of event; text goes in by textContent only.

const drawn = new WeakMap(); // element -> what stands in it

export default function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".sftviz-strip");
  let strip = drawn.get(root);
  const key = JSON.stringify([data.columns.id, data.columns.box, data.columns.message, data.shown, data.words]);
  if (!strip || strip.key !== key) {
    strip?.remove();
    strip = new Strip(root, data, key);
    drawn.set(root, strip);
  }
  strip.update(data, (position) => setStateValue("selected", position));
  return () => strip.hideCard();
}

function element(tag, className, text) {
  const made = document.createElement(tag);
  made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

class Strip {
  constructor(root, data, key) {
    this.root = root;
    this.key = key;
    this.say = (word, values) => fill(data.words[word], values);
    this.legend = element("div", "legend");
    this.list = element("div", "tokens");
    this.list.setAttribute("role", "listbox");
    this.list.setAttribute("aria-label", this.say("aria"));
    this.card = element("div", "card");
    this.card.hidden = true;
    this.card.setAttribute("role", "status");
    this.tokens = [];
    this.draw(data);
    root.replaceChildren(this.legend, this.list, this.card);
    this.listen();
  }

  remove() {
    window.removeEventListener("scroll", this.onScroll, true);
    this.root.replaceChildren();
  }

  draw({ columns, shown, breaks }) {
    let turn = null;
    let message;
    let box = null;
    for (let i = 0; i < shown.length; i++) {
      if (turn === null || columns.message[i] !== message) {
        message = columns.message[i];
        turn = this.startTurn(columns.role[i], message);
        box = null;
      }
      const continues = i > 0 && columns.box[i] === columns.box[i - 1];
      const chip = element("span", "tok", continues ? String(columns.id[i]) : shown[i] || "∅");
      chip.dataset.i = i;
      chip.setAttribute("role", "option");
      chip.tabIndex = -1;
      chip.classList.toggle("control", columns.control[i]);
      chip.classList.toggle("forged", columns.forged[i]);
      chip.classList.toggle("more", continues);
      const splits = columns.box[i] === columns.box[i + 1] && columns.message[i + 1] === message;
      if (splits && !continues) {
        box = element("span", "box");
        turn.append(box);
      }
      (continues || splits ? box || turn : turn).append(chip);
      if (!splits) box = null;
      if (breaks[i]) turn.append(document.createElement("br"));
      this.tokens.push(chip);
    }
  }

  startTurn(role, message) {
    const turn = element("div", "turn");
    const who = element("div", "who");
    const name = role || "template";
    const letter = element("i", "", name[0].toUpperCase());
    letter.dataset.role = name;
    who.append(letter, element("span", "", message === null ? this.say("template") : `${message + 1} ${name}`));
    const text = element("div", "");
    turn.append(who, text);
    this.list.append(turn);
    return text;
  }

  update(data, select) {
    this.data = data;
    this.select = select;
    this.current = Math.min(this.current ?? data.selected, this.tokens.length - 1);
    this.theme = isDark(this.root) ? "dark" : "light";
    this.root.style.setProperty("--supervised", this.theme === "dark" ? "#56b4e9" : data.palette.supervised);
    this.list.className = `tokens by-${data.coloring.name}`;
    this.tokens.forEach((chip, i) => this.paint(chip, i));
    for (const letter of this.list.querySelectorAll(".who i")) {
      letter.style.background = data.palette.roles[letter.dataset.role] || data.palette.roles.template;
    }
    this.mark("selected", data.selected);
    this.focusable(this.current);
    this.drawLegend();
  }

  paint(chip, i) {
    const { columns, amounts, coloring, palette } = this.data;
    const supervised = columns.supervised[i];
    chip.classList.toggle("supervised", supervised);
    chip.classList.toggle("weighted", supervised && columns.weight[i] !== 1);
    chip.dataset.weight = columns.weight[i];
    let fill = "", ink = "", meter = "";
    const amount = amounts?.values[i];
    if (amount !== undefined && amount !== null) {
      const share = Math.min(1, Math.max(0, (amount - amounts.low) / (amounts.high - amounts.low)));
      const rgb = between(palette.sequential[this.theme], share);
      fill = `rgb(${rgb.join(",")})`;
      ink = luminance(rgb) > 0.179 ? "#000" : "#fff"; // where both have the same contrast
      meter = `${(share * 4).toFixed(1)}px`;
    } else if (coloring.name === "role") {
      const colour = palette.roles[columns.role[i] || "template"] || palette.roles.template;
      fill = `color-mix(in srgb, ${colour} 30%, transparent)`;
    }
    chip.style.setProperty("--fill", fill);
    chip.style.setProperty("--ink", ink);
    chip.style.setProperty("--meter", meter);
    if (!fill) chip.style.removeProperty("--fill");
    if (!ink) chip.style.removeProperty("--ink");
    chip.setAttribute("aria-label", this.spoken(i));
  }

  spoken(i) {
    const { columns, shown, cost } = this.data;
    const parts = [shown[i] || this.say("rest"), this.say(columns.supervised[i] ? "supervised" : "ignored")];
    if (columns.supervised[i] && columns.weight[i] !== 1) parts.push(this.say("weight", { weight: columns.weight[i] }));
    if (cost[i] !== null) parts.push(this.say("cost", { nats: cost[i].toFixed(2) }));
    return parts.join(", ");
  }

  drawLegend() {
    const { columns, coloring, amounts, palette } = this.data;
    const count = columns.supervised.filter(Boolean).length;
    const sample = (className, text) => {
      const chip = element("span", `tok ${className}`, text);
      if (className && coloring.name === "supervised") chip.style.setProperty("--fill", "color-mix(in srgb, var(--supervised) 22%, transparent)");
      return chip;
    };
    const made = [
      sample("supervised", this.say("count_supervised", { count })),
      sample("", this.say("count_ignored", { count: columns.supervised.length - count })),
    ];
    if (amounts) {
      const scale = element("span", "scale");
      const ramp = element("span", "ramp");
      ramp.style.background = `linear-gradient(to right, ${palette.sequential[this.theme].join(",")})`;
      scale.append(element("span", "", amounts.low.toFixed(0)), ramp, element("span", "", `${amounts.high.toFixed(2)} ${coloring.unit}`));
      made.push(scale);
    }
    made.push(element("span", "meaning", coloring.meaning));
    this.legend.replaceChildren(...made);
  }

  listen() {
    this.list.addEventListener("pointerover", (event) => {
      const i = indexOf(event.target);
      if (i === null) this.hideCard();
      else if (event.pointerType !== "touch") this.showCard(i);
    });
    this.list.addEventListener("pointerleave", () => this.hideCard());
    this.list.addEventListener("click", (event) => {
      const i = indexOf(event.target);
      if (i !== null) this.choose(i);
    });
    this.list.addEventListener("focusin", (event) => {
      const i = indexOf(event.target);
      if (i !== null && event.target.matches(":focus-visible")) this.showCard(i);
    });
    this.list.addEventListener("focusout", () => this.hideCard());
    this.list.addEventListener("keydown", (event) => this.onKey(event));
    this.onScroll = () => this.hideCard();
    window.addEventListener("scroll", this.onScroll, true);
  }

  onKey(event) {
    const i = indexOf(event.target);
    if (i === null) return;
    const last = this.tokens.length - 1;
    const goal = { ArrowRight: i + 1, ArrowLeft: i - 1, Home: 0, End: last, ArrowDown: this.beside(i, 1), ArrowUp: this.beside(i, -1) }[event.key];
    if (goal !== undefined) {
      event.preventDefault();
      const to = Math.min(last, Math.max(0, goal));
      this.focusable(to);
      this.tokens[to].focus();
      this.showCard(to);
    } else if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      this.choose(i);
    } else if (event.key === "Escape") {
      this.hideCard();
    }
  }

  beside(i, step) {
    const here = this.tokens[i].getBoundingClientRect();
    let best = i, distance = Infinity, line = null;
    for (let j = i + step; j >= 0 && j < this.tokens.length; j += step) {
      const there = this.tokens[j].getBoundingClientRect();
      if (Math.abs(there.top - here.top) < 6) continue;
      if (line === null) line = there.top;
      if (Math.abs(there.top - line) > 6) break;
      const off = Math.abs(there.left - here.left);
      if (off < distance) [best, distance] = [j, off];
    }
    return best;
  }

  choose(i) {
    this.mark("selected", i);
    this.focusable(i);
    this.showCard(i);
    this.select(i);
  }

  focusable(i) {
    if (this.tokens[this.current]) this.tokens[this.current].tabIndex = -1;
    this.current = i;
    if (this.tokens[i]) this.tokens[i].tabIndex = 0;
  }

  mark(name, i) {
    this.list.querySelector(`.tok.${name}`)?.classList.remove(name);
    const chip = this.tokens[i];
    if (!chip) return;
    chip.classList.add(name);
    if (name === "selected") {
      this.list.querySelector('[aria-selected="true"]')?.removeAttribute("aria-selected");
      chip.setAttribute("aria-selected", "true");
    }
  }

  showCard(i) {
    this.mark("hovered", i);
    this.mark("target", i + 1);
    this.card.replaceChildren(...this.cardParts(i));
    this.card.hidden = false;
    const chip = this.tokens[i].getBoundingClientRect();
    const { width, height } = this.card.getBoundingClientRect();
    const below = chip.bottom + 10 + height < innerHeight;
    this.card.style.left = `${Math.max(8, Math.min(chip.left, innerWidth - width - 8))}px`;
    this.card.style.top = `${below ? chip.bottom + 10 : Math.max(8, chip.top - height - 10)}px`;
  }

  hideCard() {
    this.card.hidden = true;
    this.mark("hovered", -1);
    this.mark("target", -1);
  }

  cardParts(i) {
    const { columns: c, shown, targetShown, reasons, reason, about, own, ahead, cost } = this.data;
    const say = this.say;
    const line = (column) => [column.title, `${number(column.values[i], say)} ${column.values[i] === null ? "" : column.unit}`];
    const parts = [
      element("div", "head", shown[i] || say("rest_bytes", { bytes: c.id[i] })),
      element("div", "verdict", c.supervised[i] ? `✓ ${say("supervised")}` : `✗ ${say("ignored")}`),
      element("div", "reason", reasons[reason[i]]),
      definitions(about.map(line)),
    ];
    if (cost[i] !== null) parts.push(element("h4", "", say("own")), definitions(own.map(line)));
    if (i + 1 < shown.length) {
      const known = ahead.filter((column) => column.values[i] !== null);
      parts.push(element("h4", "", say("predicts", { token: targetShown[i] })), definitions(known.map(line)));
    }
    return parts;
  }
}

function number(value, say) {
  if (value === null) return say("none");
  if (typeof value !== "number" || Number.isInteger(value)) return String(value);
  return Math.abs(value) < 0.001 ? value.toExponential(2) : value.toFixed(4);
}

function definitions(rows) {
  const list = element("dl", "");
  for (const [name, value] of rows) list.append(element("dt", "", name), element("dd", "", String(value)));
  return list;
}

function indexOf(target) {
  const chip = target.closest?.(".tok[data-i]");
  return chip ? Number(chip.dataset.i) : null;
}

const fill = (words, values) => words.replace(/\{(\w+)\}/g, (_, name) => values[name]);

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
  const probe = element("span", "");
  probe.style.color = getComputedStyle(node).getPropertyValue("--st-background-color") || "#fff";
  node.append(probe);
  const rgb = getComputedStyle(probe).color.match(/\d+/g)?.slice(0, 3).map(Number) || [255, 255, 255];
  probe.remove();
  return luminance(rgb) < 0.3;
}
