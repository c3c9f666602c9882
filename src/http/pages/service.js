// All that is said to the service. There is no other address here: documents go to where this page came from.

/** An answer that is no article: the problem as the service told it. */
export class Problem extends Error {
  constructor(problem) {
    super(problem.detail);
    this.problem = problem;
  }
}

/** The options as a query, in the order of the page. */
export function query(options) {
  const pairs = new URLSearchParams();
  if (options.url) pairs.append("url", options.url);
  if (options.mode !== "balanced") pairs.append("mode", options.mode);
  for (const { name, value } of options.selectors) pairs.append(name, value);
  const text = pairs.toString();
  return text && `?${text}`;
}

/**
 * Sends a document and gives what came back: the article, its JSON as it was written, and how long the service took.
 * `told` hears how much of the document is on its way, from 0 to 1.
 */
export function normalize(source, options, { token, told, signal } = {}) {
  return new Promise((resolve, reject) => {
    // fetch() tells nothing of an upload's progress.
    const request = new XMLHttpRequest();
    request.open("POST", `v1/normalize${query(options)}`);
    request.setRequestHeader("Accept", "application/json");
    if (source.type) request.setRequestHeader("Content-Type", source.type);
    if (token) request.setRequestHeader("Authorization", `Bearer ${token}`);
    request.upload.onprogress = (event) => event.lengthComputable && told?.(event.loaded / event.total);
    request.onload = () => {
      if (request.status !== 200) {
        reject(new Problem(problem(request)));
        return;
      }
      resolve({ article: JSON.parse(request.responseText), json: request.responseText, time: total(request) });
    };
    request.onerror = () => reject(new Problem(unreachable()));
    request.onabort = () => reject(new DOMException("given up", "AbortError"));
    signal?.addEventListener("abort", () => request.abort());
    // A blob without a type: a buffer with one would be given a Content-Type of the browser's own.
    request.send(new Blob([source.bytes]));
  });
}

function problem(request) {
  try {
    const told = JSON.parse(request.responseText);
    if (told.code && told.title) return told;
  } catch {
    // Not ours: something between this page and the service has answered.
  }
  return {
    title: `Status ${request.status}`,
    status: request.status,
    detail: "This answer is not the service's own; a proxy in between may have given it.",
  };
}

const unreachable = () => ({
  title: "No answer",
  status: 0,
  detail: "The service cannot be reached. It may have been stopped, or the connection may have gone.",
});

/** The milliseconds that the service itself took. */
function total(request) {
  const told = /(?:^|,\s*)total;dur=([\d.]+)/.exec(request.getResponseHeader("Server-Timing") ?? "");
  return told ? Number(told[1]) : null;
}

/** The rules in force, by their ids. */
export async function rules(token) {
  const headers = token ? { Authorization: `Bearer ${token}` } : {};
  const answer = await fetch("v1/rules", { headers });
  if (!answer.ok) throw new Problem(await answer.json());
  return new Map((await answer.json()).rules.map((rule) => [rule.id, rule]));
}

/** What runs here. */
export async function version() {
  const answer = await fetch("version");
  return answer.ok ? answer.json() : null;
}

/** The same request for a shell. The token stays out of it: commands end up in histories and chats. */
export function curl(source, options, hasToken) {
  const words = ["curl"];
  if (hasToken) words.push('-H "Authorization: Bearer $COPYDESK_TOKEN"');
  if (source.type) words.push(`-H ${quoted(`Content-Type: ${source.type}`)}`);
  words.push(`--data-binary ${quoted(`@${source.name}`)}`);
  words.push(quoted(new URL(`v1/normalize${query(options)}`, document.baseURI).href));
  return words.join(" \\\n  ");
}

/** One word of a POSIX shell, whatever is in it. */
export function quoted(text) {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
