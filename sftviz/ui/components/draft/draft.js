export default function ({ data, setStateValue }) {
  const kept = sessionStorage.getItem(data.key);
  if (data.fresh && kept !== null && kept !== data.text) setStateValue("restored", kept);
  else sessionStorage.setItem(data.key, data.text);
}
