// `content_markdown` in five renderers that let HTML through, and what Chromium makes of that: nothing lives that was no
// link and no picture, and the words are those of the article.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";

import * as commonmark from "commonmark";
import MarkdownIt from "markdown-it";
import { marked } from "marked";
import { micromark } from "micromark";
import { gfm, gfmHtml } from "micromark-extension-gfm";
import showdown from "showdown";

import { browser, check, failed, serve } from "./harness.mjs";

const [binary] = process.argv.slice(2);
const root = path.resolve(import.meta.dirname, "../..");

const converter = new showdown.Converter();
converter.setFlavor("github");
// Line ends in a paragraph are no line breaks, as everywhere else.
converter.setOption("simpleLineBreaks", false);
const markdownIt = new MarkdownIt({ html: true });
const RENDERERS = {
  marked: (text) => marked.parse(text),
  "markdown-it": (text) => markdownIt.render(text),
  "commonmark.js": (text) => new commonmark.HtmlRenderer().render(new commonmark.Parser().parse(text)),
  showdown: (text) => converter.makeHtml(text),
  micromark: (text) => micromark(text, { allowDangerousHtml: true, allowDangerousProtocol: true, extensions: [gfm()], htmlExtensions: [gfmHtml()] }),
};
// Showdown reads an older Markdown, and commonmark.js no tables: what they show is safe, but laid out otherwise.
const EXACT = new Set(["marked", "markdown-it", "micromark"]);

const LIVES = ["<script>hit()</script>", "<img src=x onerror=hit()>", "<svg onload=hit()>", "<iframe src='javascript:hit()'>", "<a href='javascript:hit()'>x</a>"];
const escaped = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");

/** Text that would come to life if any mark around it were read otherwise than it was meant, in each place that text has. */
function* hostile() {
  const addresses = [
    "javascript&colon;hit()", "javascript&#58;hit()", "java&Tab;script&colon;hit()", "javascript&#58hit()", "\\javascript:hit()",
    "x) <script>hit()</script>", "/a`b`<script>hit()</script>", "/a|b](javascript:hit())", "/a\"onclick=hit()//", "/a' onmouseover='hit()", "\\\\host\\a", "/\u0001/host",
    "/a[b](javascript:hit())", "//a.example/<img src=x onerror=hit()>", "/a\n\n<script>hit()</script>", "/*a_b*_",
  ];
  for (const address of addresses) {
    const href = escaped(address);
    yield `<p>Read <a href="${href}">the plan</a> and <a href="${href}">the *other* one</a>.</p>`;
    yield `<table><tr><th>a</th><th>b</th></tr><tr><td><a href="${href}">the plan</a></td><td><img src="${href}" alt="x](javascript:hit())"></td></tr></table>`;
  }
  for (const life of LIVES.map(escaped)) {
    for (const before of ["", "`", "``", "\\", "|", "![", "[x](", "*", "**", "~~", "$", "$$", "&lt;!--", "&lt;", "&amp;lt;", "    ", "- ", "> ", "1. ", "[^1]: ", "\u0000"]) {
      yield `<p>${before}${life}</p>`;
      yield `<p>a${before}<b>${life}</b>${before}b <code>${before}${life}</code><code>${life}${before}</code></p>`;
      yield `<ul><li>${before}${life}<ul><li><code>${before}</code> ${life}</li></ul></li></ul>`;
      yield `<blockquote><p>a<br>${before}${life}</p><pre>${before}\n${life}\n\n${before}</pre></blockquote>`;
      yield `<table><tr><th>${before}</th><th>b</th></tr><tr><td><code>${before}|${life}</code></td><td>${life}${before}</td></tr></table>`;
      yield `<h2>${before}${life}<br>${life}</h2><p><a href="/x">${before}${life}</a>${before}</p>`;
      yield `<p><img src="/i.png" alt="${before}${life}"> <code>a\n${before}\n\n${life}</code></p>`;
    }
  }
}

function* pages() {
  for (const name of readdirSync(path.join(root, "tests/pages"))) {
    const folder = path.join(root, "tests/pages", name);
    for (const file of readdirSync(folder).filter((file) => /^in\.(html|md)$/.test(file))) yield readFileSync(path.join(folder, file));
  }
}

const service = await serve(binary);
const chromium = await browser();
const page = await (await chromium.newContext()).newPage();
await page.route("**/*", (route) => route.abort());
const heard = [];
await page.exposeFunction("heard", (text) => heard.push(text));
page.on("dialog", (dialog) => dialog.dismiss());

async function normalized(body) {
  const answer = await fetch(`${service.origin}/v1/normalize?fields=content_markdown,content_html`, { method: "POST", body });
  assert.equal(answer.status, 200);
  return answer.json();
}

/** What is wrong with each of these: what lives in it, and the words that it shows. Scripts run as they would anywhere. */
function looked(documents) {
  return page.evaluate((texts) => {
    globalThis.hit = () => globalThis.heard("hit");
    const words = (html) => {
      const holder = new DOMParser().parseFromString(html, "text/html");
      for (const block of holder.querySelectorAll("br,p,div,li,tr,td,th,h1,h2,h3,h4,h5,h6,pre,blockquote,figcaption,dt,dd,ul,ol,table,caption")) {
        block.before(" ");
        block.after(" ");
      }
      return (holder.body.textContent.match(/[\p{L}\p{N}]+/gu) ?? []).join(" ");
    };
    return texts.map(({ rendered, content }) => {
      document.body.innerHTML = rendered;
      const alive = [];
      for (const element of document.body.querySelectorAll("*")) {
        const name = element.localName;
        if (/^(script|style|iframe|frame|object|embed|form|svg|math|link|meta|base|video|audio|template)$/.test(name)) alive.push(name);
        if (name === "input" && element.type !== "checkbox") alive.push(name);
        for (const { name: attribute, value } of element.attributes) {
          if (/^on|^style$|^srcdoc$/.test(attribute)) alive.push(`${name} ${attribute}`);
          const address = /^(href|src|action|formaction|data)$/.test(attribute) && URL.canParse(value, "https://base.example/") ? new URL(value, "https://base.example/") : undefined;
          if (address && !["http:", "https:", "mailto:"].includes(address.protocol)) alive.push(`${attribute}=${value}`);
        }
        element.dispatchEvent(new Event("click"));
      }
      const count = (html, name) => new DOMParser().parseFromString(html, "text/html").querySelectorAll(name).length;
      return { alive, words: words(rendered), wanted: words(content), pictures: [count(rendered, "img"), count(content, "img")] };
    });
  }, documents);
}

for (const [name, render] of Object.entries(RENDERERS)) {
  await check(`Markdown in ${name}: nothing lives, and the words are the same`, async () => {
    heard.length = 0;
    const faults = [];
    for (const [kind, bodies] of [["hostile", hostile()], ["page", pages()]]) {
      const documents = [];
      for (const body of bodies) {
        const article = await normalized(body);
        documents.push({ rendered: render(article.content_markdown), content: article.content_html, markdown: article.content_markdown });
      }
      assert.ok(documents.length > 20);
      for (const [i, { alive, words, wanted, pictures }] of (await looked(documents)).entries()) {
        const { markdown } = documents[i];
        if (alive.length) faults.push(`${kind}: ${alive} lives in ${JSON.stringify(markdown)}`);
        if (EXACT.has(name) && words !== wanted) faults.push(`${kind}: ${JSON.stringify(markdown.slice(0, 300))} shows ${words.slice(0, 300)}, not ${wanted.slice(0, 300)}`);
        if (EXACT.has(name) && pictures[0] !== pictures[1]) faults.push(`${kind}: ${pictures} pictures in ${JSON.stringify(markdown)}`);
      }
    }
    await page.waitForTimeout(100);
    assert.deepEqual(heard, [], "a script ran");
    assert.equal(faults.length, 0, `${faults.length} faults, the first: ${faults.slice(0, 3).join("\n")}`);
  });
}

await chromium.close();
service.stop();
process.exitCode = failed() ? 1 : 0;
