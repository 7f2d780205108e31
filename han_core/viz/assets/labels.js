/* Labels come with the data, in the reader's language; their places are filled here. */
function filled(label, values) {
  return label.replace(/\{(\w+)\}/g, (_, name) => values[name]);
}
