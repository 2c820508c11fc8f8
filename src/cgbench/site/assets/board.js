"use strict";
// The leaderboard: filters, chart, table and the answer in a sentence.

(() => {
  const { make, number, readable, board } = cgbench;
  const form = document.getElementById("filters"), table = document.getElementById("board");
  const answer = document.getElementById("answer"), highlight = form.getAttribute("data-highlight");
  const metrics = new Map(board.metrics.map((metric) => [metric.key, metric]));
  const NAMES = ["metric", "dataset", "mapping", "beads", "samples", "training", "test_molecules", "method", "controls"];
  // Values on method cards, in words.
  const WORDS = { task: "on the task", included: "yes", possible: "maybe", excluded: "never" };
  const HEADS = { training: "training", test_molecules: "saw the molecule" };
  const hidden = new Set();
  let sorted = null; // {key, down}, or null for tasks in order and the best first

  const value = (name) => form.elements[name]?.value ?? "";
  const of = (row) => board.methods[row.method];
  const score = (row, key) => board.scores[key]?.[row.place] ?? null;
  const loss = (entry, key) => (entry === null ? Infinity : { lower: entry[0], higher: -entry[0], zero: Math.abs(entry[0]) }[metrics.get(key).better] ?? entry[0]);
  const task = (row) => `${row.dataset}, ${row.mapping}, ${row.n_beads} beads`;
  const unit = (metric) => (metric.unit === "1" ? "" : ` ${metric.unit}`);
  board.rows.forEach((row, place) => { row.place = place; });

  function fill(name, values) {
    const control = form.elements[name];
    if (!control) return;
    control.append(...values.map((item) => make("option", { value: item }, WORDS[item] ?? String(item))));
    control.closest("label").hidden = !values.length;
  }

  // Rows that the filters leave; the chart ignores the number of beads.
  function rows(beads = true) {
    const typed = value("method").toLowerCase();
    return board.rows.filter((row) => {
      const method = of(row), control = method.bound !== "";
      if (control && !form.elements.controls.checked && row.method !== highlight) return false;
      if (value("dataset") && row.dataset !== value("dataset")) return false;
      if (value("mapping") && row.mapping !== value("mapping")) return false;
      if (beads && value("beads") && String(row.n_beads) !== value("beads")) return false;
      if (["samples", "training", "test_molecules"].some((name) => value(name) && method[name] !== value(name))) return false;
      return row.method.toLowerCase().includes(typed) || readable(row.method).toLowerCase().includes(typed);
    });
  }

  const details = (row, key) => {
    const [mean, low, high, , p, folds, blocks] = score(row, key);
    const metric = metrics.get(key);
    return [
      `${readable(row.method)}, ${row.n_beads} beads`,
      `${number(mean, 4)}${unit(metric)}` + (low === null ? "" : ` (95 % interval ${number(low, 4)} to ${number(high, 4)})`),
      `n = ${folds} folds, ${blocks} blocks, ${row.frames} test frames` + (p === null ? "" : `; p against the best ${number(p)}`),
    ];
  };

  // ---- chart
  const tip = make("div", { class: "tip", role: "status", hidden: true });
  document.body.append(tip);
  function tell(lines, event) {
    tip.hidden = !lines;
    if (!lines) return;
    tip.replaceChildren(...lines.map((line, place) => make(place ? "span" : "strong", {}, line)));
    const left = Math.min(event.pageX + 14, document.documentElement.scrollWidth - tip.offsetWidth - 8);
    tip.style.left = `${Math.max(8, left)}px`;
    tip.style.top = `${event.pageY + 14}px`;
  }

  function drawChart(key) {
    const metric = metrics.get(key), all = rows(false);
    const panels = [...new Set(all.map((row) => `${row.dataset}, ${row.mapping}`))];
    const names = Object.keys(board.methods).filter((name) => all.some((row) => row.method === name));
    const axes = new Set();
    document.getElementById("chart").replaceChildren(...panels.map((title) => {
      const lines = names.filter((name) => !hidden.has(name)).map((name) => {
        const found = all.filter((row) => row.method === name && `${row.dataset}, ${row.mapping}` === title && score(row, key));
        const points = found.map((row) => {
          const [y, low, high] = score(row, key);
          return { x: row.n_beads, y, low, high, text: details(row, key) };
        });
        const { color, marker, dash } = board.methods[name];
        return { name, color, marker, dash, points: points.sort((a, b) => a.x - b.x) };
      });
      if (highlight) lines.sort((a, b) => (a.name === highlight) - (b.name === highlight));
      const floor = board.floors[all.find((row) => title === `${row.dataset}, ${row.mapping}`).dataset]?.[key];
      const svg = cgbench.chart.draw({ title, unit: metric.unit, lines, floor, muted: highlight, tell });
      if (svg.dataset.axis) axes.add(svg.dataset.axis);
      return svg;
    }));
    document.getElementById("legend").replaceChildren(...names.map((name) => {
      const { color, marker } = board.methods[name];
      const icon = make("svg", { viewBox: "0 0 16 16", "aria-hidden": "true" }, make("path", { d: cgbench.chart.marker(marker, 8, 8, 6), class: "spot" }));
      const act = { click: () => { if (!hidden.delete(name)) hidden.add(name); drawChart(key); } };
      for (const [event, on] of [["pointerenter", true], ["pointerleave", false]])
        act[event] = () => document.querySelectorAll("#chart .line").forEach((line) => line.classList.toggle("raised", on && line.dataset.method === name));
      return make("button", { type: "button", color, "aria-pressed": String(!hidden.has(name)), on: act }, icon, readable(name));
    }));
    const better = { lower: "lower is better", higher: "higher is better", zero: "0 is ideal" }[metric.better] ?? "";
    const floors = panels.length && Object.values(board.floors).some((floor) => floor[key]) ? " Grey: noise floor, MD against MD." : "";
    document.getElementById("caption").textContent =
      `${metric.label} (${metric.unit}), ${better}. Means over ${board.folds} folds with 95 % intervals, ${[...axes].join(", ")}.${floors} Touch a point for its value and n; click a name to hide it.`;
  }

  // ---- table
  function columns(key) {
    const scores = [key, ...board.columns.filter((other) => other !== key)];
    const cards = ["training", "test_molecules"].filter((name) => form.elements[name]?.options.length > 1);
    return [
      { key: "dataset", head: "dataset", text: (row) => row.dataset, sort: (row) => row.dataset },
      { key: "mapping", head: "mapping", text: (row) => row.mapping, sort: (row) => row.mapping },
      { key: "beads", head: "beads", number: true, text: (row) => String(row.n_beads), sort: (row) => row.n_beads },
      { key: "method", head: "method", sort: (row) => row.method },
      ...cards.map((name) => ({ key: name, head: HEADS[name], text: (row) => WORDS[of(row)[name]] ?? of(row)[name] ?? "–", sort: (row) => of(row)[name] ?? "" })),
      ...scores.map((name) => ({ key: name, metric: metrics.get(name), number: true, sort: (row) => loss(score(row, name), name) })),
      { key: "train", head: "training (min)", number: true, text: (row) => number(row.train, 2), sort: (row) => row.train ?? Infinity },
      { key: "sample", head: "samples (ms)", number: true, text: (row) => number(row.sample, 2), sort: (row) => row.sample ?? Infinity },
    ].filter((column) => !["dataset", "mapping"].includes(column.key) || new Set(board.rows.map((row) => row[column.key])).size > 1);
  }

  function scoreCell(row, { key, metric }) {
    const entry = score(row, key);
    if (!entry) return make("td", { class: "number" }, "–");
    const [mean, , high, mark] = entry;
    const text = number(mean) + (high === null ? "" : ` ± ${number(high - mean)}`);
    const cell = make("td", { class: `number ${mark}`, "data-key": key, "data-value": mean, title: details(row, key).slice(1).join("\n") }, text);
    const word = { tied: " ≈", undecided: " ?" }[mark];
    if (word) cell.append(make("span", { "aria-label": mark }, word));
    if (mark === "best") cell.append(make("span", { class: "hear" }, " best"));
    return cell;
  }

  function methodCell(row) {
    const { page, bound, color, marker } = of(row);
    const icon = make("svg", { viewBox: "0 0 16 16", color, "aria-hidden": "true" }, make("path", { d: cgbench.chart.marker(marker, 8, 8, 6), class: "spot" }));
    const name = { ceiling: "↑ ", floor: "↓ " }[bound] ?? "";
    return make("th", { scope: "row", class: "method" }, icon, name, page ? make("a", { href: page }, row.method) : row.method);
  }

  function drawTable(key) {
    const shown = rows().filter((row) => !highlight || row.method === highlight), all = columns(key);
    const order = (row) => board.rows.findIndex((other) => task(other) === task(row));
    const by = sorted && all.find((column) => column.key === sorted.key);
    const compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
    if (by) shown.sort((a, b) => compare(by.sort(a), by.sort(b)) * (sorted.down ? -1 : 1));
    else shown.sort((a, b) => order(a) - order(b) || compare(loss(score(a, key), key), loss(score(b, key), key)));
    table.tHead.replaceChildren(make("tr", {}, ...all.map((column) => {
      const state = sorted?.key === column.key ? (sorted.down ? "descending" : "ascending") : "none";
      const act = { click: () => { sorted = state === "ascending" ? { key: column.key, down: true } : state === "descending" ? null : { key: column.key, down: false }; drawTable(key); table.querySelector(`[data-column="${column.key}"]`)?.focus(); } };
      const head = column.metric ? `${column.metric.label}${column.metric.unit === "1" ? "" : ` (${column.metric.unit})`}` : column.head;
      return make("th", { scope: "col", "aria-sort": state, class: column.number ? "number" : null }, make("button", { type: "button", "data-column": column.key, on: act }, head));
    })));
    let last = "";
    table.tBodies[0].replaceChildren(...shown.map((row) => {
      const cells = all.map((column) => column.key === "method" ? methodCell(row) : column.metric ? scoreCell(row, column) : make("td", { class: column.number ? "number" : null }, column.text(row)));
      const first = !by && task(row) !== last;
      last = task(row);
      return make("tr", { class: `${of(row).bound ? "control" : ""}${first ? " first" : ""}`, "data-method": row.method }, ...cells);
    }));
    const count = document.getElementById("count");
    if (count) count.textContent = `${shown.length} of ${board.rows.length} rows`;
    return shown;
  }

  // ---- the answer in a sentence, where one task is left
  function say(key, shown) {
    if (!answer) return;
    const metric = metrics.get(key), ranked = shown.filter((row) => of(row).bound === "" && score(row, key));
    const tasks = new Set(ranked.map(task));
    if (tasks.size !== 1) {
      answer.textContent = tasks.size ? "Choose a dataset and a number of beads to see which method is best there, and by how much." : "No method fits these choices.";
      return;
    }
    ranked.sort((a, b) => loss(score(a, key), key) - loss(score(b, key), key));
    const [first, second] = ranked, tied = ranked.slice(1).filter((row) => score(row, key)[3] === "tied");
    const lead = second && Math.abs(loss(score(second, key), key) - loss(score(first, key), key));
    const p = second && score(second, key)[4];
    answer.replaceChildren(
      `${metric.label} on ${task(first)}: best is `, make("strong", {}, first.method), ` with ${number(score(first, key)[0])}${unit(metric)}`,
      second ? `, ${number(lead)}${unit(metric)} ahead of ${second.method}${p === null ? "" : ` (p = ${number(p)})`}.` : ".",
      tied.length ? ` Tied with it: ${tied.map((row) => row.method).join(", ")}.` : "");
  }

  function update() {
    const key = value("metric");
    drawChart(key);
    say(key, drawTable(key));
    cgbench.store(form, NAMES);
  }

  form.elements.metric.append(...board.metrics.map((metric) => make("option", { value: metric.key }, metric.label)));
  for (const [name, key] of [["dataset", "dataset"], ["mapping", "mapping"], ["beads", "n_beads"]])
    fill(name, [...new Set(board.rows.map((row) => row[key]))].sort((a, b) => (key === "n_beads" ? a - b : 0)));
  for (const name of ["training", "test_molecules"])
    fill(name, [...new Set(Object.values(board.methods).map((method) => method[name]).filter(Boolean))]);
  if (!board.rows.length) {
    if (answer) answer.textContent = "No run has scores yet.";
    document.getElementById("save").disabled = true;
    return;
  }
  document.getElementById("save").addEventListener("click", () => document.querySelectorAll("#chart svg").forEach((svg) =>
    make("a", { href: cgbench.chart.file(svg), download: `${value("metric")}-${svg.dataset.title}.svg`.replaceAll(", ", "-") }).click()));
  cgbench.restore(form);
  form.addEventListener("change", update);
  form.elements.method?.addEventListener("input", update);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(() => { hidden.clear(); sorted = null; update(); }));
  update();
})();
