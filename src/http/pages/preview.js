// The preview page: what is typed and chosen here goes to the service, and its answer is shown in four views.

import * as article from "./article.js";
import { byId, count, el, plural, size } from "./dom.js";
import * as facts from "./facts.js";
import * as json from "./json.js";
import * as service from "./service.js";
import * as source from "./source.js";

/** A longer text is held as it is: a text field of megabytes makes every key slow. */
const MOST_TYPED = 200_000;
/** How long to wait for the next key, in milliseconds. */
const PAUSE = 500;
/** What somebody pastes has been decoded by the browser already, whatever charset it names. */
const PASTED = "text/plain; charset=utf-8";

const text = byId("text");
const views = ["article", "source", "facts", "json"];
const selectors = [];
/** The document: its bytes, what a file of it would be called, and the type to declare. */
let held = null;
/** The last answer, and the document that it is about. */
let shown = null;
let rules = new Map();
let running = null;
let timer = 0;
let chosen = -1;
/** Views that show the last answer: each is filled when it is first looked at. */
let filled = new Set();

const options = () => ({
  mode: document.querySelector("input[name=mode]:checked").value,
  url: byId("url").value.trim(),
  selectors,
});
const token = () => byId("token").value.trim();

// The document

function typed() {
  const value = text.value;
  held = value ? { bytes: new TextEncoder().encode(value), name: nameOf(value), type: PASTED } : null;
  about();
}

/** A name that says what it is, for the command. */
const nameOf = (value) => (/^﻿?---\r?\n/.test(value) ? "document.md" : "document.html");

function hold(bytes, name, type) {
  held = { bytes, name, type };
  const small = bytes.length <= MOST_TYPED && type === PASTED;
  text.hidden = !small;
  byId("held").hidden = small;
  if (small) text.value = new TextDecoder().decode(bytes);
  else {
    text.value = "";
    byId("held-name").textContent = name;
    byId("held-size").textContent = size(bytes.length);
    byId("held-head").textContent = new TextDecoder().decode(bytes.subarray(0, 1500));
  }
  about();
  run();
}

function about() {
  byId("document-size").textContent = held ? size(held.bytes.length) : "";
  byId("curl").textContent = service.curl(held ?? { name: "page.html" }, options(), token() !== "");
  byId("save").disabled = !held;
  byId("clear").disabled = !held;
}

async function open(file) {
  hold(new Uint8Array(await file.arrayBuffer()), file.name, null);
}

async function sample(name) {
  const answer = await fetch(`assets/${name}`);
  hold(new Uint8Array(await answer.arrayBuffer()), name.replace("sample-", ""), PASTED);
}

function clear() {
  running?.abort();
  held = shown = null;
  text.value = "";
  text.hidden = false;
  byId("held").hidden = true;
  for (const id of ["result", "problem"]) byId(id).hidden = true;
  byId("empty").hidden = false;
  say("");
  about();
  text.focus();
}

// The call

function soon() {
  clearTimeout(timer);
  timer = setTimeout(run, PAUSE);
}

async function run() {
  clearTimeout(timer);
  about();
  if (!held) return;
  running?.abort();
  const own = new AbortController();
  running = own;
  byId("output").ariaBusy = "true";
  const before = shown;
  const { bytes } = held;
  const waiting = setTimeout(() => progress("Sending…", null), 150);
  try {
    if (rules.size === 0) rules = await service.rules(token());
    const answer = await service.normalize(held, options(), {
      token: token(),
      signal: own.signal,
      told: (share) => bytes.length > 1e6 && progress(share < 1 ? "Sending…" : "At work…", share < 1 ? share : null),
    });
    if (running !== own) return;
    if (rules.size && answer.article.removed.some(({ rule }) => isUnknown(rule))) rules = await service.rules(token());
    shown = { ...answer, bytes };
    present(before?.bytes === bytes ? before : null);
  } catch (error) {
    if (error.name === "AbortError" || running !== own) return;
    fail(error);
  } finally {
    clearTimeout(waiting);
    if (running === own) {
      progress(null);
      byId("output").ariaBusy = "false";
    }
  }
}

/** A rule that was not there when the rules were asked for: they have been read again since. */
const isUnknown = (rule) => !rules.has(rule) && !/^(score|user)\//.test(rule);

function progress(words, share) {
  byId("bar").hidden = words === null;
  if (words === null) return;
  if (share === null) byId("progress").removeAttribute("value");
  else byId("progress").value = share;
  say(words);
}

const say = (words) => {
  byId("status").textContent = words;
};

function fail(error) {
  const problem = error.problem ?? { title: "This page failed", detail: String(error) };
  const box = byId("problem");
  const code = problem.code
    ? el("p", { class: "code" }, el("a", { href: `docs/errors/${problem.code}` }, problem.code), ` status ${problem.status}`)
    : null;
  const id = problem.request_id ? el("p", { class: "id" }, "Request ", el("code", {}, problem.request_id)) : null;
  box.replaceChildren(...[el("h3", {}, problem.title), el("p", {}, problem.detail), code, id].filter(Boolean));
  box.hidden = false;
  byId("result").hidden = true;
  byId("empty").hidden = true;
  say("");
  if (problem.code === "unauthorized") {
    byId("more").open = true;
    byId("token").focus();
  }
}

// The answer

function present(before) {
  const given = shown.article;
  byId("problem").hidden = true;
  byId("empty").hidden = true;
  byId("result").hidden = false;
  byId("title").textContent = given.title ?? "Untitled";
  byId("title").lang = given.language ?? "";
  const { quality, stats } = given;
  const list = [
    [quality.is_article ? "article" : "perhaps no article", quality.score.toFixed(2)],
    ["characters", count(stats.characters)],
    ["removed", count(given.removed_total)],
    ...(given.warnings.length ? [["warnings", count(given.warnings.length)]] : []),
    ...(shown.time === null ? [] : [["ms", shown.time]]),
  ];
  byId("figures").replaceChildren(...list.map(([name, value]) => el("li", {}, el("b", {}, value), ` ${name}`)));
  filled = new Set();
  chosen = -1;
  fill();
  say(told(given, before?.article));
  // On a phone the answer is below the document.
  if (!before && matchMedia("(max-width: 860px)").matches) byId("output").scrollIntoView();
}

/** One sentence for those who listen: what came out, and what that changed. */
function told(given, before) {
  const now = `${plural(given.stats.characters, "character")} kept, ${plural(given.removed_total, "range")} removed`;
  if (!before) return `${now}.`;
  const characters = given.stats.characters - before.stats.characters;
  const ranges = given.removed_total - before.removed_total;
  if (!characters && !ranges) return `${now}; nothing has changed.`;
  return `${now}: ${signed(characters)} characters, ${signed(ranges)} ranges against before.`;
}

const signed = (number) => (number < 0 ? `−${count(-number)}` : `+${count(number)}`);

const current = () => views.find((view) => byId(`tab-${view}`).ariaSelected === "true");

/** Fills the view that is looked at, once. */
function fill() {
  const view = current();
  if (!shown || filled.has(view)) return;
  filled.add(view);
  if (view === "article") article.show(byId("panel-article"), shown.article);
  if (view === "facts") facts.show(byId("panel-facts"), shown.article);
  if (view === "json") search();
  if (view === "source") {
    source.show(byId("source"), shown.bytes, shown.article, (cut) => choose(cut));
    legend();
    if (shown.article.removed.length && shown.article.input.offsets === "input") choose(0, { quietly: true });
    else nothing();
  }
}

function nothing() {
  const why = shown.article.removed.length
    ? "This document was rendered to HTML first, and the ranges count in that: they cannot be shown here."
    : "Nothing was removed.";
  byId("why").replaceChildren(el("p", { class: "why" }, why));
}

function select(view, focus) {
  for (const each of views) {
    const tab = byId(`tab-${each}`);
    tab.ariaSelected = String(each === view);
    tab.tabIndex = each === view ? 0 : -1;
    byId(`panel-${each}`).hidden = each !== view;
  }
  if (focus) byId(`tab-${view}`).focus();
  fill();
}

function legend() {
  const box = byId("source");
  box.className = "source";
  const items = source.categories(shown.article).map(([category, [ranges, characters]]) => {
    const button = el(
      "button",
      { type: "button", "data-category": category, "aria-pressed": "true", title: plural(characters, "visible character") },
      el("b", {}, category),
      ` ${count(ranges)}`,
    );
    button.addEventListener("click", () => {
      button.ariaPressed = String(!box.classList.toggle(`off-${category}`));
    });
    return el("li", {}, button);
  });
  const { removed, removed_total: all } = shown.article;
  if (all > removed.length) items.push(el("li", { class: "rest" }, `the largest ${removed.length} of ${count(all)}`));
  byId("legend").replaceChildren(...items);
}

function choose(cut, { focus, quietly } = {}) {
  chosen = cut;
  const box = byId("why");
  box.ariaLive = quietly ? "off" : "polite";
  box.replaceChildren(...source.explain(shown.article, cut, rules, { step, whatIf }));
  if (!quietly) source.mark(byId("source"), cut, { focus });
}

function step(by) {
  const all = shown.article.removed.length;
  const label = document.activeElement?.ariaLabel;
  choose((chosen + by + all) % all);
  // The button that was pressed has been made anew.
  byId("why").querySelector(`[aria-label="${label}"]`)?.focus();
}

/** The same call with one thing left in: what would come back, and the way to leave it in. */
async function whatIf(option) {
  const box = byId("why").querySelector(".what-if-answer");
  box.replaceChildren("Asking…");
  try {
    const asked = { ...options(), selectors: [...selectors, option] };
    const { article: after } = await service.normalize({ ...held, bytes: shown.bytes }, asked, { token: token() });
    const { text: back, characters, ranges } = source.difference(shown.article, after);
    const figures = `${signed(characters)} characters, ${signed(ranges)} ranges.`;
    const words = back
      ? [el("p", {}, figures, " This would be in the text:"), el("blockquote", { class: "back" }, back.length > 600 ? `${back.slice(0, 600)}…` : back)]
      : [el("p", {}, figures, characters || ranges ? "" : " The text would be the same: something else takes it then, or nothing of it shows.")];
    const keep = el("button", { type: "button" }, `Add ${option.name}=${option.value}`);
    keep.addEventListener("click", () => add(option.name, option.value));
    box.replaceChildren(...words, keep);
  } catch (error) {
    box.replaceChildren(el("p", {}, error.problem?.detail ?? String(error)));
  }
}

// Selectors

function add(name, value) {
  if (!selectors.some((known) => known.name === name && known.value === value)) selectors.push({ name, value });
  list();
  run();
}

function list() {
  const items = selectors.map((selector, at) => {
    const drop = el("button", { type: "button", "aria-label": `Take ${selector.name}=${selector.value} back` }, "×");
    drop.addEventListener("click", () => {
      selectors.splice(at, 1);
      list();
      run();
      byId("selector").focus();
    });
    return el("li", {}, el("b", {}, selector.name), ` ${selector.value} `, drop);
  });
  byId("selectors").replaceChildren(...items);
  about();
}

// The JSON

function search() {
  const words = byId("search").value.trim();
  if (!shown) return;
  if (!words) {
    json.show(byId("json"), shown.article);
    return;
  }
  say(`${plural(json.search(byId("json"), shown.article, words), "match").replace("matchs", "matches")} for “${words}”.`);
}

async function copy(button, words) {
  try {
    await navigator.clipboard.writeText(words);
    say("Copied.");
  } catch {
    // Over plain HTTP from elsewhere a browser lends no clipboard.
    const field = el("textarea", { class: "unseen" });
    field.value = words;
    document.body.append(field);
    field.select();
    say(document.execCommand("copy") ? "Copied." : "The browser does not let this page copy.");
    field.remove();
    button.focus();
  }
}

function save() {
  const address = URL.createObjectURL(new Blob([held.bytes]));
  el("a", { href: address, download: held.name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

// Wiring

text.addEventListener("input", () => {
  typed();
  soon();
});
text.addEventListener("paste", (event) => {
  const pasted = event.clipboardData.getData("text/plain");
  if (pasted.length > MOST_TYPED && !text.value) {
    event.preventDefault();
    hold(new TextEncoder().encode(pasted), nameOf(pasted), PASTED);
    return;
  }
  setTimeout(run);
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) run();
});
byId("run").addEventListener("click", () => (held ? run() : text.focus()));
byId("clear").addEventListener("click", clear);
byId("stop").addEventListener("click", () => {
  running?.abort();
  progress(null);
  say("Stopped.");
});
byId("choose").addEventListener("click", () => byId("file").click());
byId("file").addEventListener("change", (event) => {
  const [file] = event.target.files;
  event.target.value = "";
  if (file) open(file);
});
for (const button of document.querySelectorAll("[data-sample]")) {
  button.addEventListener("click", () => sample(button.dataset.sample));
}
for (const radio of document.querySelectorAll("input[name=mode]")) radio.addEventListener("change", run);
byId("url").addEventListener("change", run);
byId("token").addEventListener("change", run);
byId("token-form").addEventListener("submit", (event) => {
  event.preventDefault();
  run();
});
byId("selector-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const value = byId("selector").value.trim();
  if (!value) return;
  byId("selector").value = "";
  add(byId("selector-name").value, value);
});
byId("selector-name").addEventListener("change", (event) => {
  byId("selector").placeholder = event.target.value === "without" ? "generic/style" : ".newsletter";
});
byId("copy-curl").addEventListener("click", (event) => copy(event.target, byId("curl").textContent));
byId("copy-json").addEventListener("click", (event) => copy(event.target, shown.json));
byId("save").addEventListener("click", save);
byId("search").addEventListener("input", search);

views.forEach((view, at) => {
  const tab = byId(`tab-${view}`);
  tab.addEventListener("click", () => select(view));
  tab.addEventListener("keydown", (event) => {
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1 + views.length, Home: 0, End: views.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    select(views[to % views.length], true);
  });
});

// A file may be dropped anywhere.
let depth = 0;
document.addEventListener("dragenter", () => {
  depth += 1;
  document.body.classList.add("dropping");
});
document.addEventListener("dragleave", () => {
  depth -= 1;
  if (depth <= 0) document.body.classList.remove("dropping");
});
document.addEventListener("dragover", (event) => event.preventDefault());
document.addEventListener("drop", (event) => {
  event.preventDefault();
  depth = 0;
  document.body.classList.remove("dropping");
  const [file] = event.dataTransfer.files;
  const dropped = event.dataTransfer.getData("text/html") || event.dataTransfer.getData("text/plain");
  if (file) open(file);
  else if (dropped) hold(new TextEncoder().encode(dropped), nameOf(dropped), PASTED);
});

about();
service.version().then((told) => {
  if (told) byId("version").textContent = told.version;
});
// A browser that comes back to this page may have kept what was typed.
if (text.value) {
  typed();
  run();
}
