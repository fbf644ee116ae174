const SHOWN = 2000; // ms for which a copied address is said to be copied

export default function ({ data, parentElement }) {
  const button = parentElement.querySelector("button");
  const address = parentElement.querySelector("input");
  const say = (words) => (button.textContent = words);
  const byHand = () => {
    address.value = location.href;
    address.setAttribute("aria-label", data.by_hand);
    address.hidden = false;
    address.select();
    say(data.by_hand);
  };

  say(data.copy);
  button.setAttribute("aria-live", "polite");
  button.onclick = async () => {
    try {
      await navigator.clipboard.writeText(location.href);
      say(data.copied);
      setTimeout(() => say(data.copy), SHOWN);
    } catch {
      byHand();
    }
  };
}
