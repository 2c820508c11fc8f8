"use strict";
// What all pages share. Text enters a page as text only: nothing here or elsewhere writes HTML.

const cgbench = {};

// An element with attributes and children; strings become text.
cgbench.make = (tag, attributes = {}, ...children) => {
  const svg = ["svg", "g", "path", "line", "text", "title", "rect"].includes(tag);
  const made = svg ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "on") Object.entries(value).forEach(([event, action]) => made.addEventListener(event, action));
    else if (name === "color") made.style.setProperty("--color", value === "#000000" ? "var(--ink)" : value);
    else if (value !== null && value !== undefined && value !== false) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children);
  return made;
};

// Three to four digits, which is what intervals support.
cgbench.number = (value, digits = 3) => {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  const size = Math.abs(value);
  if (size === 0) return (0).toFixed(digits);
  return size >= 1000 ? Math.round(value).toString() : size >= 100 ? value.toFixed(1) : value.toFixed(digits);
};

// The choices of a form are kept in the address, so that a view can be linked to.
cgbench.restore = (form) => {
  for (const [name, value] of new URLSearchParams(location.hash.slice(1))) {
    const control = form.elements[name];
    if (!control) continue;
    if (control.type === "checkbox") control.checked = value === "yes";
    else if (control.tagName !== "SELECT" || [...control.options].some((option) => option.value === value))
      control.value = value;
  }
};

cgbench.store = (form, names, shared = {}) => {
  const kept = new URLSearchParams(), before = new URLSearchParams(location.hash.slice(1));
  for (const name of SHARED) if (!form.elements[name] && !(name in shared) && before.has(name)) kept.set(name, before.get(name));
  for (const name of names) {
    const control = form.elements[name];
    if (!control) continue;
    if (control.type === "checkbox") {
      if (control.checked !== control.defaultChecked) kept.set(name, control.checked ? "yes" : "no");
    } else if (control.value && control.value !== (control.querySelector("option[selected]") ?? control.options?.[0])?.value) kept.set(name, control.value);
  }
  history.replaceState(null, "", kept.size ? `#${kept}` : location.pathname + location.search);
  cgbench.carry(new URLSearchParams([...kept, ...Object.entries(shared)]));
};

// Links to other pages take along the choices that pages share; a link's own choices come first.
const SHARED = ["metric", "dataset", "mapping", "beads"];
cgbench.carry = (choices) => {
  for (const link of document.querySelectorAll('a[href*=".html"]:not([aria-current], [href*="/"])')) {
    link.dataset.own ??= link.getAttribute("href");
    const [page, own] = link.dataset.own.split("#");
    if (own && !own.includes("=")) continue;
    const all = new URLSearchParams(own);
    for (const name of SHARED) if (choices.has(name) && !all.has(name) && !(all.has("task") && name !== "metric")) all.set(name, choices.get(name));
    link.setAttribute("href", all.size ? `${page}#${all}` : page);
  }
};
document.addEventListener("DOMContentLoaded", () => cgbench.carry(new URLSearchParams(location.hash.slice(1))));

// Light or dark as the system has it, until the reader chooses.
{
  const root = document.documentElement;
  const stored = () => { try { return localStorage.getItem("theme"); } catch { return null; } };
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const apply = () => {
    root.dataset.theme = stored() || (dark.matches ? "dark" : "light");
    document.dispatchEvent(new Event("theme"));
  };
  apply();
  dark.addEventListener("change", apply);
  document.addEventListener("DOMContentLoaded", () => {
    document.getElementById("theme").addEventListener("click", () => {
      try { localStorage.setItem("theme", root.dataset.theme === "dark" ? "light" : "dark"); } catch { return; }
      apply();
    });
  });
}
