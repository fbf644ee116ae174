// Where it stands: in Streamlit the default export is called with what to draw; anywidget calls it with nothing.

const drawn = new WeakMap(); // element -> the bench in it

function mount(root, data, host) {
  let bench = drawn.get(root);
  if (bench && bench.data.key === data.key) {
    bench.host = host;
    return bench.update(data);
  }
  bench?.remove();
  drawn.set(root, new Bench(root, data, host));
}

function render({ model, el }) {
  const root = element("div", "sftviz-strip notebook");
  el.append(root);
  const host = {
    hearsPage: false,
    set(name, value) {
      model.set(name, value);
      model.save_changes();
    },
  };
  const draw = () => mount(root, { ...model.get("data"), selected: model.get("selected"), coloring: model.get("coloring") }, host);
  draw();
  for (const name of ["data", "selected", "coloring"]) model.on(`change:${name}`, draw);
  return () => drawn.get(root)?.remove();
}

export default function (streamlit) {
  if (!streamlit) return { render };
  const { data, parentElement, setStateValue } = streamlit;
  mount(parentElement.querySelector(".sftviz-strip"), data, { hearsPage: data.tools, set: setStateValue });
}
