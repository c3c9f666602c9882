// The article as its readers see it, in a frame of its own.
//
// The frame has a sandbox without scripts, forms or an origin, and this page's policy: nothing in it can run or load
// anything. Pictures are shown as what they are called, since this page fetches nothing.

import { el } from "./dom.js";

/** No scripts, no forms, no origin; a link may be followed, in a window of its own. */
const SANDBOX = "allow-popups allow-popups-to-escape-sandbox";

/** Blocks from which on an article is long. */
const MANY = 1000;

/** The article asked for last: a formula renderer that loads slowly must not bring an older one back. */
let latest = null;

/** Shows the article in `box`. */
export async function show(box, article) {
  latest = article;
  const page = new DOMParser().parseFromString(article.content_html ?? "", "text/html");
  // No article has these. The policy stops them too, but Chromium looks ahead for style sheets, at times before it asks it.
  for (const foreign of page.querySelectorAll("base, link, meta")) foreign.remove();
  for (const media of page.querySelectorAll("img, video, audio, picture > source")) replace(media);
  for (const link of page.querySelectorAll("a[href]")) {
    // A note and its reference are in the frame, whose own address is this one.
    if (link.getAttribute("href").startsWith("#")) link.href = `about:srcdoc${link.hash}`;
    else Object.assign(link, { target: "_blank", rel: "noopener noreferrer", title: link.href });
  }
  for (const code of page.querySelectorAll("pre > code[class^=language-]")) {
    code.parentElement.dataset.language = code.className.replace("language-", "");
  }
  await formulas(page.querySelectorAll(".math"));
  if (latest !== article) return;
  page.body.prepend(head(article));
  page.documentElement.lang = article.language ?? "";
  page.documentElement.dir = article.direction ?? "auto";
  // Thousands of blocks: those out of sight are laid out when they come near.
  if (page.body.childElementCount > MANY) page.body.className = "long";
  const sheet = new URL("assets/article.css", document.baseURI).href;
  page.head.append(el("meta", { charset: "utf-8" }), el("title", {}, article.title ?? "Article"));
  page.head.append(el("meta", { name: "viewport", content: "width=device-width, initial-scale=1" }));
  page.head.append(el("link", { rel: "stylesheet", href: sheet }));
  const srcdoc = `<!doctype html>${page.documentElement.outerHTML}`;
  // A new frame each time: one that was filled again while it was hidden stays blank in Chromium.
  box.replaceChildren(el("iframe", { id: "article", title: "The article", sandbox: SANDBOX, srcdoc }));
}

function head(article) {
  const people = article.authors.map((author) => author.name).join(", ");
  const day = article.date_published?.slice(0, article.date_precision === "day" ? 10 : 16).replace("T", " ");
  const line = [article.site_name, people, day].filter(Boolean);
  return el(
    "header",
    {},
    el("h1", {}, article.title ?? "Untitled"),
    article.subtitle ? el("p", { class: "subtitle" }, article.subtitle) : null,
    line.length ? el("p", { class: "line" }, line.join(" · ")) : null,
  );
}

/** Formulas as MathML, which browsers show by themselves. What is no TeX stays as it is written. */
async function formulas(elements) {
  if (!elements.length) return;
  const { default: temml } = await import("./temml.js");
  for (const element of elements) {
    const tex = element.textContent.replace(/^\\[([]|\\[)\]]$/g, "");
    try {
      temml.render(tex, element, { displayMode: element.classList.contains("display"), throwOnError: true, trust: false });
    } catch {
      element.textContent = tex;
    }
  }
}

/** A picture gives way to its name. */
function replace(media) {
  if (media.localName === "source") {
    media.remove();
    return;
  }
  const kind = { img: "Picture", video: "Video", audio: "Recording" }[media.localName];
  const name = media.getAttribute("alt") || media.getAttribute("src")?.split(/[?#]/)[0].split("/").pop() || "unnamed";
  const box = el("span", { class: "picture", title: media.getAttribute("src") }, el("b", {}, kind), ` ${name}`);
  media.replaceWith(box);
}
