/* A button that asks the browser for notifications, and the news of runs that have ended.

   Nothing is asked for before the button is pressed. Each end is told once a page load: as a
   notification where the browser allows it, and in the page's title until the page is looked at. */

export default function ({ data, parentElement }) {
  if (data.ask) ask(parentElement, data.labels);
  const told = (window.hanscopeRunsTold ??= new Set());
  for (const { id, text } of data.ended) {
    if (told.has(id)) continue;
    told.add(id);
    tell(id, text);
  }
}

function permission() {
  return window.isSecureContext && "Notification" in window ? Notification.permission : "denied";
}

function ask(parentElement, labels) {
  let bar = parentElement.querySelector(".hx-bar");
  if (!bar) {
    bar = document.createElement("div");
    bar.className = "hx-bar";
    const button = document.createElement("button"), said = document.createElement("span");
    button.type = "button";
    said.setAttribute("role", "status");
    button.onclick = async () => {
      if (permission() === "default") await Notification.requestPermission();
      show(bar, bar.labels, true);
    };
    bar.append(button, said);
    parentElement.append(bar);
  }
  bar.labels = labels;
  bar.firstChild.textContent = labels.ask;
  show(bar, labels, false);
}

function show(bar, labels, pressed) {
  const [button, said] = bar.children, state = permission();
  button.hidden = state === "granted";
  said.textContent = state === "granted" ? labels.granted : pressed ? labels.refused : "";
}

function tell(id, text) {
  try {
    if (permission() === "granted") new Notification("Hanscope", { body: text, tag: id });
  } catch {
    // Chrome on Android has notifications of service workers only; the title remains.
  }
  const before = document.title;
  document.title = text;
  const back = () => {
    if (document.title === text) document.title = before;
  };
  for (const event of ["pointerdown", "keydown"]) addEventListener(event, back, { once: true });
}
