// A batch by Node's own fetch, both ways as streams: `node node.mjs http://localhost:8080 < documents.ndjson`
// Each line is printed as it comes; the last one has the totals, and without it the answer is not whole.
import { createInterface } from "node:readline";
import { Readable } from "node:stream";

const service = process.argv[2] ?? "http://localhost:8080";

const answer = await fetch(`${service}/v1/batch?fields=id,title,content_text`, {
  method: "POST",
  body: Readable.toWeb(process.stdin),
  duplex: "half", // what fetch calls a body that is sent while it is made
});
if (!answer.ok) {
  const problem = await answer.json();
  throw new Error(`${problem.code}: ${problem.detail}`);
}

let totals = null;
for await (const line of createInterface({ input: Readable.fromWeb(answer.body) })) {
  const { index, id, status, article, problem, totals: last } = JSON.parse(line);
  if (last) {
    totals = last;
    if (problem) throw new Error(`the batch ended early: ${problem.code}: ${problem.detail}`);
  } else {
    console.log(index, id, status, article ? article.content_text.trim() : problem.code);
  }
}
if (!totals) throw new Error("the answer broke off");
console.log(`${totals.ok} of ${totals.documents} were articles`);
