// What a reader has done of the course, kept in this browser and sent nowhere: lesson -> {said, looked}.
const PLACE = "sftviz:course:1";

function remembered() {
  try {
    return JSON.parse(localStorage.getItem(PLACE)) ?? {};
  } catch {
    return {}; // none, or storage is forbidden: a page without a memory
  }
}

function remember(lesson, done) {
  const all = remembered();
  all[lesson] = { ...all[lesson], ...done };
  try {
    localStorage.setItem(PLACE, JSON.stringify(all));
  } catch {
    // forbidden or full: the page works on, and the map shows nothing done
  }
}

const made = (tag, className, text = "") => {
  const element = document.createElement(tag);
  element.className = className;
  element.textContent = text;
  return element;
};
