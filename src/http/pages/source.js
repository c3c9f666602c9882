// The document as it came, with every removed range struck out.
//
// Ranges count bytes of the document in its own charset, so its bytes are decoded piece by piece between their borders.
// A large document is laid out in chunks that the browser draws only when they come near the window.

import { count, el, plural, size } from "./dom.js";

/** Characters of a chunk: enough to fill a window or two. */
const CHUNK = 8000;
/** A longer removed range shows its beginning, until it is chosen. */
const SHOWN = 500;

/** The document's text in pieces: `cut` is the index of the range that a piece belongs to, or -1. */
function pieces(bytes, article) {
  const ranges = article.input.offsets === "input" ? article.removed : [];
  const decoder = decoderOf(article.input.charset);
  const found = [];
  let at = 0;
  const take = (end, cut) => {
    if (end > at) found.push({ text: decoder.decode(bytes.subarray(at, end), { stream: true }), cut });
    at = Math.max(at, end);
  };
  ranges.forEach((range, cut) => {
    take(range.byte_start, -1);
    take(range.byte_end, cut);
  });
  take(bytes.length, -1);
  found.push({ text: decoder.decode(), cut: -1 });
  return found;
}

function decoderOf(charset) {
  try {
    return new TextDecoder(charset);
  } catch {
    return new TextDecoder();
  }
}

/** Puts the document into `box`; `choose` is called with the index of a range that somebody points at. */
export function show(box, bytes, article, choose) {
  const chunks = [];
  let chunk = null;
  let room = 0;
  const put = (node, length) => {
    if (!chunk || room <= 0) {
      chunk = el("div", { class: "chunk" });
      chunks.push(chunk);
      room = CHUNK;
    }
    chunk.append(node);
    room -= length;
  };
  for (const { text, cut } of pieces(bytes, article)) {
    if (cut < 0) for (const part of parts(text, CHUNK)) put(document.createTextNode(part), part.length);
    else strike(text, cut, article.removed[cut], put);
  }
  for (const each of chunks) {
    // Lines of this width and height, before the browser has drawn any.
    const lines = each.textContent.split("\n").reduce((sum, line) => sum + 1 + Math.floor(line.length / 90), 0);
    each.style.containIntrinsicSize = `auto ${Math.min(lines, 2000) * 1.55}em`;
  }
  box.replaceChildren(...chunks);
  const cutOf = (event) => event.target.closest?.("[data-cut]")?.dataset.cut;
  box.onclick = (event) => cutOf(event) !== undefined && String(getSelection()) === "" && choose(Number(cutOf(event)));
  box.onkeydown = (event) => {
    if ((event.key === "Enter" || event.key === " ") && cutOf(event) !== undefined) {
      event.preventDefault();
      choose(Number(cutOf(event)));
    }
  };
}

function strike(text, cut, removed, put) {
  const { rule, category } = removed;
  const bytes = removed.byte_end - removed.byte_start;
  const shown = text.length > 1.5 * SHOWN ? whole(text, SHOWN) : text.length;
  const rest = text.length - shown;
  const first = el(
    "span",
    {
      class: "cut",
      role: "button",
      tabindex: "0",
      "data-cut": cut,
      "data-category": category,
      "data-more": rest ? ` … ${count(rest)} more characters ` : null,
      "aria-description": `removed by ${rule}, ${category}, ${size(bytes)}`,
    },
    text.slice(0, shown),
  );
  put(first, shown);
  for (const part of parts(text.slice(shown), CHUNK)) {
    put(el("span", { class: "cut rest", hidden: true, "data-cut": cut, "data-category": category }, part), part.length);
  }
}

/** A text in parts of about this length, cut behind a line where one ends near. */
function parts(text, length) {
  const found = [];
  for (let at = 0; at < text.length; ) {
    let end = Math.min(at + length, text.length);
    if (end < text.length) {
      const line = text.lastIndexOf("\n", end);
      end = line > at + length / 2 ? line + 1 : whole(text, end);
    }
    found.push(text.slice(at, end));
    at = end;
  }
  return found;
}

/** Not between the two halves of a character. */
function whole(text, end) {
  const code = text.charCodeAt(end - 1);
  return end < text.length && code >= 0xd800 && code < 0xdc00 ? end + 1 : end;
}

/** Marks one range as chosen, opens it, and brings it into view. */
export function mark(box, cut, { focus } = {}) {
  for (const old of box.querySelectorAll("[aria-current]")) {
    old.removeAttribute("aria-current");
    for (const rest of box.querySelectorAll(`.rest[data-cut="${old.dataset.cut}"]`)) rest.hidden = true;
  }
  const [first, ...rest] = box.querySelectorAll(`[data-cut="${cut}"]`);
  if (!first) return;
  first.setAttribute("aria-current", "true");
  for (const part of rest) part.hidden = false;
  first.scrollIntoView({ block: "center" });
  if (focus) first.focus({ preventScroll: true });
}

/** The categories that took something, each with its number of ranges and of visible characters. */
export function categories(article) {
  const found = new Map();
  for (const { category, characters } of article.removed) {
    const [ranges, sum] = found.get(category) ?? [0, 0];
    found.set(category, [ranges + 1, sum + characters]);
  }
  return [...found].sort((one, other) => other[1][1] - one[1][1]);
}

/** Why the score leaves something out: it has no rule that could tell. */
const SCORE = {
  "score/outside": "The score found nothing here that belongs to the article.",
  "score/navigation": "Mostly links: a way to other pages, and no text of this one.",
  "score/related": "Named and built like a list of other articles.",
  "score/credit": "Names of people and outlets before or behind the text.",
  "score/promotion": "Asks the reader to follow, subscribe or install.",
  "score/legal": "Copyright or a disclaimer beside the text.",
  "score/interface": "Belongs to a page or a reader, and not to the text.",
  "score/comments": "What readers wrote below the article is not the article.",
  "score/form": "A form asks the reader for something; it tells nothing.",
  "score/title": "A heading that says the title again: it is in the field title.",
};

/** What there is to say about one range. `acts` are what can be done about it. */
export function explain(article, cut, rules, acts) {
  const removed = article.removed[cut];
  const rule = rules.get(removed.rule);
  const own = removed.rule === "user/remove";
  const why = rule?.why ?? SCORE[removed.rule] ?? (own ? "You asked for it with remove=." : "No rule of that name is in force now.");
  const selector = selectorOf(removed);
  // What would bring it back: a rule can be left out, the score overruled.
  const option = rule ? { name: "without", value: removed.rule } : !own && selector ? { name: "keep", value: selector } : null;
  const position = `${cut + 1} of ${article.removed.length}`;
  const bytes = removed.byte_end - removed.byte_start;
  return [
    el(
      "div",
      { class: "steps" },
      el("button", { type: "button", "aria-label": "Previous removed range", click: () => acts.step(-1) }, "←"),
      el("span", {}, position),
      el("button", { type: "button", "aria-label": "Next removed range", click: () => acts.step(1) }, "→"),
    ),
    el("p", { class: "category", "data-category": removed.category }, removed.category),
    el("h3", {}, removed.rule),
    el("p", { class: "why" }, why),
    el(
      "dl",
      {},
      ...(selector ? fact("Element", el("code", {}, selector)) : []),
      ...fact("Bytes", `${count(removed.byte_start)} – ${count(removed.byte_end)}, ${size(bytes)}`),
      ...fact("Visible", plural(removed.characters, "character")),
      ...(rule?.select.length ? fact("Selectors", el("code", {}, rule.select.join(", "))) : []),
    ),
    removed.preview ? el("blockquote", {}, removed.preview) : null,
    option ? el("button", { type: "button", class: "what-if", click: () => acts.whatIf(option) }, "What if it stayed?") : null,
    option ? el("div", { class: "what-if-answer", "aria-live": "polite" }) : null,
  ].filter(Boolean);
}

const fact = (name, value) => [el("dt", {}, name), el("dd", {}, value)];

/** A selector for the element of a range, or none where it was no element. */
function selectorOf({ tag, id, class: classes }) {
  if (!tag) return null;
  const name = (text) => CSS.escape(text);
  if (id) return `${tag}#${name(id)}`;
  const first = (classes ?? "").split(/\s+/).filter(Boolean).slice(0, 3);
  return tag + first.map((each) => `.${name(each)}`).join("");
}

/** What another answer has that this one has not: the text that came back, and the figures. */
export function difference(before, after) {
  // By paragraphs: by letters, the first of what came back could be the first of what follows it.
  const [old, now] = [before, after].map((article) => (article.content_text ?? "").split("\n\n"));
  let start = 0;
  while (start < old.length && old[start] === now[start]) start += 1;
  let end = 0;
  while (end < Math.min(old.length, now.length) - start && old.at(-1 - end) === now.at(-1 - end)) end += 1;
  return {
    text: now.slice(start, now.length - end).join("\n\n").trim(),
    characters: after.stats.characters - before.stats.characters,
    ranges: after.removed_total - before.removed_total,
  };
}
