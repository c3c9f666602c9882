// The answer as a folded tree, or as the list of what a search finds in it. Branches are filled when they are opened.

import { count, el, plural } from "./dom.js";

/** Matches shown of a search. */
const MOST = 200;

/** Fills `box` with the tree, its root open. */
export function show(box, value) {
  box.replaceChildren(...children(value));
}

function children(value) {
  return Object.entries(value).map(([key, each]) => node(key, each));
}

function node(key, value) {
  const name = el("span", { class: "key" }, key);
  if (value === null || typeof value !== "object" || Object.keys(value).length === 0) {
    return el("div", { class: "leaf" }, name, leaf(value));
  }
  const many = Array.isArray(value) ? plural(value.length, "item") : plural(Object.keys(value).length, "field");
  const branch = el("details", {}, el("summary", {}, name, el("span", { class: "many" }, many)));
  branch.addEventListener("toggle", () => {
    if (branch.open && branch.children.length === 1) branch.append(el("div", { class: "inside" }, ...children(value)));
  });
  return branch;
}

function leaf(value) {
  const kind = value === null ? "null" : typeof value;
  const text = JSON.stringify(value);
  if (text.length <= 300) return el("span", { class: `value ${kind}` }, text);
  const short = el("span", { class: `value ${kind}` }, `${text.slice(0, 240)}…`);
  const more = el("button", { type: "button", class: "quiet" }, `all ${count(text.length)} characters`);
  more.addEventListener("click", () => {
    short.textContent = text;
    more.remove();
  });
  return el("span", {}, short, " ", more);
}

/** Fills `box` with the paths whose name or value has these words, and gives how many there are. */
export function search(box, value, words) {
  const wanted = words.toLowerCase();
  const found = [];
  let all = 0;
  const walk = (path, each) => {
    if (each !== null && typeof each === "object" && Object.keys(each).length) {
      for (const [key, inner] of Object.entries(each)) walk([...path, key], inner);
      return;
    }
    const text = JSON.stringify(each);
    const name = path.join(".");
    const at = text.toLowerCase().indexOf(wanted);
    if (at < 0 && !name.toLowerCase().includes(wanted)) return;
    all += 1;
    if (found.length < MOST) found.push(el("div", { class: "leaf" }, el("span", { class: "key" }, name), hit(text, at, wanted.length)));
  };
  walk([], value);
  const rest = all > MOST ? [el("p", {}, `and ${count(all - MOST)} more`)] : [];
  box.replaceChildren(...(found.length ? found : [el("p", {}, "Nothing in the answer has these words.")]), ...rest);
  return all;
}

function hit(text, at, length) {
  if (at < 0) return el("span", { class: "value" }, text.length > 200 ? `${text.slice(0, 200)}…` : text);
  const from = Math.max(0, at - 60);
  const to = at + length + 120;
  return el(
    "span",
    { class: "value" },
    (from > 0 ? "…" : "") + text.slice(from, at),
    el("mark", {}, text.slice(at, at + length)),
    text.slice(at + length, to) + (to < text.length ? "…" : ""),
  );
}
