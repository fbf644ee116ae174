const MARKS = { error: "✗", warning: "!", note: "i" };

function line(parent, tag, className, text) {
  if (!text) return;
  const element = document.createElement(tag);
  element.className = className;
  element.textContent = text;
  element.dir = "auto";
  parent.append(element);
}

export default function ({ data, parentElement }) {
  const list = parentElement.querySelector("ul");
  list.replaceChildren(
    ...data.notes.map((note) => {
      const item = document.createElement("li");
      item.className = note.severity;
      const name = data.names[note.severity];
      line(item, "span", "mark", MARKS[note.severity]);
      const body = document.createElement("div");
      line(body, "strong", "where", note.where ? `${name}, ${note.where}` : name);
      line(body, "span", "message", note.message);
      line(body, "span", "remedy", note.remedy && `→ ${note.remedy}`);
      line(body, "code", "code", note.code);
      item.append(body);
      return item;
    }),
  );
}
