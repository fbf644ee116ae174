const RADIUS = 14;
const ROUND = 2 * Math.PI * RADIUS;
const begun = new Map(); // what the time is for -> when it began
const timers = new WeakMap();

export default function ({ data: { seconds, of, label }, parentElement }) {
  const root = parentElement.querySelector(".sftviz-clock");
  if (!begun.has(of)) begun.set(of, Date.now());
  clearInterval(timers.get(root));
  const { ring, text } = root.firstChild ? parts(root) : drawn(root);
  const tick = () => {
    const left = seconds - Math.floor((Date.now() - begun.get(of)) / 1000);
    ring.setAttribute("stroke-dashoffset", String(ROUND * (1 - Math.max(0, left) / seconds)));
    text.textContent = `${left < 0 ? "+" : ""}${Math.floor(Math.abs(left) / 60)}:${String(Math.abs(left) % 60).padStart(2, "0")}`;
    root.classList.toggle("over", left < 0);
    root.setAttribute("aria-label", label.replace("{seconds}", String(left)));
  };
  tick();
  const timer = setInterval(() => (root.isConnected ? tick() : clearInterval(timer)), 1000);
  timers.set(root, timer);
}

const parts = (root) => ({ ring: root.querySelectorAll("circle")[1], text: root.querySelector("span") });

function drawn(root) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 32 32");
  svg.setAttribute("aria-hidden", "true");
  for (let i = 0; i < 2; i++) {
    const circle = document.createElementNS(svg.namespaceURI, "circle");
    for (const [name, value] of Object.entries({ cx: 16, cy: 16, r: RADIUS })) circle.setAttribute(name, value);
    svg.append(circle);
  }
  svg.lastChild.setAttribute("stroke-dasharray", String(ROUND));
  root.append(svg, document.createElement("span"));
  return parts(root);
}
