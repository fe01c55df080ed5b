// The query page: an editor, examples, the answer as a table. Every text of an answer becomes a text
// node, so whatever a literal or an IRI holds stays a text; only http(s) addresses become links.
"use strict";

(() => {
  const SHOWN = 1000;
  const form = document.getElementById("query-form");
  const area = document.getElementById("query");
  const [status, failure, answer, permalink] = ["status", "failure", "answer", "permalink"].map(
    (id) => document.getElementById(id),
  );
  const editor = CodeMirror.fromTextArea(area, {
    mode: "application/sparql-query",
    lineNumbers: true,
    lineWrapping: true,
    matchBrackets: true,
    inputStyle: "contenteditable",
    screenReaderLabel: document.getElementById("query-label").textContent,
    // Tab leaves the editor: a keyboard must not be caught in it.
    extraKeys: { Tab: false, "Shift-Tab": false, "Ctrl-Enter": run, "Cmd-Enter": run },
  });
  const field = editor.getInputField();
  field.setAttribute("aria-multiline", "true");
  field.setAttribute("role", "textbox");

  const examples = document.getElementById("example");
  examples.disabled = false;
  examples.addEventListener("change", () => {
    if (examples.value) editor.setValue(examples.value);
  });
  const save = document.getElementById("save");
  save.hidden = false;
  let saving = false;
  save.addEventListener("click", () => {
    saving = true;
  });
  form.addEventListener("submit", (event) => {
    editor.save();
    if (saving) saving = false;
    else {
      event.preventDefault();
      run();
    }
  });

  function element(name, content, attributes = {}) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...[content].flat());
    return made;
  }

  function shown(term) {
    if (!term) return "";
    if (term.type === "uri" && /^https?:\/\//.test(term.value)) {
      const address = `${form.dataset.resource}?${new URLSearchParams({ iri: term.value })}`;
      return element("a", term.value, { href: address });
    }
    const language = term["xml:lang"];
    return language ? element("span", term.value, { lang: language }) : term.value;
  }

  function table({ head, results }) {
    const numeric = (name) =>
      results.bindings.some((row) => /#(decimal|integer|double)$/.test(row[name]?.datatype ?? ""));
    const kinds = head.vars.map((name) => (numeric(name) ? { class: "n" } : {}));
    const heads = head.vars.map((name, n) => element("th", name, { scope: "col", ...kinds[n] }));
    const rows = results.bindings.slice(0, SHOWN).map((row) =>
      element("tr", head.vars.map((name, n) => element("td", shown(row[name]), kinds[n]))),
    );
    return element("table", [
      element("thead", element("tr", heads)),
      element("tbody", rows),
    ], { class: "data" });
  }

  async function run() {
    editor.save();
    const query = editor.getValue();
    answer.hidden = true;
    answer.replaceChildren();
    failure.textContent = "";
    status.textContent = form.dataset.running;
    const link = `${location.pathname}?${new URLSearchParams({ query })}`;
    permalink.href = link;
    permalink.hidden = false;
    history.replaceState(null, "", link);
    const begun = performance.now();
    try {
      const response = await fetch(form.action, {
        method: "POST",
        body: new URLSearchParams({ query }),
        headers: { Accept: "application/sparql-results+json, text/turtle;q=0.5" },
      });
      const text = await response.text();
      if (!response.ok) throw new Error(text.slice(0, 4000) || String(response.status));
      const ms = String(Math.round(performance.now() - begun));
      const type = response.headers.get("Content-Type") ?? "";
      if (type.includes("json")) show(JSON.parse(text), ms);
      else {
        answer.append(element("pre", element("code", text.slice(0, 200000))));
        status.textContent = "";
      }
      answer.hidden = answer.childNodes.length === 0;
    } catch (error) {
      status.textContent = "";
      failure.textContent = `${form.dataset.failed} ${error.message}`;
    }
  }

  function show(found, ms) {
    if ("boolean" in found) {
      status.textContent = found.boolean ? form.dataset.yes : form.dataset.no;
      return;
    }
    const count = found.results.bindings.length;
    answer.append(table(found));
    status.textContent = form.dataset.rows.replace("{n}", String(count)).replace("{ms}", ms);
    if (count > SHOWN) status.textContent += ` ${form.dataset.more.replace("{n}", String(SHOWN))}`;
  }

  if (new URLSearchParams(location.search).has("query")) run();
})();
