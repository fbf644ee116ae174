// Keeps what stands in a text box: stored in the browser's tab at every input, put back once after a reload.
// The box itself is filled where it is on the page, so that nothing typed meanwhile can be overwritten.

const LOOKS = 30; // after a reload, every 100 ms: a box may be drawn late, and drawn anew
const WITHOUT_A_BOX = 15; // then it is the server's to put the text back
const drafts = new Map(); // key of the box -> the text that the server told last
const settled = new Set(); // keys of the boxes that need no restoring any more

const selector = (key) => `.st-key-${key.trim().replace(/[^a-zA-Z0-9_-]/g, "-")} :is(textarea, input)`;
const boxOf = (key) => document.querySelector(selector(key));
const place = (key) => `sftviz:${key}`;
const stored = (key) => sessionStorage.getItem(place(key));
const plain = (text) => text.replace(/\r\n?/g, "\n"); // as a box gives it back

function store(key, text) {
  try {
    sessionStorage.setItem(place(key), text.toWellFormed?.() ?? text);
  } catch {
    sessionStorage.removeItem(place(key)); // more than a tab may keep: an older text would be worse than none
  }
}

document.addEventListener(
  "input",
  ({ target }) => {
    for (const key of drafts.keys()) if (target.matches?.(selector(key))) store(key, target.value);
  },
  true,
);

// What the server has told may be older than the box, and a text of the page's own may be in it by now
window.addEventListener("pagehide", () => {
  for (const key of settled) if (boxOf(key)?.value) store(key, boxOf(key).value);
});

export default function ({ data: { key, text }, setTriggerValue }) {
  const told = drafts.get(key);
  drafts.set(key, plain(text));
  if (told === undefined) restore(key, (kept) => setTriggerValue("restored", kept)).then(() => settled.add(key));
  else if (told !== plain(text)) store(key, plain(text));
}

async function restore(key, fillByServer) {
  const first = drafts.get(key);
  let seen = false;
  for (let look = 0; look < LOOKS && stored(key) !== null; look++) {
    if (![first, stored(key)].includes(drafts.get(key))) return;
    const box = boxOf(key);
    seen ||= box !== null;
    if (box) reconcile(key, box, first);
    else if (!seen && look === WITHOUT_A_BOX && stored(key) !== drafts.get(key)) fillByServer(stored(key));
    await new Promise((wake) => setTimeout(wake, 100));
  }
}

function reconcile(key, box, first) {
  if (box.value === stored(key)) return;
  if (box.value === first) fill(box, stored(key));
  else if (box.value) store(key, box.value); // typed before anybody listened; Streamlit draws a box empty at first
}

function fill(box, text) {
  const { set } = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(box), "value");
  set.call(box, text); // React listens for the event, and compares with what its own setter has seen
  box.dispatchEvent(new Event("input", { bubbles: true }));
  box.dispatchEvent(new FocusEvent("focusout", { bubbles: true })); // where Streamlit sends a text
}
