// A row under the pointer is read out: what it may look at, and whether its own target is among it.

const element = (tag, className, text) => {
  const made = document.createElement(tag);
  made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
};
const fill = (words, values) => words.replace(/\{(\w+)\}/g, (_, name) => values[name]);

export default function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".attention-grid");
  const { texts, allowed, leaks, words } = data;
  const { sees, label, leak, crossing, changed } = words;
  const { sees_nothing: seesNothing, sees_target: seesTarget, may_look: mayLook, may_not: mayNot } = words;
  const T = texts.length;
  root.style.setProperty("--tokens", T);
  root.style.setProperty("--cell", `${Math.max(11, Math.min(22, Math.floor(560 / T)))}px`);
  root.style.setProperty("--seen", data.colours.seen);
  root.style.setProperty("--leak", data.colours.leak);

  const legend = element("div", "legend");
  const isCrossed = data.crossing.some((row) => row.includes("1"));
  const leakMeans = isCrossed ? crossing : leak;
  for (const [kind, meaning] of [["seen at", mayLook], ["", mayNot], ["seen leak", leakMeans], ["changed", changed]]) {
    const entry = element("span", "");
    const sample = element("div", `cell ${kind}`);
    sample.append(element("i", ""));
    entry.append(sample, element("span", "", meaning));
    legend.append(entry);
  }

  const names = element("div", "names");
  const labels = texts.map((text) => element("div", "name", text || "∅"));
  names.append(...labels);
  const grid = element("div", "cells");
  grid.tabIndex = 0;
  grid.setAttribute("role", "application");
  grid.setAttribute("aria-label", label);
  const cells = [];
  for (let i = 0; i < T; i++) {
    for (let j = 0; j < T; j++) {
      const cell = element("div", "cell");
      cell.dataset.i = i;
      cell.dataset.j = j;
      cell.classList.toggle("seen", allowed[i][j] === "1");
      cell.classList.toggle("leak", (j === i + 1 && leaks[i]) || data.crossing[i][j] === "1");
      cell.classList.toggle("changed", j === data.chosen);
      cell.append(element("i", ""));
      cells.push(cell);
    }
  }
  grid.append(...cells);
  const said = element("p", "said");
  said.setAttribute("aria-live", "polite");

  const look = (i) => {
    root.row = i;
    cells.forEach((cell) => cell.classList.toggle("at", Number(cell.dataset.i) === i));
    labels.forEach((name, j) => {
      name.classList.toggle("at", j === i);
      name.classList.toggle("read", allowed[i][j] === "1");
    });
    const read = texts.filter((_, j) => allowed[i][j] === "1");
    const sentence = fill(read.length ? sees : seesNothing, { token: `“${texts[i]}”`, count: read.length, all: T });
    said.replaceChildren(document.createTextNode(read.length ? `${sentence}: ` : `${sentence}. `), element("b", "", read.join("")));
    if (leaks[i]) said.append(element("div", "", `⚠ ${fill(seesTarget, { target: `“${texts[i + 1]}”` })}`));
  };
  const choose = (j) => setStateValue("chosen", j);

  grid.onpointerover = (event) => {
    const cell = event.target.closest(".cell");
    if (cell) look(Number(cell.dataset.i));
  };
  grid.onclick = (event) => {
    const cell = event.target.closest(".cell");
    if (cell) choose(Number(cell.dataset.j));
  };
  labels.forEach((name, i) => {
    name.onpointerover = () => look(i);
    name.onclick = () => choose(i);
  });
  grid.onkeydown = (event) => {
    const goal = { ArrowDown: root.row + 1, ArrowRight: root.row + 1, ArrowUp: root.row - 1, ArrowLeft: root.row - 1, Home: 0, End: T - 1 }[event.key];
    if (goal !== undefined) look(Math.max(0, Math.min(T - 1, goal)));
    else if (event.key === "Enter" || event.key === " ") choose(root.row);
    else return;
    event.preventDefault();
  };

  const hadFocus = root.contains(root.getRootNode().activeElement);
  const scene = element("div", "scene");
  scene.append(names, grid);
  root.replaceChildren(legend, scene, said);
  look(Math.min(root.row ?? data.chosen, T - 1));
  if (hadFocus) grid.focus();
}
