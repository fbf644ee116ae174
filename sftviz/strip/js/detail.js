// What is known of one token: beside the strip where there is room, a sheet at the foot of a narrow screen.

class Detail {
  constructor(bench) {
    this.bench = bench;
    this.box = element("aside", "detail");
    this.box.setAttribute("aria-label", bench.say("detail"));
    this.box.setAttribute("aria-live", "polite");
  }

  show(i) {
    const { data } = this.bench;
    const parts = i < 0 ? [element("p", "hint", this.bench.say("hint"))] : this.parts(i);
    if (data.dearest.length) parts.push(this.dearest(i));
    this.box.replaceChildren(...parts);
    this.box.classList.toggle("empty", i < 0);
  }

  parts(i) {
    const { say, data } = this.bench;
    const { columns, shown, reasons, reason } = data;
    const head = element("h2", "head", alone(shown[i]) || say("rest_bytes", { bytes: columns.id[i] }));
    const verdict = element("p", `verdict ${columns.supervised[i] ? "yes" : "no"}`, columns.supervised[i] ? `✓ ${say("supervised")}` : `✗ ${say("ignored")}`);
    return [this.bar(i), head, verdict, this.why(reasons[reason[i]], data.why), ...this.other(i), ...this.price(i), this.more(i)];
  }

  bar(i) {
    const { say, data } = this.bench;
    const bar = element("div", "bar");
    const step = (by) => () => this.bench.choose(Math.min(data.shown.length - 1, Math.max(0, i + by)));
    bar.append(
      button("step", "◀", say("previous"), step(-1)),
      element("span", "where", say("place", { position: i, count: data.shown.length })),
      button("step", "▶", say("following"), step(1)),
      button("close", "✕", say("close"), () => this.bench.choose(-1)),
    );
    return bar;
  }

  why(reason, lesson) {
    const line = element("p", "reason", reason);
    const link = this.link(lesson);
    if (link) line.append(" ", link);
    return line;
  }

  link(lesson) {
    const { links } = this.bench.data;
    if (!lesson || !links[lesson]) return null;
    const link = element("a", "", `→ ${links[lesson].title}`);
    link.href = links[lesson].href;
    link.target = "_blank";
    link.rel = "noopener";
    return link;
  }

  // What the other setting makes of the same token
  other(i) {
    const { say, data: { compare } } = this.bench;
    if (!compare) return [];
    const box = element("div", `other ${compare.differs[i] ? "differs" : ""}`);
    box.append(element("strong", "", compare.title));
    if (compare.supervised[i] === null) box.append(element("p", "", say("not_there")));
    else {
      box.append(element("p", "", `${compare.supervised[i] ? "✓" : "✗"} ${say(compare.supervised[i] ? "supervised" : "ignored")}`));
      box.append(element("p", "reason", compare.reasons[compare.reason[i]]));
      if (compare.cost[i] !== null) box.append(element("p", "", say("cost", { nats: compare.cost[i].toFixed(3) })));
    }
    return [box];
  }

  price(i) {
    const { say, data } = this.bench;
    if (data.cost[i] === null) return [];
    const parts = [element("h3", "", say("own")), this.definitions(data.own, i)];
    if (data.expected[i]?.length) parts.push(element("h3", "", say("expected")), this.alternatives(i));
    return parts;
  }

  alternatives(i) {
    const { data } = this.bench;
    const list = element("ol", "expected");
    for (const [text, share, isIt] of data.expected[i]) {
      const item = element("li", isIt ? "it" : "");
      const meter = element("i");
      meter.style.width = `${(share * 100).toFixed(1)}%`;
      item.append(meter, element("bdi", "", alone(text)), element("span", "", `${(share * 100).toFixed(1)} %`));
      list.append(item);
    }
    return list;
  }

  more(i) {
    const { say, data } = this.bench;
    const more = element("details", "more");
    more.open = this.isOpen ?? false;
    more.addEventListener("toggle", () => (this.isOpen = more.open));
    more.append(element("summary", "", say("more")), this.definitions(data.about, i));
    if (i > 0) more.append(element("p", "", say("predicted_at", { position: i - 1 })));
    return more;
  }

  definitions(columns, i) {
    const { say } = this.bench;
    const list = element("dl");
    for (const column of columns) {
      const value = column.values[i];
      if (value === null && column.drops) continue;
      const name = element("dt");
      name.append(this.term(column.term, column.title, list));
      list.append(name, element("dd", "", `${number(value, say("none"))} ${value === null ? "" : column.unit}`));
    }
    return list;
  }

  // A word that opens two lines on what it means, and the lesson that explains it
  term(name, title, list) {
    const told = name && this.bench.data.terms[name];
    if (!told) return element("span", "", title);
    const open = button("term", title, `${title}: ${this.bench.say("what_is_it")}`, () => {
      const there = open.closest("dt").nextElementSibling.nextElementSibling;
      const isOpen = there?.classList.contains("meaning");
      if (isOpen) there.remove();
      else open.closest("dt").nextElementSibling.after(this.meaning(told));
      open.setAttribute("aria-expanded", String(!isOpen));
    });
    open.setAttribute("aria-expanded", "false");
    return open;
  }

  meaning({ says, lesson }) {
    const meaning = element("dd", "meaning", says);
    const link = this.link(lesson);
    if (link) meaning.append(" ", link);
    return meaning;
  }

  dearest(i) {
    const { say, data } = this.bench;
    const box = element("div", "dearest");
    const list = element("ol");
    for (const position of data.dearest) {
      const item = element("li", position === i ? "it" : "");
      const jump = button("jump", "", say("go_to", { position }), () => this.bench.choose(position, true));
      jump.append(element("bdi", "", alone(data.shown[position]) || "…"), element("span", "", `${data.cost[position].toFixed(2)} nats`));
      item.append(jump);
      list.append(item);
    }
    box.append(element("h3", "", say("dearest")), list);
    return box;
  }
}
