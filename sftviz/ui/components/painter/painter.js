// Tokens are painted by dragging over them, or with arrows and Space; what it costs comes from the core.

const BAR = 25; // px of the highest cost

const element = (tag, className, text) => {
  const made = document.createElement(tag);
  made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
};

function build(root, data) {
  const row = element("div", "row");
  row.setAttribute("role", "group");
  row.setAttribute("aria-label", data.words.label);
  root.drawn = data.texts.map((text, at) => {
    const token = row.appendChild(element("button", "tok"));
    token.type = "button";
    token.at = at;
    const verdict = token.appendChild(element("span", "verdict"));
    verdict.setAttribute("aria-hidden", "true");
    token.append(element("span", "text", text));
    const bar = token.appendChild(element("span", "bar")).appendChild(element("i", ""));
    if (text.endsWith("⏎")) row.append(element("span", "break"));
    return { token, verdict, bar };
  });
  const said = element("p", "said");
  said.setAttribute("aria-live", "polite");
  const legend = element("div", "legend");
  for (const name of ["legend_paint", "legend_cost", "help"]) legend.append(element("span", "", data.words[name]));
  root.replaceChildren(row, said, legend);

  root.say = (at) => {
    root.at = at;
    root.drawn.forEach(({ token }, place) => (token.tabIndex = place === at ? 0 : -1));
    const { words, wanted, reasons, texts } = root.data;
    const painted = root.painted[at];
    const verdict = painted === wanted[at] ? (painted ? `✓ ${words.ok}` : "") : painted ? `✗ ${words.too_many}` : words.unpainted;
    said.replaceChildren(element("b", "", texts[at]), document.createTextNode(` ${[painted ? words.painted : "", verdict, painted ? reasons[at] : ""].filter(Boolean).join(" · ")}`));
  };
  const paint = (at, to) => {
    if (root.painted[at] === to) return;
    root.painted[at] = to;
    root.show();
    root.say(at);
  };
  const under = (event) => root.getRootNode().elementFromPoint?.(event.clientX, event.clientY)?.closest(".tok");
  row.onpointerdown = (event) => {
    const token = event.target.closest(".tok");
    if (!token) return;
    root.brush = !root.painted[token.at];
    paint(token.at, root.brush);
  };
  row.onpointermove = (event) => {
    if (root.brush === undefined || !event.buttons) return;
    const token = under(event);
    if (token && row.contains(token)) paint(token.at, root.brush);
  };
  const done = () => {
    if (root.brush === undefined) return;
    root.brush = undefined;
    root.send();
  };
  row.onpointerup = row.onpointercancel = row.onpointerleave = done;
  row.addEventListener("focusin", (event) => event.target.at !== undefined && root.say(event.target.at));
  row.onkeydown = (event) => {
    const last = root.drawn.length - 1;
    const goal = { ArrowRight: root.at + 1, ArrowDown: root.at + 1, ArrowLeft: root.at - 1, ArrowUp: root.at - 1, Home: 0, End: last }[event.key];
    if (goal !== undefined) {
      const next = Math.max(0, Math.min(last, goal));
      root.drawn[next].token.focus();
    } else if (event.key === " " || event.key === "Enter") {
      paint(root.at, !root.painted[root.at]);
      root.send();
    } else return;
    event.preventDefault();
  };
}

export default function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".painter");
  root.data = data;
  for (const [name, colour] of Object.entries(data.colours)) root.style.setProperty(`--${name}`, colour);
  root.show = () => {
    const highest = Math.max(1, ...data.costs);
    root.drawn.forEach(({ token, verdict, bar }, at) => {
      const painted = root.painted[at];
      token.setAttribute("aria-pressed", painted);
      token.setAttribute("aria-label", `${data.texts[at]}, ${painted ? data.words.painted : data.words.unpainted}`);
      token.classList.toggle("carries", data.carries[at]);
      token.title = painted ? data.reasons[at] : "";
      verdict.textContent = painted ? (data.wanted[at] ? "✓" : "✗") : "";
      bar.style.height = `${(BAR * data.costs[at]) / highest}px`;
    });
  };
  root.send = () => {
    root.count += 1;
    setStateValue("stroke", { painted: root.painted.map(Number).join(""), count: root.count });
  };
  const made = JSON.stringify([data.texts, data.words]);
  root.count ??= data.strokes;
  // What was painted since the page was asked last stays as it is until the answer to it is here
  if (root.made !== made || (root.brush === undefined && data.strokes >= root.count)) root.painted = [...data.painted];
  if (root.made !== made) build(root, data);
  root.made = made;
  root.show();
  if (root.at === undefined) root.at = 0;
  root.drawn.forEach(({ token }, place) => (token.tabIndex = place === root.at ? 0 : -1));
}
