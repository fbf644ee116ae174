// Every cut was computed before: pressing a gap only chooses among them.

const WIDE = 300; // px of the picture of the arrows
const HIGH = 190;
const LOST = 1500; // ms after which an answer is no longer waited for

const element = (tag, className, text) => {
  const made = document.createElement(tag);
  made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
};
const drawn = (tag, attributes) => {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
};
const fill = (words, values) => words.replace(/\{(\w+)\}/g, (_, name) => values[name]);
const signed = (value) => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(4)}`;

function build(root, data) {
  const { words, cuts } = data;
  for (const [name, colour] of Object.entries(data.colours)) root.style.setProperty(`--${name}`, colour);
  const loaf = element("div", "loaf");
  loaf.setAttribute("role", "group");
  loaf.setAttribute("aria-label", words.label);
  const gaps = [];
  data.titles.forEach((title, row) => {
    const slice = loaf.appendChild(element("div", "slice"));
    slice.style.setProperty("--size", data.targets[row]);
    slice.style.setProperty("--look", data.looks[row]);
    slice.title = title;
    slice.append(element("b", "", data.targets[row]), document.createTextNode(` ${title}`));
    if (row === data.titles.length - 1) return;
    const gap = loaf.appendChild(element("button", "gap"));
    gap.type = "button";
    gap.setAttribute("aria-label", fill(words.cut_here, { left: title, right: data.titles[row + 1] }));
    gap.onclick = () => root.press(row);
    gaps.push(gap);
  });
  const below = element("div", "below");
  const svg = below.appendChild(drawn("svg", { width: WIDE, height: HIGH, viewBox: `0 0 ${WIDE} ${HIGH}`, role: "img", "aria-label": words.arrows }));
  const all = Object.values(cuts);
  const across = Math.max(1, ...all.map((cut) => cut.length * cut.direction));
  const up = Math.max(0.1, ...all.map((cut) => cut.length * Math.sqrt(1 - cut.direction ** 2)));
  const unit = Math.min((WIDE - 30) / across, (HIGH - 40) / up);
  const arrows = ["right", "wrong"].map((kind) => {
    const line = drawn("line", { x1: 12, y1: HIGH - 24, stroke: `var(--${kind})`, "stroke-dasharray": kind === "wrong" ? "9 7" : "none" });
    const tip = drawn("circle", { r: 7, fill: `var(--${kind})` });
    svg.append(line, tip);
    return { line, tip };
  });
  const aim = ({ line, tip }, length, direction) => {
    const angle = Math.acos(Math.max(-1, Math.min(1, direction)));
    const [x, y] = [12 + unit * length * Math.cos(angle), HIGH - 24 - unit * length * Math.sin(angle)];
    for (const [name, value] of [["x2", x], ["y2", y]]) line.setAttribute(name, value);
    tip.setAttribute("cx", x);
    tip.setAttribute("cy", y);
  };
  const told = below.appendChild(element("div", "told"));
  told.setAttribute("aria-live", "polite");
  root.replaceChildren(loaf, below, element("p", "help", words.help));

  const whole = cuts["0".repeat(gaps.length)];
  const worst = Object.entries(cuts).reduce((one, other) => (other[1].off > one[1].off ? other : one));
  const paragraph = (pattern, value) => {
    const [before, after] = pattern.split("{value}");
    const made = element("p", "");
    made.append(document.createTextNode(before), element("b", "", value), document.createTextNode(after ?? ""));
    return made;
  };
  root.show = () => {
    const cut = cuts[root.cutsAt];
    gaps.forEach((gap, at) => gap.setAttribute("aria-pressed", root.cutsAt[at] === "1"));
    aim(arrows[0], 1, 1);
    aim(arrows[1], cut.length, cut.direction);
    const percent = `${Math.round(100 * cut.off)} %`;
    const verdict = cut.off < 0.005 ? words.agrees : root.cutsAt === worst[0] ? words.worst : "";
    told.replaceChildren(
      paragraph(words.whole, whole.loss.toFixed(4)),
      paragraph(words.means, `${cut.loss.toFixed(4)} (${signed(cut.loss - whole.loss)})`),
      paragraph(words.off, percent),
      element("p", "", `${words.right} ${words.wrong}`),
      element("p", "", verdict),
    );
  };
}

export default function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".cutter");
  root.press = (at) => {
    const now = [...root.cutsAt];
    now[at] = now[at] === "1" ? "0" : "1";
    root.cutsAt = now.join("");
    root.show();
    root.waits = root.cutsAt;
    setTimeout(() => (root.waits = undefined), LOST);
    setStateValue("pressed", { at: root.cutsAt });
  };
  const made = JSON.stringify([data.titles, data.cuts, data.words]);
  if (root.made !== made) {
    root.made = made;
    root.waits = undefined;
    root.cutsAt = data.at;
    build(root, data);
  } else if (root.waits === undefined || root.waits === data.at) {
    root.waits = undefined;
    root.cutsAt = data.at;
  }
  root.show();
}
