// A lesson counts as done when its prediction was committed and its ladder or kata was on the screen.
const looking = new Set(); // lessons

export default function ({ data: { slug, page, places } }) {
  if (looking.has(slug)) return;
  looking.add(slug);
  const seen = new IntersectionObserver((entries) => {
    if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
    remember(slug, { looked: true });
    stop();
  });
  const stop = () => {
    seen.disconnect();
    clearInterval(timer);
    looking.delete(slug);
  };
  const timer = setInterval(() => {
    // Streamlit draws a place anew when it likes, and at some depths not at all: what is watched is looked up again
    if (!document.querySelector(page)) return stop();
    for (const place of places) document.querySelectorAll(place).forEach((one) => seen.observe(one));
  }, 500);
}
