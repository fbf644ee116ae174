// Keeps a text under a name in this browser. A session begins with what is kept there: only then is it written over.
const begun = new Set();

export default function ({ data: { place, session, text }, setTriggerValue }) {
  const name = `sftviz:${place}`;
  try {
    const held = localStorage.getItem(name);
    if (!begun.has(session)) {
      begun.add(session);
      if (held !== null && held !== text) return setTriggerValue("found", held);
    }
    if (text !== held) localStorage.setItem(name, text);
  } catch {
    // Storage is forbidden or full: the page works on, and remembers as long as it is open
  }
}
