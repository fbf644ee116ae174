// The tokens themselves: drawn once a chat, painted anew for every colouring.

class Tokens {
  constructor(data, say) {
    this.say = say;
    this.list = element("div", "tokens");
    this.list.setAttribute("role", "listbox");
    this.list.setAttribute("aria-label", say("aria"));
    this.chips = [];
    this.draw(data);
    this.current = 0;
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
      const chip = this.chip(i, continues ? String(columns.id[i]) : shown[i] || "∅");
      chip.classList.toggle("control", columns.control[i]);
      chip.classList.toggle("forged", columns.forged[i]);
      chip.classList.toggle("more", continues);
      const splits = columns.box[i] === columns.box[i + 1] && columns.message[i + 1] === message;
      if (splits && !continues) turn.append((box = element("span", "box")));
      (continues || splits ? box || turn : turn).append(chip);
      if (!splits) box = null;
      if (breaks[i]) turn.append(element("br"));
      this.chips.push(chip);
    }
  }

  chip(i, text) {
    const chip = element("span", "tok", text);
    chip.dataset.i = i;
    chip.setAttribute("role", "option");
    chip.tabIndex = -1;
    return chip;
  }

  startTurn(role, message) {
    const turn = element("div", "turn");
    const who = element("div", "who");
    const name = role || "template";
    const letter = element("i", "", name[0].toUpperCase());
    letter.dataset.role = name;
    who.append(letter, element("span", "", message === null ? this.say("template") : `${message + 1} ${name}`));
    const text = element("div");
    turn.append(who, text);
    this.list.append(turn);
    return text;
  }

  // A colouring: { name, values, low, high, stops } for an amount, { name } for a kind.
  paint(data, coloring) {
    const { columns, palette, compare } = data;
    this.list.className = `tokens by-${coloring.name}`;
    for (const letter of this.list.querySelectorAll(".who i")) {
      letter.style.background = palette.roles[letter.dataset.role] || palette.roles.template;
    }
    this.chips.forEach((chip, i) => {
      const supervised = columns.supervised[i];
      const differs = compare?.differs[i] || "";
      chip.classList.toggle("supervised", supervised);
      chip.classList.toggle("weighted", supervised && columns.weight[i] !== 1);
      chip.classList.toggle("gained", differs === "+");
      chip.classList.toggle("lost", differs === "-");
      chip.dataset.weight = columns.weight[i];
      fillOf(chip, coloring, i, columns, palette);
      chip.setAttribute("aria-label", this.spoken(data, i));
    });
  }

  spoken({ columns, shown, cost, compare }, i) {
    const say = this.say;
    const parts = [shown[i] || say("rest"), say(columns.supervised[i] ? "supervised" : "ignored")];
    if (columns.supervised[i] && columns.weight[i] !== 1) parts.push(say("weight", { weight: columns.weight[i] }));
    if (cost[i] !== null) parts.push(say("cost", { nats: cost[i].toFixed(2) }));
    if (compare?.differs[i]) parts.push(say(compare.differs[i] === "+" ? "only_there" : "only_here"));
    return parts.join(", ");
  }

  focusable(i) {
    if (this.chips[this.current]) this.chips[this.current].tabIndex = -1;
    this.current = i;
    if (this.chips[i]) this.chips[i].tabIndex = 0;
  }

  mark(name, i) {
    this.list.querySelector(`.tok.${name}`)?.classList.remove(name);
    const chip = this.chips[i];
    chip?.classList.add(name);
    if (name !== "selected") return;
    this.list.querySelector('[aria-selected="true"]')?.removeAttribute("aria-selected");
    chip?.setAttribute("aria-selected", "true");
  }

  beside(i, step) {
    const here = this.chips[i].getBoundingClientRect();
    let best = i, distance = Infinity, line = null;
    for (let j = i + step; j >= 0 && j < this.chips.length; j += step) {
      const there = this.chips[j].getBoundingClientRect();
      if (Math.abs(there.top - here.top) < 6) continue;
      if (line === null) line = there.top;
      if (Math.abs(there.top - line) > 6) break;
      const off = Math.abs(there.left - here.left);
      if (off < distance) [best, distance] = [j, off];
    }
    return best;
  }

  // The next position from i, in steps of 1 or -1, for which holds(position); -1 where there is none.
  next(i, step, holds) {
    for (let j = i + step; j >= 0 && j < this.chips.length; j += step) if (holds(j)) return j;
    return -1;
  }
}

function fillOf(chip, coloring, i, columns, palette) {
  const amount = coloring.values?.[i];
  chip.removeAttribute("style");
  if (amount !== undefined && amount !== null) {
    const share = Math.min(1, Math.max(0, (amount - coloring.low) / (coloring.high - coloring.low)));
    const rgb = between(coloring.stops, share);
    chip.style.setProperty("--fill", `rgb(${rgb.join(",")})`);
    chip.style.setProperty("--ink", luminance(rgb) > 0.179 ? "#000" : "#fff"); // where both have the same contrast
    chip.style.setProperty("--meter", `${(share * 4).toFixed(1)}px`);
  } else if (coloring.name === "role") {
    const colour = palette.roles[columns.role[i] || "template"] || palette.roles.template;
    chip.style.setProperty("--fill", `color-mix(in srgb, ${colour} 30%, transparent)`);
  }
}
