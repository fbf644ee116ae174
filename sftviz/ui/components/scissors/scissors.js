// Every place of the cut was computed before: dragging only chooses among them.

const ARCS = 120; // px of height
const LOST = 1500; // ms after which an answer is no longer waited for
const REST = 300; // ms without a move after which the cut is one to keep, in the address

const element = (tag, className, text) => {
  const made = document.createElement(tag);
  made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
};
const fill = (words, values) => words.replace(/\{(\w+)\}/g, (_, name) => values[name]);

function build(root, data) {
  const T = data.texts.length;
  const { words } = data;
  root.style.setProperty("--own", data.colours.own);
  root.style.setProperty("--through", data.colours.through);
  const told = element("div", "told");
  told.setAttribute("aria-live", "polite");
  const [cutSays, lossSays, tokenSays] = [0, 0, 0].map(() => told.appendChild(element("span", "")));
  const scroll = element("div", "scroll");
  const scene = scroll.appendChild(element("div", "scene"));
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("height", ARCS);
  svg.setAttribute("aria-hidden", "true");
  const bars = element("div", "bars");
  const row = element("div", "row");
  const highest = Math.max(...data.total.flat(), ...data.through.flat());
  const drawn = data.texts.map((text, at) => {
    const bar = bars.appendChild(element("div", "bar"));
    const parts = { through: bar.appendChild(element("i", "through")), own: bar.appendChild(element("i", "own")) };
    const token = row.appendChild(element("button", "tok", text));
    token.type = "button";
    token.classList.toggle("supervised", data.supervised[at]);
    token.onclick = () => root.choose(at);
    return { parts, token };
  });
  const handle = scene.appendChild(element("div", "handle"));
  handle.tabIndex = 0;
  for (const [name, value] of Object.entries({ role: "slider", "aria-label": words.handle, "aria-valuemin": 0, "aria-valuemax": T - 1 })) handle.setAttribute(name, value);
  scene.append(svg, bars, row);
  const legend = element("div", "legend");
  for (const name of ["own", "through"]) {
    const entry = legend.appendChild(element("span", ""));
    entry.append(element("i", name), document.createTextNode(words[name]));
  }
  legend.append(element("span", "", words.arcs), element("span", "", words.help));
  root.replaceChildren(told, scroll, legend);

  const width = () => row.scrollWidth / T;
  const arcs = () => {
    const step = width();
    scene.style.width = `${Math.max(row.scrollWidth, 0)}px`;
    svg.setAttribute("width", row.scrollWidth);
    const source = data.readBy[root.answer] ?? [];
    const most = Math.max(...source, 1e-9);
    svg.replaceChildren(
      ...source.flatMap((norm, at) => {
        if (at >= root.answer || norm < 0.004 * most) return [];
        const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
        const [from, to] = [(at + 0.5) * step, (root.answer + 0.5) * step];
        const high = Math.min(ARCS - 6, 18 + (to - from) * 0.32);
        path.setAttribute("d", `M ${from} ${ARCS} Q ${(from + to) / 2} ${ARCS - 2 * high} ${to} ${ARCS}`);
        path.setAttribute("stroke-width", 0.6 + (7 * norm) / most);
        path.at = at;
        return [path];
      }),
    );
  };
  const show = () => {
    const { cut, token } = root;
    const [own, through, total] = [data.own[cut], data.through[cut], data.total[cut]];
    drawn.forEach(({ parts, token: button }, at) => {
      // Both norms stand on each other, as their vectors do not: the whole is scaled to their sum's own norm
      const scale = (100 * total[at]) / highest / Math.max(own[at] + through[at], 1e-9);
      parts.own.style.height = `${scale * own[at]}%`;
      parts.through.style.height = `${scale * through[at]}%`;
      button.setAttribute("aria-pressed", at === token);
    });
    for (const path of svg.children) path.classList.toggle("cut", path.at < cut && cut <= root.answer - 1);
    const step = width();
    handle.style.left = `${Math.max(17, cut * step)}px`;
    const where = cut ? fill(words.cut_before, { place: cut, token: data.texts[cut] }) : words.no_cut;
    handle.setAttribute("aria-valuenow", cut);
    handle.setAttribute("aria-valuetext", where);
    cutSays.textContent = where;
    lossSays.textContent = fill(words.loss, { loss: data.losses[cut].toFixed(3), whole: data.losses[0].toFixed(3) });
    tokenSays.replaceChildren(
      element("b", "", data.texts[token]),
      document.createTextNode(` · ${data.supervised[token] ? words.is_target : words.never_target} · `),
      element("b", "", total[token].toFixed(3)),
      document.createTextNode(` ${fill(words.parts, { own: own[token].toFixed(3), through: through[token].toFixed(3) })}`),
    );
  };
  root.redraw = () => {
    arcs();
    show();
  };
  root.choose = (at) => {
    root.token = at;
    if (data.supervised[at]) root.answer = at;
    root.redraw();
    root.keep();
  };
  root.cutAt = (cut) => {
    root.cut = Math.max(0, Math.min(T - 1, cut));
    show();
    root.keep();
  };
  const drag = (event) => {
    if (!handle.hasPointerCapture(event.pointerId)) return;
    root.cutAt(Math.round((event.clientX - scene.getBoundingClientRect().left) / width()));
  };
  handle.onpointerdown = (event) => handle.setPointerCapture(event.pointerId);
  handle.onpointermove = drag;
  handle.onpointerup = (event) => handle.releasePointerCapture(event.pointerId);
  handle.onkeydown = (event) => {
    const goal = { ArrowRight: root.cut + 1, ArrowLeft: root.cut - 1, Home: 0, End: T - 1 }[event.key];
    if (goal === undefined) return;
    event.preventDefault();
    root.cutAt(goal);
  };
  requestAnimationFrame(() => (scroll.scrollLeft = (root.token + 0.5) * width() - scroll.clientWidth / 2));
  root.sized?.disconnect();
  root.sized = new ResizeObserver(() => root.redraw());
  root.sized.observe(scroll);
}

export default function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".scissors");
  const made = JSON.stringify([data.texts, data.losses, data.words]);
  root.keep = () => {
    clearTimeout(root.timer);
    root.waits = true;
    root.timer = setTimeout(() => {
      setTimeout(() => (root.waits = false), LOST);
      setStateValue("rests", { cut: root.cut, token: root.token });
    }, REST);
  };
  if (root.made !== made) {
    root.made = made;
    build(root, data);
  }
  if (data.cut === root.cut && data.token === root.token) root.waits = false;
  if (!root.waits) Object.assign(root, { cut: data.cut, token: data.token });
  root.answer ??= data.supervised[root.token] ? root.token : data.supervised.indexOf(true);
  root.redraw();
}
