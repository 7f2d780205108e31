/* What Streamlit calls, at first and whenever the data are others. */
export default function ({ data, parentElement, setTriggerValue }) {
  draw(parentElement, data, (asked) => setTriggerValue("act", asked));
  return () => {
    VIEWS.get(parentElement)?.panel.remove();
    VIEWS.delete(parentElement);
  };
}
