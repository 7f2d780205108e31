// A student's class room: join, answer, and see each phase as it comes. No text becomes markup.

const TEXTS = {
  en: {
    title: "Class room", welcome: "Type the code that your teacher shows, and a nickname.",
    code: "Code", nickname: "Nickname", join: "Join", send: "Send answer",
    kept: "Your nickname and your answers are kept for 30 days, and your teacher sees them.",
    explore: "Open Explore", lesson: "Open the lesson", other: "Join another room", sending: "Sending…",
    seat: (view) => `Room ${view.code} · ${view.nickname} · question ${view.place} of ${view.of}`,
    predict: "What do you predict?", locked: "Answers are closed.",
    revealed: "The answers of the class", explain: "Explain your answer to your neighbour.",
    again: "Now answer once more.", compared: "Before and after",
    wait: "The answers are shown when your teacher reveals them.", none: "You have not answered.",
    own: (answer) => `Your answer: ${answer}.`, rightIs: (answer) => `Right: ${answer}.`,
    yours: "yours", right: "✓ right", answers: "Answers", before: "Before", after: "After",
    number: (view) => `A number from ${view.low} to ${view.high}`,
    lost: "The connection is lost; trying again…",
    choose: "Choose an answer first.",
  },
  zh: {
    title: "课堂", welcome: "请输入老师展示的房间码和一个昵称。",
    code: "房间码", nickname: "昵称", join: "加入", send: "提交答案",
    kept: "昵称和答案保存 30 天，老师可以看到。",
    explore: "打开 Explore", lesson: "打开本课", other: "加入另一个房间", sending: "正在提交…",
    seat: (view) => `房间 ${view.code} · ${view.nickname} · 第 ${view.place} 题，共 ${view.of} 题`,
    predict: "你的预测是什么？", locked: "已停止作答。",
    revealed: "全班的答案", explain: "请向旁边的同学说明你的答案。",
    again: "请再答一次。", compared: "前后对比",
    wait: "老师公布后会显示全班的答案。", none: "你没有作答。",
    own: (answer) => `你的答案：${answer}。`, rightIs: (answer) => `正确答案：${answer}。`,
    yours: "你的答案", right: "✓ 正确", answers: "答案", before: "讨论前", after: "讨论后",
    number: (view) => `${view.low} 到 ${view.high} 之间的数`,
    lost: "连接中断，正在重试…",
    choose: "请先选择一个答案。",
  },
};
const language = navigator.language.startsWith("zh") ? "zh" : "en";
const TEXT = TEXTS[language];
const JOINED = "hanscope_room";
const ASK = 3000; // milliseconds between questions where no events come
const SILENT = 15000; // an open stream repeats itself sooner

const element = (id) => document.getElementById(id);
const add = (parent, tag, text = "", kind = "") => {
  const child = parent.appendChild(document.createElement(tag));
  child.textContent = text;
  if (kind) child.className = kind;
  return child;
};

let view = null; // what the server said last
let drawn = ""; // question, phase and answer for which the page was drawn
let stream = null;
let heard = 0; // when the stream last said something
let sending = false;

class Refused extends Error {
  constructor(sentence, status) {
    super(sentence);
    this.status = status;
  }
}

async function call(path, content) {
  const sent = content && {
    method: "POST", body: JSON.stringify(content), headers: { "Content-Type": "application/json" },
  };
  const answer = await fetch(`join/${path}`, sent);
  const said = await answer.json();
  if (!answer.ok) throw new Refused(said.error, answer.status);
  return said;
}

function tell(sentence) {
  element("error").textContent = sentence;
}

function leave(sentence = "") {
  stream?.close();
  stream = view = null;
  drawn = "";
  localStorage.removeItem(JOINED);
  element("room").hidden = true;
  element("join").hidden = false;
  tell(sentence);
}

// Events: the stream repeats itself, so that silence means that something holds it back.

function listen() {
  stream?.close();
  stream = new EventSource("join/events");
  heard = Date.now() - SILENT + ASK; // until it has spoken, it gets no longer than one pause
  stream.onmessage = ({ data }) => {
    heard = Date.now();
    show(JSON.parse(data));
  };
  stream.addEventListener("gone", ({ data }) => leave(JSON.parse(data).error));
  stream.onerror = () => { heard = 0; };
}

async function ask() {
  if (!stream || Date.now() - heard < SILENT) return;
  try {
    show(await call("state"));
    if (stream?.readyState === EventSource.CLOSED) listen();
  } catch (error) {
    if (error.status === 401) leave(error.message);
    else tell(error.status ? error.message : TEXT.lost);
  }
}

const answers = ({ own }) => Object.keys(own).length;

function isOlder(said) {
  if (said.version !== view.version) return said.version < view.version;
  return answers(said) < answers(view);
}

// What is drawn

function show(said) {
  if (view && isOlder(said)) return; // an earlier message came later
  view = said;
  if (!sending && element("error").textContent === TEXT.lost) tell("");
  element("join").hidden = true;
  element("room").hidden = false;
  element("seat").textContent = TEXT.seat(view);
  const state = JSON.stringify([view.code, view.question.id, view.phase, view.own, view.lesson]);
  if (state === drawn) return; // somebody may be typing
  drawn = state;
  tell("");
  element("phase").textContent = TEXT[view.phase];
  element("question").textContent = view.question.text;
  const open = view.round !== null && !(view.round in view.own);
  element("answer").hidden = !open;
  element("options").replaceChildren();
  if (open) drawOptions(view.question);
  drawOwn(open);
  drawResults();
  element("lesson").hidden = !view.lesson; // it tells the answer, so it comes with the reveal
  if (view.lesson) element("lesson").href = view.lesson;
}

function drawOptions(question) {
  const place = element("options");
  if (question.kind === "number") {
    const label = add(place, "label", TEXT.number(question));
    label.htmlFor = "number";
    const row = add(place, "div", "", "number");
    const input = add(row, "input");
    Object.assign(input, { id: "number", inputMode: "decimal", autocomplete: "off", required: true });
    add(row, "span", question.unit);
    return;
  }
  place.setAttribute("role", "radiogroup");
  place.setAttribute("aria-labelledby", "question");
  question.choices.forEach((choice, at) => {
    const label = add(place, "label", "", "choice");
    const input = add(label, "input");
    Object.assign(input, { type: "radio", name: "choice", value: at });
    add(label, "span", choice);
  });
}

function drawOwn(open) {
  const answer = view.own[view.round ?? (view.phase === "compared" ? 2 : 1)];
  const waits = ["predict", "locked", "again"].includes(view.phase) ? TEXT.wait : "";
  const own = answer === undefined ? TEXT.none : TEXT.own(answer);
  element("own").textContent = open ? "" : [own, waits].filter(Boolean).join(" ");
}

function drawResults() {
  const place = element("results");
  place.replaceChildren();
  const rounds = Object.entries(view.histograms ?? {});
  for (const [round, bars] of rounds) {
    const caption = rounds.length < 2 ? TEXT.answers : round === "1" ? TEXT.before : TEXT.after;
    drawHistogram(place, caption, bars);
  }
  if (rounds.length) add(place, "p", TEXT.rightIs(view.right));
}

function drawHistogram(place, caption, bars) {
  const table = add(place, "table", "", "hs-votes");
  table.dataset.testid = "class-histogram";
  add(table, "caption", caption);
  const rows = add(table, "tbody");
  const all = bars.reduce((sum, bar) => sum + bar.count, 0);
  for (const { label, count, right, own } of bars) {
    const row = add(rows, "tr");
    const name = add(row, "th", label, right ? "hs-answer-right" : "");
    name.scope = "row";
    if (right) add(name, "b", TEXT.right);
    if (own) add(name, "b", TEXT.yours);
    const share = all ? count / all : 0;
    const bar = add(add(row, "td"), "div", `${count} · ${Math.round(100 * share)}%`, "hs-vote");
    bar.style.setProperty("--share", `${100 * share}%`);
  }
}

// What a student does

async function join(event) {
  event.preventDefault();
  const { code, nickname } = Object.fromEntries(new FormData(event.target));
  try {
    const said = await call("seat", { code, nickname });
    localStorage.setItem(JOINED, said.code);
    tell("");
    view = null;
    show(said);
    listen();
  } catch (error) {
    tell(error.status ? error.message : TEXT.lost);
  }
}

function chosen() {
  const typed = element("number");
  if (typed) return Number(typed.value.replace(",", ".").trim() || NaN);
  const choice = document.querySelector("[name=choice]:checked");
  return choice ? Number(choice.value) : NaN;
}

async function answer(event) {
  event.preventDefault();
  const value = chosen();
  if (Number.isNaN(value)) return tell(view.question.kind === "number" ? TEXT.number(view.question) : TEXT.choose);
  const content = { question: view.question.id, round: view.round, answer: value };
  const button = event.target.querySelector("button");
  sending = button.disabled = true;
  try {
    show(await delivered(content));
  } catch (error) {
    tell(error.message);
  }
  sending = button.disabled = false;
}

// The same answer twice counts once, so it is sent until it has arrived.
async function delivered(content) {
  for (;;) {
    try {
      return await call("answer", content);
    } catch (error) {
      if (error.status && error.status !== 429) throw error;
      tell(TEXT.sending);
      await new Promise((resolve) => setTimeout(resolve, 2000));
    }
  }
}

document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
document.title = `${TEXT.title} · Hanscope`;
for (const place of document.querySelectorAll("[data-text]")) place.textContent = TEXT[place.dataset.text];
element("join").addEventListener("submit", join);
element("answer").addEventListener("submit", answer);
element("other").addEventListener("click", () => leave());
element("code").value = new URLSearchParams(location.search).get("room") ?? "";
setInterval(ask, ASK);
if (localStorage.getItem(JOINED)) {
  listen();
} else {
  leave();
}
