// The whole: verdict, findings, tools, tokens, detail. One listener a kind of event.

class Bench {
  constructor(root, data, host) {
    this.root = root;
    this.host = host;
    this.data = data;
    const say = (word, values = {}) => fill(this.data.words[word], values);
    say.named = (word) => this.data.words[word];
    this.say = say;
    this.coloring = data.coloring;
    this.selected = data.selected < 0 ? data.columns.supervised.indexOf(true) : data.selected;
    this.isSheetOpen = false;
    this.head = element("div", "heading");
    this.legend = element("div", "legend");
    this.tokens = new Tokens(data, say);
    this.tools = new Tools(this);
    this.detail = new Detail(this);
    const left = element("div", "left");
    if (data.tools) this.tools.bar.append(this.legend);
    else left.append(this.legend);
    left.append(this.tokens.list);
    const both = element("div", "both");
    both.append(left, this.detail.box);
    root.replaceChildren(this.head, this.tools.bar, both);
    this.listen();
    this.update(data);
  }

  remove() {
    this.stop.abort();
    this.root.replaceChildren();
  }

  update(data) {
    const asked = data.selected !== this.data.selected;
    const colored = data.coloring !== this.data.coloring;
    this.data = data;
    if (asked) this.selected = data.selected;
    if (colored) this.coloring = data.coloring;
    this.root.classList.toggle("bare", !data.tools);
    this.drawHead();
    this.color(this.coloring, false);
    this.select(Math.min(this.selected, this.tokens.chips.length - 1));
  }

  color(name, tell) {
    this.theme = isDark(this.root) ? "dark" : "light";
    this.root.style.setProperty("--supervised", this.data.palette.supervised[this.theme]);
    const known = colorings(this.data, this.theme);
    this.coloring = known[name] ? name : "supervised";
    this.tools.refresh();
    this.tokens.paint(this.data, known[this.coloring]);
    this.tokens.list.classList.toggle("only", this.isOnly ?? false);
    this.tokens.mark("selected", this.selected);
    this.drawLegend(known[this.coloring]);
    if (tell) this.host.set("coloring", this.coloring);
  }

  drawHead() {
    const { verdict, compare, findings } = this.data;
    const parts = [];
    if (verdict) parts.push(this.sentence(verdict, findings));
    if (compare) parts.push(this.difference(compare));
    if (findings.length) parts.push(this.findings(findings));
    this.head.replaceChildren(...parts);
  }

  sentence(verdict, findings) {
    const line = element("p", "sentence", verdict);
    const rest = findings.length - shownFirst(findings);
    if (rest && !this.allFindings) line.append(" ", button("jump", this.say("more_findings", { count: rest }), this.say("more_findings", { count: rest }), () => {
      this.allFindings = true;
      this.drawHead();
    }));
    return line;
  }

  difference(compare) {
    const box = element("details", "difference");
    box.append(element("summary", "", compare.sentence));
    const list = element("ul");
    for (const { positions, says } of compare.groups) {
      const item = element("li", "", `${says} `);
      if (positions.length) item.append(button("jump", "↦", this.say("go_to", { position: positions[0] }), () => this.choose(positions[0], true)));
      list.append(item);
    }
    if (compare.groups.length) box.append(list);
    return box;
  }

  findings(findings) {
    const list = element("ul", "findings");
    for (const one of findings) {
      const item = element("li", one.severity);
      const said = element("details");
      const line = element("summary");
      line.append(element("b", "", `${one.mark} ${one.name}`), ` ${one.where ? `${one.where}: ` : ""}${one.message}`);
      said.append(line, element("p", "", one.remedy ? `→ ${one.remedy}` : ""));
      item.append(said);
      if (one.tokens.length) item.append(button("jump", this.say("show"), `${this.say("show")}: ${one.message}`, () => this.choose(one.tokens[0], true)));
      list.append(item);
    }
    if (!this.allFindings) [...list.children].slice(shownFirst(findings)).forEach((item) => (item.hidden = true));
    return list;
  }

  drawLegend(coloring) {
    const { say, data } = this;
    const count = data.columns.supervised.filter(Boolean).length;
    const sample = (className, text) => element("span", `tok ${className}`, text);
    const made = [
      sample("supervised", say("count_supervised", { count })),
      sample("", say("count_ignored", { count: data.columns.supervised.length - count })),
    ];
    if (data.compare) made.push(sample("gained", say("only_there")), sample("lost", say("only_here")));
    if (coloring.values) {
      const scale = element("span", "scale");
      const ramp = element("span", "ramp");
      ramp.style.background = `linear-gradient(to right, ${coloring.stops.join(",")})`;
      scale.append(element("span", "", number(coloring.low, "")), ramp, element("span", "", `${number(coloring.high, "")} ${coloring.unit}`));
      made.push(scale);
    }
    made.push(element("span", "meaning", coloring.meaning));
    this.legend.className = `legend by-${coloring.name}`;
    this.legend.replaceChildren(...made);
  }

  listen() {
    this.stop = new AbortController();
    const on = (node, kind, act) => node.addEventListener(kind, act, { signal: this.stop.signal });
    const { list } = this.tokens;
    on(list, "pointerover", (event) => {
      const i = indexOf(event.target);
      if (event.pointerType !== "touch") this.peek(i === null ? -1 : i);
    });
    on(list, "pointerleave", () => this.peek(-1));
    on(list, "click", (event) => {
      const i = indexOf(event.target);
      if (i !== null) this.choose(i);
    });
    on(list, "keydown", (event) => this.onKey(event));
    on(this.host.hearsPage ? document : this.root, "keydown", (event) => this.onShortcut(event));
  }

  onKey(event) {
    const i = indexOf(event.target);
    if (i === null || event.ctrlKey || event.metaKey || event.altKey) return;
    const last = this.tokens.chips.length - 1;
    const goal = { ArrowRight: i + 1, ArrowLeft: i - 1, Home: 0, End: last, ArrowDown: this.tokens.beside(i, 1), ArrowUp: this.tokens.beside(i, -1) }[event.key];
    if (goal !== undefined) {
      const to = Math.min(last, Math.max(0, goal));
      this.tokens.focusable(to);
      this.tokens.chips[to].focus();
      this.peek(to);
    } else if (event.key === "Enter" || event.key === " ") this.choose(i);
    else if (event.key === "Escape") this.choose(-1);
    else return;
    event.preventDefault();
  }

  onShortcut(event) {
    const from = event.composedPath()[0];
    if (event.ctrlKey || event.metaKey || event.altKey || !this.root.isConnected) return;
    if (from.isContentEditable || from.matches?.("input, textarea, select")) return;
    const act = { n: () => this.step(1), p: () => this.step(-1), "/": () => this.tools.input.focus(), "?": () => (this.tools.keys.open = !this.tools.keys.open) }[event.key];
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  }

  step(by) {
    const start = this.selected < 0 ? (by > 0 ? -1 : this.tokens.chips.length) : this.selected;
    const to = this.tokens.next(start, by, (i) => this.data.columns.supervised[i]);
    if (to >= 0) this.choose(to, true);
  }

  // What the pointer or the keys are at is shown as long as they are there; then what was chosen.
  peek(i) {
    if (i === this.peeked) return;
    this.peeked = i;
    this.tokens.mark("hovered", i);
    this.detail.show(i < 0 ? this.selected : i);
  }

  choose(i, scroll = false, focus = true) {
    this.isSheetOpen = i >= 0;
    this.select(i);
    if (i >= 0) this.bringIntoView(i, scroll);
    if (i >= 0 && scroll && focus) this.tokens.chips[i].focus({ preventScroll: true });
    this.host.set("selected", i);
  }

  // A jump goes to the middle; a tap moves only what the sheet would cover.
  bringIntoView(i, isJump) {
    const isNarrow = this.root.clientWidth < 760;
    if (!isJump && !isNarrow) return;
    const behavior = matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth";
    this.tokens.chips[i].scrollIntoView({ block: isNarrow ? "nearest" : "center", behavior });
  }

  select(i) {
    this.selected = i;
    this.peeked = -1;
    this.tokens.mark("hovered", -1);
    this.tokens.mark("selected", i);
    this.tokens.focusable(Math.max(0, i));
    this.detail.box.classList.toggle("open", this.isSheetOpen);
    this.detail.show(i);
  }
}

// The gravest two are open from the start; notes wait to be asked for.
const shownFirst = (findings) => Math.min(2, findings.filter((one) => one.severity !== "note").length);

function colorings(data, theme) {
  const { say, own, palette, compare } = { ...data, say: (word) => data.words[word] };
  const known = {
    supervised: { name: "supervised", meaning: say("supervised_meaning") },
    role: { name: "role", meaning: say("role_meaning") },
  };
  for (const column of own.filter((one) => one.colours)) {
    known[column.name] = { name: column.name, values: column.values, low: 0, high: column.high, unit: column.unit, meaning: column.meaning, stops: palette.sequential[theme] };
  }
  if (compare?.hasCosts) {
    known.difference = { name: "difference", values: compare.difference, low: -compare.high, high: compare.high, unit: "nats", meaning: say("difference_meaning"), stops: palette.diverging[theme] };
  }
  return known;
}
