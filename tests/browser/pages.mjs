// The preview page and its sisters, as people meet them: with a mouse, a keyboard, a phone, in the dark, and with
// documents that mean harm.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { browser, check, failed, serve } from "./harness.mjs";

const [binary, ...words] = process.argv.slice(2);
const root = path.resolve(import.meta.dirname, "../..");
const axe = readFileSync(path.join(import.meta.dirname, "node_modules/axe-core/axe.min.js"), "utf8");
const post = readFileSync(path.join(root, "examples/post.md"), "utf8");
const scratch = mkdtempSync(path.join(tmpdir(), "copydesk-pages-"));

const service = await serve(binary);
const chromium = await browser();

/** Opens a page in a context of its own; every request that leaves for elsewhere, and every dialog, is noted. */
async function open(options = {}, address = `${service.origin}/`) {
  const context = await chromium.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  page.strange = [];
  page.on("request", (request) => {
    const url = request.url();
    if (!/^(about|blob|data):/.test(url) && !url.startsWith(new URL(address).origin)) page.strange.push(url);
  });
  page.on("dialog", (dialog) => {
    page.strange.push(`dialog ${dialog.message()}`);
    dialog.dismiss();
  });
  page.on("pageerror", (error) => page.strange.push(`error ${error.message}`));
  await page.goto(address);
  return page;
}

async function sample(page, name, view = "article") {
  await page.click(`[data-sample="${name}"]`);
  await page.waitForSelector("#result:not([hidden])");
  await page.click(`#tab-${view}`);
  await settled(page);
}

/** Until nothing is under way. */
async function settled(page) {
  await page.waitForFunction(() => document.getElementById("output").ariaBusy !== "true");
  await page.waitForTimeout(100);
}

async function paste(page, text) {
  await page.focus("#text");
  await page.evaluate((words) => navigator.clipboard.writeText(words), text);
  await page.keyboard.press("Control+V");
  await page.waitForSelector("#result:not([hidden])");
  await settled(page);
}

/** What axe finds wrong, by the rules of WCAG 2.2 A and AA and its own best practices. */
async function violations(page) {
  await page.evaluate(axe);
  const found = await page.evaluate(() => globalThis.axe.run(document, { iframes: false }));
  return found.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 90)).slice(0, 3).join(" ")}`);
}

const article = (page) => page.frameLocator("#article");

await check("a pasted post becomes an article", async () => {
  const page = await open();
  await paste(page, post);
  await article(page).locator("h1", { hasText: "青石镇图书馆" }).waitFor();
  assert.match(await article(page).locator("body").innerText(), /每周二至周六/);
  assert.match(await page.innerText("#status"), /characters kept/);
  assert.deepEqual(page.strange, []);
  await page.context().close();
});

await check("a struck-out block tells its rule, the reason, and what if it stayed", async () => {
  const page = await open();
  await sample(page, "sample-news.html", "source");
  await page.click('.cut[data-category="advertisement"]');
  const box = page.locator("#why");
  assert.match(await box.innerText(), /generic\/ad-slot/);
  const why = await page.evaluate(async () => (await (await fetch("v1/rules")).json()).rules.find(({ id }) => id === "generic/ad-slot").why);
  assert.ok((await box.innerText()).includes(why));
  await page.click(".what-if");
  await box.locator(".back").waitFor();
  assert.match(await box.locator(".back").innerText(), /winter coats at half price/);
  await box.getByRole("button", { name: "Add without=generic/ad-slot" }).click();
  await settled(page);
  assert.match(await page.innerText("#selectors"), /without generic\/ad-slot/);
  await page.click("#tab-article");
  await article(page).getByText("winter coats at half price").waitFor();
  await page.context().close();
});

await check("every removed byte is struck out, and no other", async () => {
  for (const name of ["sample-post.md", "sample-news.html", "sample-code.html", "sample-broken.html"]) {
    const page = await open();
    await sample(page, name, "source");
    const [shown, all] = await page.evaluate(async (file) => {
      const bytes = new Uint8Array(await (await fetch(`assets/${file}`)).arrayBuffer());
      const { removed } = await (await fetch("v1/normalize", { method: "POST", body: bytes, headers: { "Content-Type": "text/plain; charset=utf-8" } })).json();
      const cuts = removed.map((range) => new TextDecoder().decode(bytes.subarray(range.byte_start, range.byte_end)));
      const shown = removed.map((_, cut) => [...document.querySelectorAll(`[data-cut="${cut}"]`)].map((each) => each.textContent).join(""));
      const text = document.getElementById("source").textContent === new TextDecoder().decode(bytes);
      return [shown, text ? cuts : "the text is another"];
    }, name);
    assert.deepEqual(shown, all, name);
    await page.context().close();
  }
});

await check("a selector changes the answer, and the page says how", async () => {
  const page = await open();
  await sample(page, "sample-news.html");
  await page.fill("#selector", "blockquote");
  await page.keyboard.press("Enter");
  await settled(page);
  assert.match(await page.innerText("#status"), /−\d+ characters, \+1 ranges against before/);
  assert.equal(await article(page).locator("blockquote").count(), 0);
  await page.getByRole("button", { name: "Take remove=blockquote back" }).click();
  await settled(page);
  assert.equal(await article(page).locator("blockquote").count(), 1);
  await page.fill("#selector", "p >");
  await page.keyboard.press("Enter");
  await page.waitForSelector("#problem:not([hidden])");
  assert.match(await page.innerText("#problem"), /bad_selector/);
  await page.context().close();
});

await check("the curl command gives the same answer", async () => {
  const page = await open();
  await paste(page, `${post}\n<p class="it's">It’s here</p>`);
  await page.selectOption("#selector-name", "remove");
  await page.fill("#selector", "p[class=\"it's\"]");
  await page.keyboard.press("Enter");
  await page.check("input[value=recall]", { force: true });
  await settled(page);
  await page.click("#copy-curl");
  const command = await page.evaluate(() => navigator.clipboard.readText());
  const saving = page.waitForEvent("download");
  await page.click("#save");
  const saved = await saving;
  await saved.saveAs(path.join(scratch, saved.suggestedFilename()));
  const given = execFileSync("bash", ["-c", `${command} --silent --show-error`], { cwd: scratch, encoding: "utf8" });
  await page.click("#tab-json");
  await page.click("#copy-json");
  assert.equal(given, await page.evaluate(() => navigator.clipboard.readText()));
  assert.equal(JSON.parse(given).removed.at(-1).rule, "user/remove");
  await page.context().close();
});

await check("five megabytes are shown and scroll", async () => {
  const file = path.join(scratch, "large.html");
  let body = "";
  for (let at = 0; body.length < 5_000_000; at += 1) {
    body += `<p>Paragraph ${at}: the boats come back in the morning with what the night has given them, and the market opens.</p>\n`;
    if (at % 40 === 0) body += `<ins class="adsbygoogle">Advert ${at}</ins>\n<script>var part${at} = "${"x".repeat(900)}";</script>\n`;
  }
  writeFileSync(file, `<!doctype html><html><head><title>Large</title></head><body><article><h1>Large</h1>${body}</article></body></html>`);
  const page = await open();
  const times = {};
  const timed = async (name, run) => {
    const begun = performance.now();
    await run();
    times[name] = Math.round(performance.now() - begun);
  };
  await timed("answered", async () => {
    await page.setInputFiles("#file", file);
    await page.waitForSelector("#result:not([hidden]), #problem:not([hidden])", { timeout: 60_000 });
    assert.equal(await page.isVisible("#problem"), false, await page.textContent("#problem"));
  });
  await timed("source", async () => {
    await page.click("#tab-source");
    await page.locator("#source .cut").first().waitFor();
  });
  await timed("scrolled", async () => {
    await page.evaluate(() => new Promise((resolve) => {
      const box = document.getElementById("source");
      box.scrollTop = box.scrollHeight;
      requestAnimationFrame(() => requestAnimationFrame(resolve));
    }));
  });
  await timed("stepped", () => page.click('[aria-label="Next removed range"]'));
  console.log(`     5 MB, in milliseconds: ${JSON.stringify(times)}`);
  assert.match(await page.innerText("#held-size"), /^5\.\d MB$/);
  assert.match(await page.innerText("#legend"), /the largest 200 of/);
  await page.context().close();
});

const EVIL = `<!doctype html><title>Evil</title><body onload="alert(1)"><article><h1>Evil</h1>
<p>Some words that make this an article of sorts, so that there is something to be shown in the frame at all, and more of them.</p>
<script>alert(2);fetch("http://evil.example/a")</script><img src="http://evil.example/b.png" onerror="alert(3)">
<iframe src="http://evil.example/c"></iframe><iframe srcdoc="<script>parent.alert(4)</script>"></iframe>
<svg onload="alert(5)"><script>alert(6)</script></svg><a href="javascript:alert(7)">click</a>
<form action="http://evil.example/d"><button>send</button></form><style>@import "http://evil.example/e"; p{background:url(http://evil.example/f)}</style>
<meta http-equiv="refresh" content="0;url=http://evil.example/g"><base href="http://evil.example/"><link rel="stylesheet" href="http://evil.example/h">
<video src="http://evil.example/i" autoplay></video><object data="http://evil.example/j"></object><embed src="http://evil.example/k">
<p style="background:url(http://evil.example/l)" onclick="alert(8)">More words for the article, a good many of them, all of one sentence.</p></article>`;

await check("a document that means harm does none", async () => {
  const page = await open();
  await paste(page, EVIL);
  for (const view of ["source", "facts", "json", "article"]) {
    await page.click(`#tab-${view}`);
    await page.waitForTimeout(200);
  }
  assert.deepEqual(page.strange, []);
  assert.equal(page.url(), `${service.origin}/`);
  await page.context().close();
});

await check("even what a sanitiser lets through does nothing in the frame", async () => {
  const page = await open();
  await page.route("**/v1/normalize", async (route) => {
    const answer = await route.fetch();
    const given = await answer.json();
    await route.fulfill({ response: answer, json: { ...given, content_html: EVIL, title: "<img src=x onerror=alert(9)>" } });
  });
  await paste(page, post);
  await article(page).locator("button", { hasText: "send" }).click();
  await article(page).locator("p").last().click();
  await page.waitForTimeout(1000);
  // The frame's own policy is asked before a request is made: none of these was even begun.
  assert.deepEqual(page.strange, []);
  assert.equal(page.url(), `${service.origin}/`);
  await page.context().close();
});

const RICH = `<h2>Rich</h2><p>A tenth of <span class="math inline">\\(10^6\\)</span> is enough.<sup><a href="#fn-1" id="fnref-1">1</a></sup></p>
<div class="math display">\\[\\int_0^1 f(x)\\,dx = \\frac{1}{2}\\]</div><div class="math display">\\[\\notacommand{\\]</div>
<pre><code class="language-rust">fn main() {}\n    let x = 1;</code></pre><blockquote class="callout"><p><strong>Note</strong></p><p>Mind the gap.</p></blockquote>
<details><summary>More</summary><p>Hidden at first.</p></details><table><tr><th colspan="2">Fares</th></tr><tr><td>1</td><td>2</td></tr></table>
<div style="height:1px"></div>${"<p>A paragraph that takes room.</p>".repeat(60)}
<section class="footnotes"><ol><li id="fn-1"><p>By some eighty years.</p></li></ol></section>`;

await check("formulas, code with its language, notes, callouts and details of an article", async () => {
  const page = await open();
  await page.route("**/v1/normalize", async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ response: answer, json: { ...(await answer.json()), content_html: RICH } });
  });
  await paste(page, post);
  const frame = article(page);
  await frame.locator("math mfrac").waitFor();
  assert.equal(await frame.locator("math").count(), 2);
  assert.match(await frame.locator(".math").last().innerText(), /^\\notacommand\{$/);
  const label = await frame.locator("pre").evaluate((pre) => getComputedStyle(pre, "::before").content);
  assert.equal(label, '"rust"');
  const note = frame.locator("#fn-1");
  const above = (await note.boundingBox()).y;
  await frame.locator("#fnref-1").click();
  await page.waitForTimeout(300);
  assert.ok((await note.boundingBox()).y < above - 500, "the note has not come into view");
  assert.equal(page.context().pages().length, 1);
  await frame.locator("summary").click();
  await frame.getByText("Hidden at first.").waitFor();
  assert.deepEqual(page.strange, []);
  await page.context().close();
});

await check("the keyboard is enough", async () => {
  const page = await open();
  const focus = () => page.evaluate(() => document.activeElement.id || document.activeElement.dataset.sample || document.activeElement.className);
  const tab = async (wanted) => {
    for (let at = 0; at < 60; at += 1) {
      await page.keyboard.press("Tab");
      if ((await focus()) === wanted) return;
    }
    throw new Error(`${wanted} cannot be reached`);
  };
  await tab("sample-news.html");
  await page.keyboard.press("Enter");
  await page.waitForSelector("#result:not([hidden])");
  await tab("tab-article");
  await page.keyboard.press("ArrowRight");
  assert.equal(await focus(), "tab-source");
  await tab("cut");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  assert.match(await page.innerText("#why"), /2 of \d+/);
  await tab("what-if");
  await page.keyboard.press("Enter");
  await page.locator(".what-if-answer button").waitFor();
  await page.keyboard.press("Control+Enter");
  await settled(page);
  await page.context().close();
});

await check("a problem is shown as what it is", async () => {
  const page = await open();
  await page.fill("#text", '<?xml version="1.0"?><rss version="2.0"><channel><title>x</title><item><title>y</title></item></channel></rss>');
  await page.click("#run");
  await page.waitForSelector("#problem:not([hidden])");
  assert.match(await page.innerText("#problem"), /whole feed[\s\S]*feed status 422[\s\S]*Request/i);
  assert.deepEqual(await violations(page), []);
  await page.click("#problem a");
  await page.waitForURL("**/docs/errors/feed");
  assert.match(await page.innerText("main"), /What to do/);
  await page.context().close();
});

await check("a token opens a service that asks for one", async () => {
  const tokens = path.join(scratch, "tokens");
  writeFileSync(tokens, "0123456789abcdef-token\n");
  const closed = await serve(binary, "--tokens-file", tokens);
  const page = await open({}, `${closed.origin}/`);
  await page.fill("#text", "<p>The boats come back in the morning.</p>");
  await page.click("#run");
  await page.waitForSelector("#problem:not([hidden])");
  assert.match(await page.innerText("#problem"), /unauthorized/);
  assert.equal(await page.evaluate(() => document.activeElement.id), "token");
  await page.keyboard.type("0123456789abcdef-token");
  await page.keyboard.press("Enter");
  await page.waitForSelector("#result:not([hidden])");
  assert.doesNotMatch(await page.innerText("#curl"), /0123456789abcdef/);
  await page.context().close();
  closed.stop();
});

for (const [name, options] of [
  ["by day", {}],
  ["in the dark", { colorScheme: "dark" }],
  ["on a phone", { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true }],
]) {
  await check(`everyone can read it, ${name}`, async () => {
    const page = await open(options);
    assert.deepEqual(await violations(page), []);
    for (const view of ["article", "source", "facts", "json"]) {
      await sample(page, "sample-news.html", view);
      assert.deepEqual(await violations(page), [], view);
      const [content, window] = await page.evaluate(() => [document.scrollingElement.scrollWidth, innerWidth]);
      assert.ok(content <= window, `${view} is ${content} wide in a window of ${window}`);
    }
    const light = await page.evaluate(() => Number(/\d+/.exec(getComputedStyle(document.body).backgroundColor)[0]));
    assert.equal(light < 60, name === "in the dark");
    await page.fill("#search", "harbour");
    assert.ok((await page.locator("#json mark").count()) > 2);
    for (const address of ["/docs/errors", "/docs/errors/queue_full"]) {
      await page.goto(`${service.origin}${address}`);
      assert.deepEqual(await violations(page), [], address);
    }
    await page.context().close();
  });
}

await check("the reference is drawn, and loads nothing from elsewhere", async () => {
  const page = await open({}, `${service.origin}/docs`);
  await page.getByRole("heading", { name: "One document in, one article out" }).first().waitFor();
  await page.waitForTimeout(500);
  assert.deepEqual(page.strange, []);
  await page.context().close();
});

if (words.includes("pictures")) {
  const take = async (name, options, run, clip) => {
    const page = await open(options);
    await run(page);
    await page.evaluate(() => document.activeElement?.blur());
    await page.screenshot({ path: path.join(root, "docs/pictures", `${name}.png`), clip });
    await page.context().close();
  };
  const desk = { viewport: { width: 1200, height: 620 } };
  await take("article", desk, (page) => sample(page, "sample-news.html"));
  await take("source", { viewport: { width: 1200, height: 800 } }, async (page) => {
    await sample(page, "sample-news.html", "source");
    await page.click('.cut[data-category="advertisement"]');
    await page.click(".what-if");
    await page.locator(".back").waitFor();
    // Without the document beside it: a picture that loads fast.
  }, { x: 432, y: 46, width: 768, height: 754 });
  await take("facts-dark", { ...desk, colorScheme: "dark" }, (page) => sample(page, "sample-post.md", "facts"));
  await take("phone", { viewport: { width: 390, height: 760 } }, (page) => sample(page, "sample-code.html"));
}

await chromium.close();
service.stop();
rmSync(scratch, { recursive: true });
process.exitCode = failed() ? 1 : 0;
