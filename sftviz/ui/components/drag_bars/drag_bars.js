const KEY_STEP = 0.02;
const LOST = 1500; // ms after which an answer is no longer waited for
const REST = 400; // ms without a move after which the distribution is one to keep, in the address

function build(root, data) {
  root.replaceChildren();
  const title = document.createElement("div");
  title.className = "title";
  title.textContent = data.title;
  const bars = document.createElement("div");
  bars.className = "bars";
  root.wells = data.outcomes.map((name, index) => {
    const outcome = document.createElement("div");
    outcome.className = "outcome";
    const well = document.createElement("div");
    well.className = "well";
    well.tabIndex = 0;
    for (const [key, value] of Object.entries({ role: "slider", "aria-orientation": "vertical", "aria-valuemin": 0, "aria-valuemax": 1, "aria-label": `${data.title}: ${name}` })) well.setAttribute(key, value);
    const fill = document.createElement("div");
    fill.className = "fill";
    fill.style.background = data.colour;
    const share = document.createElement("div");
    share.className = "share";
    const label = document.createElement("div");
    label.textContent = name;
    well.append(fill);
    outcome.append(well, share, label);
    bars.append(outcome);
    well.show = (p) => {
      fill.style.height = `${100 * p}%`;
      share.textContent = p.toFixed(3);
      well.setAttribute("aria-valuenow", p.toFixed(3));
      well.p = p;
    };
    const drag = (event) => {
      if (!well.hasPointerCapture(event.pointerId)) return;
      const box = well.getBoundingClientRect();
      root.move(index, 1 - (event.clientY - box.top) / box.height);
    };
    well.onpointerdown = (event) => {
      well.setPointerCapture(event.pointerId);
      drag(event);
    };
    well.onpointermove = drag;
    well.onpointerup = (event) => well.releasePointerCapture(event.pointerId);
    well.onkeydown = (event) => {
      const step = { ArrowUp: KEY_STEP, ArrowRight: KEY_STEP, ArrowDown: -KEY_STEP, ArrowLeft: -KEY_STEP }[event.key];
      if (!step) return;
      event.preventDefault();
      root.move(index, well.p + step);
    };
    return well;
  });
  root.append(title, bars);
}

export default function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".drag-bars");
  const words = JSON.stringify([data.title, data.outcomes]);
  if (root.words !== words) {
    build(root, data);
    root.count ??= data.answers;
    root.words = words;
  }

  const send = () => {
    if (root.sent || !root.wanted) return;
    root.sent = true;
    root.count += 1;
    setStateValue("moved", { ...root.wanted, count: root.count, held: true });
    root.last = root.wanted;
    root.wanted = null;
    root.timer = setTimeout(answered, LOST);
  };
  const answered = () => {
    clearTimeout(root.timer);
    root.sent = false;
    send();
  };
  const rest = () => {
    clearTimeout(root.rest);
    root.rest = setTimeout(() => {
      if (root.sent) rest();
      else setStateValue("moved", { ...root.last, count: root.count, held: false });
    }, REST);
  };
  root.move = (index, share) => {
    const bounded = Math.min(0.999, Math.max(0, share));
    root.wells[index].show(bounded); // the rest follows when the core has answered
    root.wanted = { index, share: bounded };
    send();
    rest();
  };

  if (root.sent && data.answers === root.count) answered();
  data.p.forEach((p, index) => {
    if (!root.wanted || root.wanted.index !== index) root.wells[index].show(p);
  });
}
