const STEPS = 1000; // of a slider

// `code` in backticks, everything else as it stands
function worded(element, text) {
  text.split("`").forEach((part, at) => element.append(at % 2 ? made("code", "", part) : part));
  return element;
}

// Every form gives {element, value}: what to show, and what it stands on, null where nothing is chosen yet.
const FORMS = {
  number({ scale, unit, said, label }, changed) {
    const element = made("div", "number");
    const slider = made("input", "");
    const field = made("input", "");
    Object.assign(slider, { type: "range", min: 0, max: STEPS, value: STEPS / 2, ariaLabel: label });
    Object.assign(field, { type: "number", step: "any", ariaLabel: label, placeholder: "?" });
    const { least, most, logarithmic } = scale;
    const at = (part) => (logarithmic ? least * (most / least) ** part : least + (most - least) * part);
    const part = (value) => (logarithmic ? Math.log(value / least) / Math.log(most / least) : (value - least) / (most - least));
    slider.oninput = () => {
      field.value = Number(at(slider.value / STEPS).toPrecision(most - least >= 100 || logarithmic ? 2 : 3));
      changed();
    };
    field.oninput = () => {
      if (field.value !== "") slider.value = STEPS * Math.min(1, Math.max(0, part(Number(field.value)) || 0));
      changed();
    };
    if (said !== null) {
      field.value = said;
      slider.value = STEPS * Math.min(1, Math.max(0, part(said) || 0));
    }
    element.append(slider, field, made("span", "unit", unit));
    return { element, value: () => (field.value === "" || !Number.isFinite(Number(field.value)) ? null : Number(field.value)) };
  },

  choice({ options, said, label, slug }, changed) {
    const element = made("div", "choice");
    element.role = "radiogroup";
    element.ariaLabel = label;
    for (const { id, says } of options) {
      const row = made("label", "option");
      const input = made("input", "");
      Object.assign(input, { type: "radio", name: `predict_${slug}`, value: id, checked: said === id, onchange: changed });
      row.append(input, worded(made("span", ""), says));
      element.append(row);
    }
    return { element, value: () => element.querySelector("input:checked")?.value ?? null };
  },

  order({ options, said, words }, changed) {
    const element = made("ol", "order");
    let ids = said ?? options.map(({ id }) => id);
    const draw = (focused) => {
      element.replaceChildren(
        ...ids.map((id, place) => {
          const row = made("li", "option");
          const { says } = options.find((option) => option.id === id);
          const move = (by, sign, name) => {
            const button = made("button", "move", sign);
            Object.assign(button, { type: "button", ariaLabel: `${says}: ${name}`, disabled: !ids[place + by] });
            button.onclick = () => {
              [ids[place], ids[place + by]] = [ids[place + by], ids[place]];
              draw([place + by, sign]);
              changed();
            };
            return button;
          };
          row.append(move(-1, "↑", words.up), move(1, "↓", words.down), worded(made("span", ""), says));
          return row;
        }),
      );
      if (!focused) return;
      const buttons = element.children[focused[0]].querySelectorAll("button");
      [...buttons].find((button) => button.textContent === focused[1] && !button.disabled)?.focus();
    };
    ids = [...ids];
    draw();
    return { element, value: () => ids };
  },

  match({ options, to, said, words }, changed) {
    const element = made("div", "match");
    const selects = options.map(({ says }, place) => {
      const row = made("label", "option");
      const select = made("select", "");
      select.append(new Option(words.choose, ""), ...to.map((one) => new Option(one.says.replaceAll("`", ""), one.id)));
      select.value = said?.[place] ?? "";
      select.onchange = changed;
      row.append(worded(made("span", ""), says), select);
      element.append(row);
      return select;
    });
    return { element, value: () => (selects.every(({ value }) => value) ? selects.map(({ value }) => value) : null) };
  },

  mark({ texts, grid, said, right, words, label }, changed) {
    const element = made("div", grid ? "marks grid" : "marks");
    if (grid) element.style.setProperty("--columns", grid[1]);
    element.role = "group";
    element.ariaLabel = label;
    const marked = new Set(said ?? []);
    const named = (place) => (grid ? words.cell.replace("{row}", Math.floor(place / grid[1]) + 1).replace("{column}", (place % grid[1]) + 1) : texts[place]);
    const buttons = texts.map((text, place) => {
      const button = made("button", "token");
      button.type = "button";
      button.tabIndex = place ? -1 : 0;
      button.append(made("span", "text", grid ? "" : shown(text)), made("span", "judged"));
      return button;
    });
    const draw = (place) => {
      buttons[place].ariaPressed = String(marked.has(place));
      buttons[place].ariaLabel = named(place);
      if (!right) return;
      const [sign, verdict] = judged(marked.has(place), right.includes(place));
      buttons[place].classList.add(verdict || "passed");
      buttons[place].lastChild.textContent = sign;
      buttons[place].ariaLabel = [named(place), verdict && words[verdict]].filter(Boolean).join(": ");
    };
    const set = (place, on) => {
      if (marked.has(place) === on) return;
      marked[on ? "add" : "delete"](place);
      draw(place);
      changed();
    };
    const under = ({ clientX, clientY }) => buttons.indexOf(element.getRootNode().elementFromPoint(clientX, clientY)?.closest(".token"));
    let brush = null;
    element.onpointerdown = (event) => {
      const place = under(event);
      if (right || place < 0 || event.button) return;
      brush = !marked.has(place);
      set(place, brush);
    };
    element.onpointermove = (event) => brush !== null && event.buttons && under(event) >= 0 && set(under(event), brush);
    addEventListener("pointerup", () => (brush = null));
    element.onkeydown = (event) => {
      const place = buttons.indexOf(event.target.closest(".token"));
      if (event.key === " " || event.key === "Enter") {
        event.preventDefault();
        if (!right) set(place, !marked.has(place));
      }
      const wide = grid ? grid[1] : 1;
      const by = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: wide, ArrowUp: -wide }[event.key];
      const next = buttons[place + by];
      if (!by || !next) return;
      event.preventDefault();
      buttons[place].tabIndex = -1;
      next.tabIndex = 0;
      next.focus();
    };
    element.append(...buttons);
    buttons.forEach((_, place) => draw(place));
    return { element, value: () => (marked.size ? [...marked].sort((one, other) => one - other) : null) };
  },
};

const shown = (text) => text.replaceAll("\n", "↵").replace(/^ +| +$/g, (blank) => "·".repeat(blank.length)) || "·";
const judged = (given, wanted) => (given ? (wanted ? ["✓", "hit"] : ["✗", "added"]) : wanted ? ["○", "missed"] : ["", ""]);

export default function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".predict");
  const { slug, said, words } = data;
  const drawn = JSON.stringify(data);
  if (said === null && !root.asked) {
    root.asked = true; // once: what this browser remembers may be an answer to a question that was since changed
    const before = remembered()[slug]?.said;
    if (before !== undefined) setStateValue("said", before);
  }
  if (root.drawn === drawn) return;
  root.drawn = drawn;

  const commit = made("button", "commit", words.commit);
  const form = FORMS[data.kind](data, () => (commit.disabled = form.value() === null));
  const status = made("div", "status");
  status.role = "status";
  commit.type = "button";
  if (said === null) {
    commit.disabled = form.value() === null;
    commit.onclick = () => {
      remember(slug, { said: form.value() });
      setStateValue("said", form.value());
    };
  } else {
    for (const control of form.element.querySelectorAll("input, select, .move")) control.disabled = true;
    status.textContent = [words.locked, ...(data.right ? [words.legend] : [])].join(" ");
  }
  root.replaceChildren(form.element, ...(said === null ? [commit] : []), status);
}
