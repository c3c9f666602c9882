// Elements made in one line. Text goes in as text: no string here ever becomes markup.

/** A new element: attributes by name, listeners by function, children as nodes or text. */
export function el(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") element.addEventListener(key, value);
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

export const byId = (id) => document.getElementById(id);

const NUMBER = new Intl.NumberFormat("en");

/** 12,345 */
export const count = (number) => NUMBER.format(number);

/** 12,345 rules, 1 rule */
export const plural = (number, word) => `${count(number)} ${word}${number === 1 ? "" : "s"}`;

/** 4.7 MB, as people read sizes. */
export function size(bytes) {
  if (bytes < 1000) return plural(bytes, "byte");
  const kilo = bytes / 1000;
  return kilo < 1000 ? `${kilo.toFixed(kilo < 10 ? 1 : 0)} kB` : `${(kilo / 1000).toFixed(1)} MB`;
}
