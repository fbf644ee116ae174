// The address as it stands; the chat, deflated, behind #chat= where asked.

async function packed(text) {
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream("deflate-raw"));
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

export default function ({ data, parentElement }) {
  const box = parentElement.querySelector(".links");
  const said = document.createElement("p");
  said.setAttribute("role", "status");
  const copy = async (withChat) => {
    const link = new URL(location.href);
    link.hash = withChat ? `chat=${await packed(data.chat)}` : "";
    if (withChat) link.searchParams.set("sample", "mine");
    if (link.href.length > data.longest) return void (said.textContent = data.words.too_long);
    try {
      await navigator.clipboard.writeText(link.href);
      said.textContent = data.words.copied;
    } catch {
      said.textContent = `${data.words.refused} ${link.href}`;
    }
  };
  const button = (word, withChat) => {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = data.words[word];
    made.addEventListener("click", () => copy(withChat));
    return made;
  };
  box.replaceChildren(button("copy", false), ...(data.chat ? [button("copy_with_chat", true)] : []), said);
}
