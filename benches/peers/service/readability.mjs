// Readability.js on linkedom behind Fastify, as its users serve it: a page in, JSON with the names of our own answer out.
//
//   node readability.mjs PORT
import { Readability } from "@mozilla/readability";
import Fastify from "fastify";
import { parseHTML } from "linkedom";

const server = Fastify({ bodyLimit: 16 << 20 });
server.removeAllContentTypeParsers();
server.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));

/** The charset that a page declares in its first bytes, as far as the platform knows it. */
function decode(bytes) {
  const declared = /charset\s*=\s*["']?\s*([\w-]+)/i.exec(bytes.latin1Slice(0, 1024))?.[1] ?? "utf-8";
  try {
    return new TextDecoder(declared).decode(bytes);
  } catch {
    return new TextDecoder().decode(bytes);
  }
}

server.post("/v1/normalize", (request) => {
  const { document } = parseHTML(decode(request.body));
  const article = new Readability(document).parse();
  return {
    title: article?.title ?? null,
    byline: article?.byline ?? null,
    site_name: article?.siteName ?? null,
    language: article?.lang ?? null,
    summary: article?.excerpt ?? null,
    date_published: article?.publishedTime ?? null,
    content_html: article?.content ?? null,
    content_text: article?.textContent ?? null,
  };
});
server.get("/livez", () => "ok");

await server.listen({ host: "127.0.0.1", port: Number(process.argv[2]) });
