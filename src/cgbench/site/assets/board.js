"use strict";
// The leaderboard: filters, chart, table and the answer in a sentence.

(() => {
  const { make, number, board } = cgbench;
  const form = document.getElementById("filters"), table = document.getElementById("board");
  const answer = document.getElementById("answer"), highlight = form.getAttribute("data-highlight");
  const metrics = new Map(board.metrics.map((metric) => [metric.key, metric]));
  const NAMES = ["metric", "dataset", "mapping", "beads", "samples", "training", "test_molecules", "method", "controls"];
  const words = (name, item) => board.values[name]?.[item] ?? item; // of a value on a method card
  const CHOSEN = new Set(["dataset", "mapping", "beads", ...Object.keys(board.heads)]); // columns that are left out where all rows are equal
  const hidden = new Set();
  let sorted = null; // {key, down}, or null for tasks in order and the best first

  const value = (name) => form.elements[name]?.value ?? "";
  const of = (row) => board.methods[row.method];
  const score = (row, key) => board.scores[key]?.[row.place] ?? null;
  const loss = (entry, key) => (entry === null ? Infinity : { lower: entry[0], higher: -entry[0], zero: Math.abs(entry[0]) }[metrics.get(key).better] ?? entry[0]);
  const task = (row) => `${row.dataset}, ${row.mapping}, ${row.n_beads} beads`;
  const dimension = (metric) => (metric.unit === "1" ? "dimensionless" : metric.unit);
  const unit = (metric) => (metric.unit === "1" ? "" : ` ${metric.unit}`);
  board.rows.forEach((row, place) => { row.place = place; });

  function fill(name, values) {
    const control = form.elements[name];
    if (!control) return;
    control.append(...values.map((item) => make("option", { value: item }, String(words(name, item)))));
    control.closest("label").hidden = !values.length;
  }

  // Rows that the filters leave, but those in `ignored`.
  function rows(...ignored) {
    const value = (name) => (ignored.includes(name) ? "" : form.elements[name]?.value ?? "");
    const typed = value("method").toLowerCase();
    return board.rows.filter((row) => {
      const method = of(row), control = method.bound !== "";
      if (control && !form.elements.controls.checked && row.method !== highlight) return false;
      if (value("dataset") && row.dataset !== value("dataset")) return false;
      if (value("mapping") && row.mapping !== value("mapping")) return false;
      if (value("beads") && String(row.n_beads) !== value("beads")) return false;
      if (["samples", "training", "test_molecules"].some((name) => value(name) && method[name] !== value(name))) return false;
      return row.method.toLowerCase().includes(typed) || row.method.toLowerCase().replaceAll("_", " ").includes(typed);
    });
  }

  const details = (row, key) => {
    const [mean, low, high, , p, folds, blocks] = score(row, key);
    const metric = metrics.get(key);
    return [
      `${row.method}, ${row.n_beads} beads`,
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
    const metric = metrics.get(key), all = rows("beads");
    const panels = [...new Set(all.map((row) => `${row.dataset}, ${row.mapping}`))];
    const names = Object.keys(board.methods).filter((name) => all.some((row) => row.method === name));
    const axes = new Map();
    let cut = false;
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
      const svg = cgbench.chart.draw({ title, unit: dimension(metric), lines, floor, muted: highlight, chosen: value("beads"), tell });
      if (svg.dataset.axis) axes.set(title, svg.dataset.axis);
      cut ||= Boolean(svg.dataset.cut);
      return svg;
    }));
    document.getElementById("legend").replaceChildren(...names.map((name) => {
      const { color, marker } = board.methods[name];
      const icon = make("svg", { viewBox: "0 0 16 16", "aria-hidden": "true" }, make("path", { d: cgbench.chart.marker(marker, 8, 8, 6), class: "spot" }));
      const act = { click: () => { if (!hidden.delete(name)) hidden.add(name); drawChart(key); } };
      for (const [event, on] of [["pointerenter", true], ["pointerleave", false]])
        act[event] = () => document.querySelectorAll("#chart .line").forEach((line) => line.classList.toggle("raised", on && line.dataset.method === name));
      return make("button", { type: "button", color, "aria-pressed": String(!hidden.has(name)), on: act }, icon, name);
    }));
    const better = { lower: "lower is better", higher: "higher is better", zero: "0 is ideal" }[metric.better] ?? "";
    const floors = panels.length && Object.values(board.floors).some((floor) => floor[key]) ? " Grey: noise floor, MD against MD." : "";
    const kinds = new Set(axes.values());
    const axis = kinds.size === 1 ? [...kinds][0] : [...axes].map(([title, kind]) => `${title}: ${kind}`).join("; ");
    const arrows = cut ? " An arrow: the interval reaches beyond the axis." : "";
    document.getElementById("save").hidden = !axes.size;
    document.getElementById("caption").textContent = !axes.size ? "" :
      `${metric.label} (${dimension(metric)}), ${better}. Means over ${board.folds} folds with 95 % intervals (${axis}). Methods are side by side at each number of beads.${arrows}${floors} Touch a point for its value and n; click a name to hide it.`;
  }

  // ---- table
  function columns(key, shown) {
    const scores = [key, ...board.columns.filter((other) => other !== key)];
    const cards = ["training", "test_molecules"].filter((name) => form.elements[name]?.options.length > 1);
    return [
      { key: "dataset", head: "dataset", text: (row) => row.dataset, sort: (row) => row.dataset },
      { key: "mapping", head: "mapping", text: (row) => row.mapping, sort: (row) => row.mapping },
      { key: "beads", head: "beads", number: true, text: (row) => String(row.n_beads), sort: (row) => row.n_beads },
      { key: "method", head: "method", sort: (row) => row.method },
      ...cards.map((name) => ({ key: name, head: board.heads[name], text: (row) => words(name, of(row)[name]) ?? "–", sort: (row) => of(row)[name] ?? "" })),
      ...scores.map((name) => ({ key: name, metric: metrics.get(name), number: true, sort: (row) => loss(score(row, name), name) })),
      { key: "train", head: "training (min)", number: true, text: (row) => number(row.train, 2), sort: (row) => row.train ?? Infinity },
      { key: "sample", head: "samples (ms)", number: true, text: (row) => number(row.sample, 2), sort: (row) => row.sample ?? Infinity },
    ].filter((column) => column.key === "method" ? !highlight : !CHOSEN.has(column.key) || new Set(shown.map(column.text)).size > 1);
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

  function methodCell(row, single) {
    const { page, bound, color, marker } = of(row);
    const icon = make("svg", { viewBox: "0 0 16 16", color, "aria-hidden": "true" }, make("path", { d: cgbench.chart.marker(marker, 8, 8, 6), class: "spot" }));
    const name = { ceiling: "↑ ", floor: "↓ " }[bound] ?? "";
    return make("th", { scope: "row", class: "method" }, icon, name, page ? make("a", { href: page }, row.method) : row.method, ...(single ? [" ", worst(row)] : []));
  }

  function worst(row) {
    const choices = new URLSearchParams({ dataset: row.dataset, mapping: row.mapping, beads: row.n_beads, method: row.method, frame: "worst" });
    return make("a", { class: "aside", href: `structures.html#${choices}`, "aria-label": `Worst sample of ${row.method} in 3-D` }, "worst sample");
  }

  function drawTable(key) {
    const shown = rows().filter((row) => !highlight || row.method === highlight), all = columns(key, shown);
    const single = new Set(shown.map(task)).size === 1;
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
      const cells = all.map((column) => column.key === "method" ? methodCell(row, single) : column.metric ? scoreCell(row, column) : make("td", { class: column.number ? "number" : null }, column.text(row)));
      const first = !by && task(row) !== last;
      last = task(row);
      return make("tr", { class: `${of(row).bound ? "control" : ""}${first ? " first" : ""}`, "data-method": row.method }, ...cells);
    }));
    const count = document.getElementById("count");
    if (count) count.textContent = `${shown.length} of ${board.rows.length} rows${single ? `: ${task(shown[0])}` : ""}`;
    return shown;
  }

  // ---- the answer in a sentence, where one task is left
  function none(key, shown) {
    if (shown.length) return shown.some((row) => of(row).bound === "") ? `No method has a score here: ${metrics.get(key).label}.` : "The upper and the lower control have no rank.";
    const there = rows("samples", "training", "test_molecules", "method");
    if (value("test_molecules") === "excluded" && there.every((row) => of(row).test_molecules === "included"))
      return "All methods here were trained on the molecule; none is zero-shot.";
    const names = { dataset: "dataset", mapping: "mapping", beads: "beads", samples: "samples", training: "training", test_molecules: "saw the molecule", method: "method" };
    const without = Object.keys(names).filter((name) => value(name) && rows(name).length).map((name) => names[name]);
    return `No method fits these choices.${without.length ? ` Some do without the choice of ${without.join(", or of ")}.` : ""}`;
  }

  function say(key, shown) {
    if (!answer) return;
    const metric = metrics.get(key), ranked = shown.filter((row) => of(row).bound === "" && score(row, key));
    const tasks = new Set(ranked.map(task));
    if (tasks.size !== 1) {
      answer.textContent = tasks.size ? "Choose a dataset and a number of beads to see which method is best there, and by how much." : none(key, shown);
      return;
    }
    ranked.sort((a, b) => loss(score(a, key), key) - loss(score(b, key), key));
    const [first, second] = ranked, mark = (row) => score(row, key)[3], names = (list) => list.map((row) => row.method).join(", ");
    const others = ranked.slice(1), tied = others.filter((row) => ["best", "tied"].includes(mark(row)));
    const worse = others.filter((row) => mark(row) === "worse"), unclear = others.filter((row) => mark(row) === "undecided");
    const text = (row, digits = 3) => {
      const [mean, , high] = score(row, key);
      return `${number(mean, digits)}${high === null ? "" : ` ± ${number(high - mean, digits)}`}${unit(metric)}`;
    };
    const said = [`${metric.label}, on ${task(first)}: `];
    const name = make("strong", {}, first.method), top = { higher: "highest", zero: "best" }[metric.better] ?? "lowest";
    if (tied.length) {
      said.push(`no significant difference. ${tied.length + 1} methods are tied for the ${top} score: `, name, ` (${text(first)}), ${names(tied)}.`);
      if (worse.length) said.push(` ${worse.length} ${worse.length === 1 ? "method is" : "methods are"} significantly worse.`);
    } else if (mark(first) === "best" && second) {
      // As many digits as the difference needs, so that it is that of the numbers beside it.
      const apart = (digits) => Math.abs(Math.abs(Number(number(loss(score(first, key), key), digits))) - Math.abs(Number(number(loss(score(second, key), key), digits))));
      const digits = [3, 4, 5].find((count) => apart(count) >= 1.5 * 10 ** -count) ?? 6;
      const interval = board.leads[key]?.[second.place], p = score(second, key)[4];
      said.push("best is ", name, ` with ${text(first, digits)}, ${number(apart(digits), digits)}${unit(metric)} ahead of ${second.method} with ${text(second, digits)}`);
      said.push(` (${interval ? `95 % interval of the lead ${number(interval[0], digits)} to ${number(interval[1], digits)}; ` : ""}p ${p < 0.001 ? "< 0.001" : `= ${number(p)}`}).`);
    } else said.push(`the ${top} score is that of `, name, ` (${text(first)}), without a comparison.`);
    if (unclear.length) said.push(` Too few blocks to tell: ${names(unclear)}.`);
    const floor = board.floors[first.dataset]?.[key];
    if (floor !== undefined) said.push(` Noise floor (MD against MD): ${number(floor)}${unit(metric)}.`);
    answer.replaceChildren(...said);
  }

  // Numbers of beads and mappings that the chosen dataset does not have cannot be chosen.
  function disable() {
    for (const [name, key, before] of [["mapping", "mapping", ["dataset"]], ["beads", "n_beads", ["dataset", "mapping"]]]) {
      const control = form.elements[name];
      for (const option of control?.options ?? [])
        option.disabled = option.value !== "" && !board.rows.some((row) => String(row[key]) === option.value && before.every((other) => !value(other) || row[other] === value(other)));
      if (control?.selectedOptions[0]?.disabled) control.value = "";
    }
  }

  function update() {
    disable();
    const key = value("metric");
    document.getElementById("definition").textContent = metrics.get(key).says;
    drawChart(key);
    say(key, drawTable(key));
    cgbench.store(form, NAMES);
  }

  const groups = [...new Set(board.groups.filter((group) => board.metrics.some((metric) => metric.group === group)))];
  form.elements.metric.append(...groups.map((label) => make("optgroup", { label }, ...board.metrics.filter((metric) => metric.group === label).map((metric) =>
    make("option", { value: metric.key }, metric.label)))));
  if (innerWidth < 832) document.getElementById("more")?.removeAttribute("open");
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
