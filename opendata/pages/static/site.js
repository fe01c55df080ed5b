// What a page gains where scripts run: the catalogue of a static copy filters itself, and a table
// sorts by a column. Without this file every page still says all that it has to say.
"use strict";

function fold(text) {
  return text.normalize("NFKC").toLowerCase().replace(/\s+/g, "");
}

function filterCatalogue(form) {
  const cards = [...document.querySelectorAll(".cards > li")];
  const found = document.getElementById("found");
  const fields = [...form.elements].filter((field) => field.name);
  const apply = () => {
    let count = 0;
    for (const card of cards) {
      const fits = fields.every((field) => {
        if (!field.value) return true;
        if (field.name === "q") return fold(card.dataset.text).includes(fold(field.value));
        return card.dataset[field.name].split("|").includes(field.value);
      });
      card.hidden = !fits;
      count += fits;
    }
    found.textContent =
      count === 1 ? found.dataset.one : found.dataset.many.replace("{n}", String(count));
    const asked = new URLSearchParams(fields.filter((f) => f.value).map((f) => [f.name, f.value]));
    history.replaceState(null, "", `${location.pathname}${asked.size ? `?${asked}` : ""}`);
  };
  const asked = new URLSearchParams(location.search);
  for (const field of fields) field.value = asked.get(field.name) ?? "";
  form.addEventListener("input", apply);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    apply();
  });
  form.hidden = false;
  if (asked.size) apply();
}

// Numbers as numbers, everything else as text, empty cells last either way.
function sortable(table) {
  const heads = [...table.tHead.rows[0].cells];
  const body = table.tBodies[0];
  const value = (row, place) => row.cells[place].textContent.trim();
  heads.forEach((head, place) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    button.title = table.dataset.up;
    head.append(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      button.title = down ? table.dataset.up : table.dataset.down;
      const numeric = head.classList.contains("n");
      const number = (text) => Number(text.replaceAll(",", ""));
      const rows = [...body.rows].map((row) => [value(row, place), row]);
      rows.sort(([a], [b]) => {
        if (a === "–" || b === "–") return (a === "–") - (b === "–");
        const order = numeric ? number(a) - number(b) : a.localeCompare(b, "zh");
        return down ? -order : order;
      });
      body.append(...rows.map(([, row]) => row));
    });
  });
}

for (const table of document.querySelectorAll("table[data-sort]")) sortable(table);
for (const form of document.querySelectorAll("form[data-filter]")) filterCatalogue(form);
