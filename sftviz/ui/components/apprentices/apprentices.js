// Every shift was computed before: the row of labels is dragged in the page, and snaps to the nearest.

const TOP = 72; // px above the upper row, for the arcs
const CELL = 34; // px of height of a row of cells, with its border
const NAME = 18; // px of a row's name
const COSTS = 62; // px of the highest cost bar
const COUNT = 300; // ms in which the loss counts down
const TYPE = 28; // ms a letter
const LOST = 1500; // ms after which an answer is no longer waited for

const element = (tag, className, text) => {
  const made = document.createElement(tag);
  made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
};
const fill = (words, values) => words.replace(/\{(\w+)\}/g, (_, name) => values[name]);
const still = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

function build(root, data) {
  const { texts, names, words, shifts } = data;
  const T = texts.length;
  const known = Object.keys(shifts).map(Number).sort((a, b) => a - b);
  const [least, most] = [known[0], known.at(-1)];
  for (const [name, colour] of Object.entries(data.colours)) root.style.setProperty(`--${name}`, colour);
  root.style.setProperty("--tokens", T);
  root.style.setProperty("--names", names.length);

  const scroll = element("div", "scroll");
  const scene = scroll.appendChild(element("div", "scene"));
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("aria-hidden", "true");
  const upper = element("div", "row");
  const lower = element("div", "row labels");
  const costs = element("div", "costs");
  const cells = texts.map((text) => {
    upper.append(element("div", "cell", text.trim() || text));
    return lower.appendChild(element("div", "cell", text.trim() || text));
  });
  const bars = texts.map(() => {
    const column = costs.appendChild(element("div", ""));
    return [column.appendChild(element("i", "")), column.appendChild(element("span", ""))];
  });
  const readName = element("div", "name above", words.just_read);
  scene.style.paddingTop = `${TOP}px`;
  scene.append(svg, readName, upper, element("div", "name", words.is_asked), lower, costs);
  lower.tabIndex = 0;
  for (const [name, value] of Object.entries({ role: "slider", "aria-label": words.handle, "aria-valuemin": least, "aria-valuemax": most })) lower.setAttribute(name, value);

  const pays = element("p", "pays");
  const learnt = element("div", "learnt");
  const table = learnt.appendChild(element("div", "table"));
  table.setAttribute("role", "img");
  table.setAttribute("aria-label", words.table);
  const squares = names.map(() => names.map(() => table.appendChild(element("i", ""))));
  const said = learnt.appendChild(element("div", "said"));
  const loss = said.appendChild(element("p", ""));
  said.append(element("p", "", words.writes));
  const typed = said.appendChild(element("p", "typed"));
  const verdict = said.appendChild(element("p", "verdict"));
  verdict.setAttribute("aria-live", "polite");
  root.replaceChildren(scroll, pays, learnt, element("p", "help", words.help));

  let step = 60;
  let at = root.shift; // as the row lies now, between two shifts while it is held
  const highest = Math.max(1, ...known.flatMap((by) => shifts[by].costs.filter((cost) => cost !== null)));

  const arcs = () => {
    lower.style.transform = `translateX(${-at * step}px)`;
    const middle = (place) => (place + 2.5) * step;
    const by = Math.max(least, Math.min(most, Math.round(at)));
    const lines = [];
    for (let t = 0; t < T; t++) {
      if (t + by < 0 || t + by >= T) continue;
      const [from, to] = [middle(t), middle(t + at)];
      const high = at > -0.15 && at < 0.15 ? 30 : 14 + 13 * Math.abs(at);
      // What the token asks for, over the row of text; then down to the cell it is compared with
      const hop = Math.abs(to - from) < 12 ? `M ${from - 7} ${TOP} C ${from - 16} ${TOP - high} ${to + 16} ${TOP - high} ${to + 7} ${TOP}` : `M ${from} ${TOP} Q ${(from + to) / 2} ${TOP - 2 * high} ${to} ${TOP}`;
      lines.push(hop, `M ${from} ${TOP + CELL} L ${middle(t + by - at)} ${TOP + CELL + NAME}`);
    }
    while (svg.children.length > lines.length) svg.lastChild.remove();
    while (svg.children.length < lines.length) svg.append(document.createElementNS("http://www.w3.org/2000/svg", "path"));
    lines.forEach((line, index) => svg.children[index].setAttribute("d", line));
  };

  const bill = (by) => {
    const one = shifts[by];
    one.costs.forEach((cost, t) => {
      bars[t][0].style.height = cost === null ? "0" : `${(COSTS * cost) / highest}px`;
      bars[t][1].textContent = cost === null ? "" : cost.toFixed(2);
    });
    cells.forEach((cell, place) => cell.classList.toggle("unasked", place - by < 0 || place - by >= T));
    pays.replaceChildren(
      document.createTextNode(`${fill(words.moved, { by: `${by > 0 ? "+" : ""}${by}`.replace("-", "−") })} · ${fill(words.model_pays, { asked: one.asked, all: T })} `),
      element("b", "", fill(words.nats, { value: one.loss.toFixed(3) })),
    );
  };

  const teach = (by) => {
    const one = shifts[by];
    const trained = new Set(one.trained);
    root.run = (root.run ?? 0) + 1;
    const run = root.run;
    const fade = () =>
      squares.forEach((row, r) =>
        row.forEach((square, c) => {
          square.classList.toggle("never", !trained.has(r));
          square.style.setProperty("--p", trained.has(r) ? one.shares[r][c] : 0);
          square.title = fill(words.row_and_column, { read: names[r], next: names[c], logit: one.logits[r][c] });
        }),
      );
    const told = (value) => loss.replaceChildren(document.createTextNode(`${words.table_loss} `), element("b", "", fill(words.nats, { value: value.toFixed(3) })));
    const text = one.written.map((row) => names[row]).join("").replaceAll("·", " ");
    const finished = () => {
      typed.classList.add("done");
      learnt.classList.toggle("right", by === 1);
      const stopped = !trained.has(one.written.at(-1)) && by !== 1 ? ` ${fill(words.stopped, { token: names[one.written.at(-1)] })}` : "";
      verdict.textContent = (by === 1 ? `✓ ${words.right}` : `✗ ${by < 0 ? words.past : by === 0 ? words.copies : words.skips}`) + stopped;
    };
    typed.classList.remove("done");
    learnt.classList.remove("right");
    verdict.textContent = "";
    if (still()) {
      fade();
      told(one.tableLosses.at(-1));
      typed.textContent = text;
      finished();
      return;
    }
    squares.flat().forEach((square) => square.style.setProperty("--p", 0.1));
    requestAnimationFrame(fade);
    const began = performance.now();
    const tick = (now) => {
      if (run !== root.run) return;
      const share = Math.max(0, Math.min(1, (now - began) / COUNT)); // a frame may have begun before the drag ended
      told(one.tableLosses[Math.round(share * (one.tableLosses.length - 1))]);
      const letters = Math.max(0, Math.floor((now - began - COUNT) / TYPE));
      typed.textContent = [...text].slice(0, letters).join("");
      if (letters >= [...text].length) finished();
      else requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
  };

  const settle = (by, keep) => {
    at = Math.max(least, Math.min(most, by));
    const moved = root.shift !== at || !root.taught;
    root.shift = at;
    lower.setAttribute("aria-valuenow", at);
    arcs();
    bill(at);
    if (moved) teach(at);
    root.taught = true;
    if (keep) root.keep(at);
  };
  root.settle = settle;

  lower.onpointerdown = (event) => {
    lower.setPointerCapture(event.pointerId);
    lower.classList.add("held");
    root.from = { x: event.clientX, at };
  };
  lower.onpointermove = (event) => {
    if (!lower.hasPointerCapture(event.pointerId)) return;
    at = Math.max(least - 0.3, Math.min(most + 0.3, root.from.at - (event.clientX - root.from.x) / step));
    arcs();
    bill(Math.max(least, Math.min(most, Math.round(at))));
  };
  lower.onpointerup = lower.onpointercancel = (event) => {
    if (!lower.hasPointerCapture(event.pointerId)) return;
    lower.releasePointerCapture(event.pointerId);
    lower.classList.remove("held");
    settle(Math.round(at), true);
  };
  lower.onkeydown = (event) => {
    // The labels go where the arrow points: to the left is one more
    const goal = { ArrowLeft: root.shift + 1, ArrowRight: root.shift - 1, Home: most, End: least }[event.key];
    if (goal === undefined) return;
    event.preventDefault();
    settle(goal, true);
  };
  root.sized?.disconnect();
  root.sized = new ResizeObserver(() => {
    const now = Math.max(46, Math.floor(scroll.clientWidth / (T + 3)));
    if (now === step && root.drawn) return;
    step = now;
    root.drawn = true;
    scene.style.setProperty("--step", `${step}px`);
    arcs();
  });
  root.sized.observe(scroll);
}

export default function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".apprentices");
  root.keep = (shift) => {
    root.waits = shift;
    setTimeout(() => (root.waits = undefined), LOST);
    setStateValue("rests", { shift });
  };
  const made = JSON.stringify([data.texts, data.shifts, data.words]);
  if (root.made !== made) {
    root.made = made;
    root.shift = data.shift;
    root.taught = root.drawn = false;
    build(root, data);
    root.settle(data.shift, false);
  } else if (root.waits === undefined || root.waits === data.shift) {
    root.waits = undefined;
    if (data.shift !== root.shift) root.settle(data.shift, false);
  }
}
