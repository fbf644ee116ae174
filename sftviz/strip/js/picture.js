// The strip as it stands on the screen, as SVG or PNG; without text the tokens are bars.

function savePicture(bench, kind, withText) {
  const svg = pictured(bench, withText);
  const name = `sftviz-strip.${kind}`;
  const blob = new Blob([svg.text], { type: "image/svg+xml" });
  if (kind === "svg") return save(blob, name);
  const image = new Image();
  image.onload = () => {
    const canvas = element("canvas");
    const scale = Math.min(2, 8000 / Math.max(svg.width, svg.height)); // browsers refuse a larger canvas
    [canvas.width, canvas.height] = [svg.width * scale, svg.height * scale];
    const context = canvas.getContext("2d");
    context.scale(scale, scale);
    context.drawImage(image, 0, 0);
    canvas.toBlob((png) => save(png, name), "image/png");
    URL.revokeObjectURL(image.src);
  };
  image.src = URL.createObjectURL(blob);
}

function save(blob, name) {
  const link = element("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

function pictured(bench, withText) {
  const list = bench.tokens.list;
  const page = list.getBoundingClientRect();
  const style = getComputedStyle(list);
  const [width, height] = [Math.ceil(page.width + 24), Math.ceil(page.height + 24)];
  const paper = getComputedStyle(bench.root).backgroundColor;
  const made = document.implementation.createDocument("http://www.w3.org/2000/svg", "svg");
  const add = (name, attributes, text) => {
    const node = made.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    if (text !== undefined) node.textContent = text;
    made.documentElement.append(node);
    return node;
  };
  for (const [key, value] of Object.entries({ width, height, viewBox: `0 0 ${width} ${height}`, "font-family": style.fontFamily })) made.documentElement.setAttribute(key, value);
  add("rect", { width, height, fill: paper });
  const at = (rect) => ({ x: (rect.left - page.left + 12).toFixed(1), y: (rect.top - page.top + 12).toFixed(1), width: rect.width.toFixed(1), height: rect.height.toFixed(1) });
  for (const node of list.querySelectorAll(".tok, .who span")) {
    if (!node.getClientRects().length) continue;
    const own = getComputedStyle(node);
    const isToken = node.matches(".tok");
    for (const { rect, text } of linesOf(node)) {
      const place = at(rect);
      if (isToken) {
        const fill = own.backgroundColor;
        add("rect", { ...place, rx: 2, fill: withText || fill !== "rgba(0, 0, 0, 0)" ? fill : "rgba(128,128,128,0.18)" });
        const low = Number(place.y) + Number(place.height);
        add("rect", { x: place.x, y: (low - 3).toFixed(1), width: place.width, height: node.matches(".supervised") ? 3 : 1, fill: own.borderBottomColor });
      }
      if (withText || !isToken) {
        const size = parseFloat(own.fontSize);
        add("text", { x: place.x, y: (Number(place.y) + Number(place.height) / 2 + size * 0.34).toFixed(1), "font-size": size, fill: own.color, "xml:space": "preserve" }, text);
      }
    }
  }
  return { text: new XMLSerializer().serializeToString(made), width, height };
}

// A node's text line by line, as it is broken on the screen.
function linesOf(node) {
  const rects = [...node.getClientRects()];
  if (rects.length < 2 || !node.matches(".tok")) return [{ rect: node.getBoundingClientRect(), text: node.textContent }];
  const range = document.createRange();
  const lines = [];
  const text = node.firstChild;
  for (let i = 0; i < text.length; i++) {
    range.setStart(text, i);
    range.setEnd(text, i + 1);
    const top = range.getBoundingClientRect().top;
    if (!lines.length || Math.abs(lines.at(-1).top - top) > 4) lines.push({ top, text: "" });
    lines.at(-1).text += text.data[i];
  }
  return lines.map((line, k) => ({ rect: rects[Math.min(k, rects.length - 1)], text: line.text }));
}
