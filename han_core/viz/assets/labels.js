/* Labels come with the data, in the reader's language; their places are filled here. */
function filled(label, values) {
  return label.replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

/* Facts one after another; label says how two are joined. */
function joined(label, facts) {
  return facts.reduce((one, other) => filled(label, { one, other }));
}
