const SVG = "http://www.w3.org/2000/svg";
const STOP = 34; // from one stop of a route to the next, its line's own units

function drawn(tag, attributes, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

// done: what this browser remembers; next: the first of the learner's route that is written and not done
function stands({ nodes, routes }) {
  const all = remembered();
  const done = new Set(nodes.filter(({ slug }) => all[slug]?.looked && "said" in all[slug]).map(({ slug }) => slug));
  const order = routes[0].order.map((number) => nodes.find((node) => node.number === number));
  return { done, next: order.find(({ href, slug }) => href && !done.has(slug))?.slug };
}

function node({ slug, number, title, minutes, href, place }, { done, next }, words, open) {
  const box = made(href ? "a" : "div", "node");
  box.style.gridColumn = place[0] + 1;
  box.style.gridRow = place[1] + 1;
  const told = !href ? words.unwritten : done.has(slug) ? `✓ ${words.done}` : slug === next ? `→ ${words.next}` : "";
  if (href) {
    box.href = href;
    box.onclick = (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      open(slug);
    };
  }
  box.classList.add(!href ? "unwritten" : done.has(slug) ? "done" : slug === next ? "next" : "open");
  const foot = [minutes && words.minutes.replace("{minutes}", minutes), told].filter(Boolean).join(" · ");
  box.append(made("span", "number", number), made("span", "title", title), made("span", "foot", foot));
  return box;
}

function arrows(map, boxes, nodes) {
  const frame = map.getBoundingClientRect();
  const at = (slug) => {
    const { left, right, top, bottom } = boxes.get(slug).getBoundingClientRect();
    return { left: left - frame.left, right: right - frame.left, top: top - frame.top, bottom: bottom - frame.top };
  };
  const narrow = getComputedStyle(map).gridTemplateColumns.split(" ").length === 1;
  const paths = nodes.flatMap(({ slug, requires, href }) =>
    requires.filter((one) => boxes.has(one)).map((one) => {
      const [from, to] = [at(one), at(slug)];
      const middle = ({ top, bottom }) => (top + bottom) / 2;
      let d;
      if (narrow) {
        const out = from.left - Math.min(40, 10 + Math.abs(middle(to) - middle(from)) / 16);
        d = `M${from.left},${middle(from)} C${out},${middle(from)} ${out},${middle(to)} ${to.left - 3},${middle(to)}`;
      } else if (Math.abs(from.left - to.left) < 2) {
        const down = to.top > from.top;
        d = `M${(from.left + from.right) / 2},${down ? from.bottom : from.top} L${(to.left + to.right) / 2},${down ? to.top - 3 : to.bottom + 3}`;
      } else {
        const half = (from.right + to.left) / 2;
        d = `M${from.right},${middle(from)} C${half},${middle(from)} ${half},${middle(to)} ${to.left - 3},${middle(to)}`;
      }
      return drawn("path", { d, class: href ? "arrow" : "arrow faint", "marker-end": "url(#tip)" });
    }),
  );
  const tip = drawn("marker", { id: "tip", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto" },
    drawn("path", { d: "M0,0 L8,4 L0,8 z", class: "tip" }));
  map.querySelector("svg").replaceChildren(drawn("defs", {}, tip), ...paths);
}

const STOPS = {
  learner: (x) => drawn("circle", { cx: x, cy: 17, r: 12 }),
  interview: (x) => drawn("rect", { x: x - 11, y: 6, width: 22, height: 22 }),
  repair: (x) => drawn("path", { d: `M${x - 14},17 L${x},3 L${x + 14},17 L${x},31 z` }),
};

function route({ name, title, says, dash, colour, order }, nodes, { done }) {
  const line = made("div", "route");
  const head = made("div", "route-title");
  head.append(made("strong", "", title), made("span", "", says));
  const width = STOP * order.length;
  const svg = drawn("svg", { viewBox: `0 0 ${width} 34`, role: "img", "aria-label": `${title}: ${order.join(", ")}` });
  svg.style.maxWidth = `${width}px`;
  svg.append(drawn("path", { d: `M17,17 H${width - 17}`, class: "line", stroke: colour, "stroke-dasharray": dash }));
  order.forEach((number, place) => {
    const { slug, href } = nodes.find((one) => one.number === number);
    const stop = STOPS[name](17 + STOP * place);
    stop.setAttribute("class", `stop ${href ? "" : "unwritten"} ${done.has(slug) ? "done" : ""}`);
    stop.setAttribute("stroke", colour);
    const text = drawn("text", { x: 17 + STOP * place, y: 21.5, class: href ? "" : "unwritten" });
    text.textContent = done.has(slug) ? "✓" : number;
    svg.append(stop, text);
  });
  line.append(head, svg);
  return line;
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".course");
  const { nodes, routes, words } = data;
  const draw = () => {
    const stand = stands(data);
    const map = made("nav", "map");
    map.ariaLabel = words.title;
    const boxes = new Map(nodes.map((one) => [one.slug, node(one, stand, words, (slug) => setTriggerValue("open", slug))]));
    map.append(drawn("svg", { "aria-hidden": "true" }), ...boxes.values());
    const again = made("button", "again", words.again);
    again.type = "button";
    again.onclick = () => {
      localStorage.removeItem(PLACE);
      setTriggerValue("forgot", true);
      draw();
    };
    root.replaceChildren(map, ...routes.map((one) => route(one, nodes, stand)), ...(Object.keys(remembered()).length ? [again] : []));
    root.watching?.disconnect();
    root.watching = new ResizeObserver(() => arrows(map, boxes, nodes));
    root.watching.observe(map);
  };
  draw();
}
