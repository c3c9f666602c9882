// The facts of an article as tables, each with where it was found.

import { count, el, plural, size } from "./dom.js";

const FIELDS = [
  ["title", "Title"],
  ["subtitle", "Subtitle"],
  ["summary", "Summary"],
  ["authors", "Authors"],
  ["byline", "Byline"],
  ["editors", "Editors"],
  ["source", "First appeared in"],
  ["site_name", "Site"],
  ["date_published", "Published"],
  ["date_modified", "Modified"],
  ["language", "Language"],
  ["direction", "Direction"],
  ["type", "Type"],
  ["section", "Section"],
  ["tags", "Tags"],
  ["categories", "Categories"],
  ["license", "Licence"],
  ["url", "Address"],
  ["canonical_url", "Canonical address"],
  ["domain", "Domain"],
  ["image", "Picture"],
  ["images", "Pictures"],
  ["videos", "Videos"],
];

/** Fills `box` with all that is known. */
export function show(box, article) {
  const found = FIELDS.filter(([field]) => !isEmpty(article[field]));
  const missing = FIELDS.filter(([field]) => isEmpty(article[field])).map(([, name]) => name.toLowerCase());
  const rows = found.map(([field, name]) => {
    const { source, raw, rule } = article.provenance?.[field] ?? {};
    return [name, value(article[field]), source ? origin(source, rule) : "", raw ?? ""];
  });
  box.replaceChildren(
    table("What, who and when", ["Fact", "Value", "Found in", "As written"], rows),
    missing.length ? el("p", { class: "missing" }, `Not found: ${missing.join(", ")}.`) : "",
    warnings(article.warnings),
    table("Judgement and measures", ["Figure", "Value"], figures(article)),
    table("The document", ["Property", "Value"], input(article)),
  );
}

const isEmpty = (given) => given === null || given === undefined || (Array.isArray(given) && given.length === 0);

function origin(source, rule) {
  const words = { json_ld: "JSON-LD", open_graph: "OpenGraph", dublin_core: "Dublin Core", rdfa: "RDFa", html: "the page", url: "the address" };
  const name = words[source] ?? source.replaceAll("_", " ");
  return rule ? el("span", {}, `${name} `, el("code", {}, rule)) : name;
}

function value(given) {
  if (!Array.isArray(given)) return typeof given === "object" ? one(given) : String(given);
  if (given.length > 6) return plural(given.length, "entry").replace("entrys", "entries");
  return el("ul", {}, ...given.map((each) => el("li", {}, typeof each === "object" ? one(each) : String(each))));
}

const one = (given) => [given.name ?? given.caption ?? given.alt, given.url].filter(Boolean).join(" – ");

function warnings(list) {
  if (!list.length) return "";
  const lines = list.map(({ code, detail }) => el("li", {}, el("code", {}, code), ` ${detail}`));
  return el("div", { class: "warnings" }, el("h3", {}, plural(list.length, "warning")), el("ul", {}, ...lines));
}

function figures({ quality, stats, removed_total, content_hash }) {
  const minutes = Math.max(1, Math.round(stats.reading_time_seconds / 60));
  return [
    ["Quality", `${quality.score.toFixed(2)}, ${quality.is_article ? "an article" : "perhaps no article"}`],
    ...(quality.reasons.length ? [["Doubts", quality.reasons.join(", ")]] : []),
    ["Characters", `${count(stats.characters)}, of them ${count(stats.cjk_characters)} CJK`],
    ["Words", count(stats.words)],
    ["Sentences, paragraphs", `${count(stats.sentences)}, ${count(stats.paragraphs)}`],
    ["Reading time", plural(minutes, "minute")],
    ["Share of links", `${(stats.link_density * 100).toFixed(1)} %`],
    ["Removed ranges", count(removed_total)],
    ["Hash of the text", content_hash],
  ];
}

function input({ input: given, rules_revision, id }) {
  return [
    ["Kind", given.kind],
    ["Read as", given.content_type],
    ["Charset", `${given.charset}, by ${given.charset_source.replaceAll("_", " ")}`],
    ["Size", `${size(given.bytes)} (${count(given.bytes)})`],
    ["Id", id],
    ["Rules", rules_revision],
  ];
}

function table(caption, head, rows) {
  const line = ([first, ...others]) =>
    el("tr", {}, el("th", { scope: "row" }, first), ...others.map((cell, at) => el("td", { "data-head": head[at + 1] }, cell)));
  const columns = head.map((name) => el("th", { scope: "col" }, name));
  return el(
    "table",
    {},
    el("caption", {}, caption),
    el("thead", {}, el("tr", {}, ...columns)),
    el("tbody", {}, ...rows.map(line)),
  );
}
