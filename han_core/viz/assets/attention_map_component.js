/* What Streamlit calls, at first and whenever the data are others. */
export default function ({ data, parentElement, setTriggerValue }) {
  drawHeads(parentElement, data, data.interactive ? (act) => setTriggerValue("act", act) : null);
  return () => endHeads(parentElement);
}
