// One line above the tokens: colour, filter, find, steps between supervised tokens, picture, keys.

class Tools {
  constructor(bench) {
    this.bench = bench;
    const { say } = bench;
    this.bar = element("div", "tools");
    this.bar.setAttribute("role", "toolbar");
    this.bar.setAttribute("aria-label", say("tools"));
    this.matches = [];
    this.bar.append(this.colours(), this.only(), this.steps(), this.find(), this.pictures(), this.help());
  }

  colours() {
    const { say, data } = this.bench;
    const group = element("label", "colour", `${say("color_by")} `);
    this.select = element("select");
    this.select.addEventListener("change", () => this.bench.color(this.select.value, true));
    group.append(this.select);
    return group;
  }

  refresh() {
    const { say, data, coloring } = this.bench;
    const names = [["supervised", say("by_supervised")], ...data.own.filter((c) => c.colours).map((c) => [c.name, c.title]), ["role", say("by_role")]];
    if (data.compare?.hasCosts) names.push(["difference", say("by_difference")]);
    this.select.replaceChildren(...names.map(([name, title]) => {
      const option = element("option", "", title);
      option.value = name;
      return option;
    }));
    this.select.value = coloring;
  }

  only() {
    const label = element("label", "only");
    const tick = element("input");
    tick.type = "checkbox";
    tick.addEventListener("change", () => this.bench.tokens.list.classList.toggle("only", (this.bench.isOnly = tick.checked)));
    label.append(tick, ` ${this.bench.say("only")}`);
    return label;
  }

  steps() {
    const { say } = this.bench;
    const box = element("span", "steps");
    box.append(
      button("", "‹", `${say("previous_supervised")} (p)`, () => this.bench.step(-1)),
      button("", "›", `${say("next_supervised")} (n)`, () => this.bench.step(1)),
    );
    return box;
  }

  find() {
    const { say } = this.bench;
    const box = element("span", "find");
    this.input = element("input");
    this.input.type = "search";
    this.input.placeholder = `${say("find")}  /`;
    this.input.setAttribute("aria-label", say("find_help"));
    this.input.title = say("find_help");
    this.count = element("span", "count");
    this.count.setAttribute("role", "status");
    this.input.addEventListener("input", () => this.search());
    this.input.addEventListener("keydown", (event) => {
      if (event.key === "Enter") this.jump(event.shiftKey ? -1 : 1);
      if (event.key === "Escape") this.bench.tokens.chips[this.bench.tokens.current]?.focus();
      event.stopPropagation();
    });
    box.append(this.input, this.count);
    return box;
  }

  search() {
    const { tokens, data } = this.bench;
    for (const i of this.matches) tokens.chips[i].classList.remove("found");
    this.matches = found(data.shown, this.input.value.trim());
    for (const i of this.matches) tokens.chips[i].classList.add("found");
    this.at = -1;
    this.count.textContent = this.input.value.trim() ? this.bench.say("matches", { count: this.matches.length }) : "";
    if (this.matches.length) this.jump(1);
  }

  jump(by) {
    if (!this.matches.length) return;
    this.at = (this.at + by + this.matches.length) % this.matches.length;
    this.bench.choose(this.matches[this.at], true, false);
    this.count.textContent = `${this.at + 1} / ${this.matches.length}`;
  }

  pictures() {
    const { say } = this.bench;
    const box = element("details", "menu");
    const inside = element("div");
    const kinds = [["png", true], ["svg", true], ["png", false], ["svg", false]];
    for (const [kind, withText] of kinds) {
      const words = `${kind.toUpperCase()}, ${say(withText ? "with_text" : "without_text")}`;
      inside.append(button("", words, words, () => { savePicture(this.bench, kind, withText); box.open = false; }));
    }
    box.append(element("summary", "", say("picture")), inside);
    return box;
  }

  help() {
    const { say } = this.bench;
    const box = element("details", "menu keys");
    const inside = element("dl");
    const keys = [["← → ↑ ↓", "key_move"], ["Home End", "key_ends"], ["Enter", "key_choose"], ["n p", "key_supervised"], ["/", "key_find"], ["Esc", "key_close"], ["?", "key_help"]];
    for (const [key, word] of keys) {
      const name = element("dt");
      name.append(element("kbd", "", key));
      inside.append(name, element("dd", "", say.named(word)));
    }
    const summary = element("summary", "", "?");
    summary.setAttribute("aria-label", say("keys"));
    summary.title = say("keys");
    box.append(summary, inside);
    this.keys = box;
    return box;
  }
}

// Positions of the tokens that hold a piece of a place where the query stands, over the borders of tokens too.
function found(shown, query) {
  if (!query) return [];
  if (/^#\d+$/.test(query)) return Number(query.slice(1)) < shown.length ? [Number(query.slice(1))] : [];
  const text = shown.join("").toLowerCase();
  const wanted = query.toLowerCase();
  const ends = [];
  let end = 0;
  for (const one of shown) ends.push((end += one.toLowerCase().length));
  const places = [];
  for (let at = text.indexOf(wanted), i = 0; at >= 0; at = text.indexOf(wanted, at + wanted.length)) {
    while (ends[i] <= at) i++;
    places.push(i);
  }
  return [...new Set(places)];
}
