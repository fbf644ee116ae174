// A lesson counts as done when its prediction was committed and its ladder or kata was on the screen.
const looking = new Map(); // lesson -> observer

export default function ({ data: { slug, places } }) {
  if (looking.has(slug)) return;
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
    // Streamlit draws a place anew when it likes: what is watched is looked up again
    const found = places.map((place) => document.querySelector(place)).filter(Boolean);
    if (found.length) found.forEach((one) => seen.observe(one));
    else stop(); // another page
  }, 500);
  looking.set(slug, seen);
}
