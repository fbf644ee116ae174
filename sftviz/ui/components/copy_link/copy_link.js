// The address as it stands; the chat, deflated, behind #chat= where asked.

const SHOWN = 2000; // ms for which a copied address is said to be copied

async function packed(text) {
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream("deflate-raw"));
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

async function address(chat) {
  const link = new URL(location.href);
  link.hash = chat ? `chat=${await packed(chat)}` : "";
  if (chat) link.searchParams.set("sample", "mine");
  return link.href;
}

export default function ({ data: { chat, longest, words }, parentElement }) {
  const byHand = document.createElement("input");
  byHand.readOnly = byHand.hidden = true;
  byHand.setAttribute("aria-label", words.by_hand);
  const button = (name, text) => {
    const made = document.createElement("button");
    const say = (told) => (made.textContent = told);
    made.type = "button";
    made.setAttribute("aria-live", "polite");
    made.onclick = async () => {
      const link = await address(text);
      if (link.length > longest) return say(words.too_long);
      try {
        await navigator.clipboard.writeText(link);
        say(words.copied);
        setTimeout(() => say(words[name]), SHOWN);
      } catch {
        byHand.value = link;
        byHand.hidden = false;
        byHand.select();
        say(words.by_hand);
      }
    };
    say(words[name]);
    return made;
  };
  const buttons = [button("copy", null), ...(chat ? [button("copy_with_chat", chat)] : [])];
  parentElement.querySelector(".links").replaceChildren(...buttons, byHand);
}
