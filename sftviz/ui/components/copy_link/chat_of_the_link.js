// What a link brings behind #chat= is read here, in the browser, once; then the address is without it.

async function unpacked(text, longest) {
  const bytes = Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (one) => one.charCodeAt(0));
  const reader = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw")).getReader();
  const decoder = new TextDecoder();
  let made = "";
  while (made.length <= longest) {
    const { done, value } = await reader.read();
    if (done) return made + decoder.decode();
    made += decoder.decode(value, { stream: true });
  }
  await reader.cancel();
  return made.slice(0, longest);
}

export default function ({ data, setStateValue }) {
  const found = location.hash.match(/^#chat=([\w-]+)$/);
  if (!found) return;
  history.replaceState(history.state, "", location.pathname + location.search);
  unpacked(found[1], data.longest).then((text) => setStateValue("text", text), () => {});
}
