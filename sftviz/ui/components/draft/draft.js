// Keeps what stands in a text box: stored in the browser's tab at every input, put back once after a reload, and once
// after the server was lost: its new session knows nothing of the old one, and begins with the page's own text.
// The box itself is filled where it is on the page, so that nothing typed meanwhile can be overwritten.

const LOOKS = 30; // after a reload, every 100 ms: a box may be drawn late, and drawn anew
const WITHOUT_A_BOX = 15; // then it is the server's to put the text back
const drafts = new Map(); // key -> {session, told: text the server told last, say: words beside the box, send: a text}
const unsendable = new WeakSet(); // boxes that hold more than a page can send
const settled = new Set(); // keys of the boxes that need no restoring any more

const selector = (key) => `.st-key-${key.trim().replace(/[^a-zA-Z0-9_-]/g, "-")} :is(textarea, input)`;
const boxOf = (key) => document.querySelector(selector(key));
const place = (key) => `sftviz:${key}${drafts.get(key)?.of ? `:${drafts.get(key).of}` : ""}`;
const stored = (key) => sessionStorage.getItem(place(key));
const moment = (ms) => new Promise((wake) => setTimeout(wake, ms));
const plain = (text) => text.replace(/\r\n?/g, "\n"); // as a box gives it back

function store(key, text) {
  try {
    sessionStorage.setItem(place(key), text);
  } catch {
    sessionStorage.removeItem(place(key)); // more than a tab may keep: an older text would be worse than none
  }
}

document.addEventListener(
  "input",
  ({ target }) => {
    for (const [key, draft] of drafts) if (target.matches?.(selector(key))) typed(key, target, draft.say);
  },
  true, // before React: what a socket cannot send must not reach it
);

// A paste is read at once; what is typed, when the box is left or by Ctrl+Enter
document.addEventListener(
  "paste",
  ({ target }) => {
    const isKept = [...drafts.keys()].some((key) => target.matches?.(selector(key)));
    if (isKept) setTimeout(() => target.dispatchEvent(new FocusEvent("focusout", { bubbles: true })));
  },
  true,
);

// A message too large closes the socket, and what is sent next is lost with it: such a text is not sent at all
for (const kind of ["focusout", "keydown"]) {
  document.addEventListener(kind, (event) => unsendable.has(event.target) && sends(event) && event.stopPropagation(), true);
}
const sends = ({ type, key, ctrlKey, metaKey }) => type === "focusout" || (key === "Enter" && (ctrlKey || metaKey));

function typed(key, box, say) {
  const half = box.value.isWellFormed?.() === false;
  if (half) write(box, box.value.toWellFormed());
  store(key, box.value);
  say(box, half);
}

// What the server has told may be older than the box, and a text of the page's own may be in it by now
window.addEventListener("pagehide", () => {
  for (const key of settled) if (boxOf(key)?.value) store(key, boxOf(key).value);
});

// A server that was lost greys its boxes out, and what was in them is taken for sent: with the next one it is sent anew
new MutationObserver((changes) => {
  for (const { target: box } of changes)
    for (const [key, { told, send }] of drafts)
      if (!box.disabled && box.matches(selector(key)) && box.value !== told && !unsendable.has(box)) send(box.value);
}).observe(document.documentElement, { attributes: true, attributeFilter: ["disabled"], subtree: true });

export default function ({ data: { key, of, session, text, most, words }, parentElement, setTriggerValue }) {
  const before = drafts.get(key);
  if (before?.of && before.of !== of) sessionStorage.removeItem(place(key)); // a sample needs no draft
  const send = (kept) => setTriggerValue("restored", kept);
  drafts.set(key, { of, session, told: plain(text), say: speaker(parentElement, words, most), send });
  if (before?.session !== session) {
    settled.delete(key);
    restore(key, send).then(() => settled.add(key));
  } else if (before.told !== plain(text)) store(key, plain(text));
}

function speaker(root, words, most) {
  const note = root.querySelector(".sftviz-draft");
  return (box, half) => {
    const size = box.value.length < most * 300_000 ? 0 : new Blob([box.value]).size / 1e6; // up to 3 bytes a character
    unsendable[size > most ? "add" : "delete"](box);
    if (size > most) note.textContent = words.too_large.replace("{size}", size.toFixed(1)).replace("{most}", most);
    else note.textContent = half ? words.half : "";
  };
}

async function restore(key, send) {
  const first = drafts.get(key).told;
  let seen = false;
  for (let look = 0; look < LOOKS && stored(key) !== null; look++) {
    if (![first, stored(key)].includes(drafts.get(key).told)) return;
    const box = boxOf(key);
    seen ||= box !== null;
    if (box) reconcile(key, box, first);
    else if (!seen && look === WITHOUT_A_BOX && stored(key) !== drafts.get(key).told) send(stored(key));
    await moment(100);
  }
}

function reconcile(key, box, first) {
  if (box.value === stored(key)) return;
  if (box.value === first) fill(box, stored(key));
  else if (box.value) store(key, box.value); // typed before anybody listened; Streamlit draws a box empty at first
}

function fill(box, text) {
  write(box, text);
  box.dispatchEvent(new Event("input", { bubbles: true }));
  box.dispatchEvent(new FocusEvent("focusout", { bubbles: true })); // where Streamlit sends a text
}

function write(box, text) {
  // React compares with what its own setter has seen, so the prototype's is used
  Object.getOwnPropertyDescriptor(Object.getPrototypeOf(box), "value").set.call(box, text);
}
