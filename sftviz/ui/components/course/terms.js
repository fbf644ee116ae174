// A term of the glossary says what it means where it is pointed at, focused, or tapped once.
const LINK = 'a[href*="glossary?term="]';
let terms = {};
let shown = null; // the link whose meaning is on the page

function note() {
  let box = document.getElementById("sftviz-term");
  if (!box) {
    box = made("div", "");
    box.id = "sftviz-term";
    box.role = "tooltip";
    document.body.append(box);
  }
  return box;
}

function show(link) {
  const told = terms[new URL(link.href, location.href).searchParams.get("term")];
  if (!told || shown === link) return;
  shown = link;
  const box = note();
  const body = getComputedStyle(link);
  box.replaceChildren(made("strong", "", told.term), document.createTextNode(` ${told.says}`));
  const paper = getComputedStyle(document.querySelector("[data-testid=stApp]")).backgroundColor;
  Object.assign(box.style, { background: paper, color: body.color, fontFamily: body.fontFamily, display: "block", left: "0px", top: "0px" });
  place();
  link.setAttribute("aria-describedby", box.id);
}

function place() {
  const at = shown?.getClientRects()[0];
  if (!at) return hide();
  const box = note();
  const { width, height } = box.getBoundingClientRect();
  const above = at.top > height + 12;
  box.style.left = `${Math.max(8, Math.min(at.left, innerWidth - width - 8))}px`;
  box.style.top = `${above ? at.top - height - 6 : at.bottom + 6}px`;
}

function hide() {
  shown?.removeAttribute("aria-describedby");
  shown = null;
  const box = document.getElementById("sftviz-term");
  if (box) box.style.display = "none";
}

const linkOf = ({ target }) => target.closest?.(LINK);
if (!window.sftvizTerms) {
  window.sftvizTerms = (given) => (terms = given);
  for (const kind of ["pointerover", "focusin"]) {
    document.addEventListener(kind, (event) => (linkOf(event) ? event.pointerType !== "touch" && show(linkOf(event)) : kind === "pointerover" && shown !== document.activeElement && hide()));
  }
  document.addEventListener("focusout", hide);
  document.addEventListener("scroll", () => shown && place(), true);
  document.addEventListener("keydown", ({ key }) => key === "Escape" && hide());
  document.addEventListener("click", (event) => {
    const link = linkOf(event);
    if (!link) return hide();
    if (shown !== link && matchMedia("(hover: none)").matches) {
      event.preventDefault(); // the first tap explains, the second follows
      show(link);
    }
  }, true);
}

export default function ({ data }) {
  window.sftvizTerms(data.terms);
  if (document.activeElement?.matches(LINK)) show(document.activeElement); // it was focused before this was here
}
