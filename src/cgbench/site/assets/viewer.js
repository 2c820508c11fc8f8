"use strict";
// Choices of the structure page: which frame, whose samples, and in which colours.

(() => {
  const { make, number, board } = cgbench;
  const form = document.getElementById("controls"), chosen = form.elements;
  const says = document.getElementById("says"), output = document.getElementById("sample"), faults = document.getElementById("faults");
  const molecule = new cgbench.Molecule(document.getElementById("molecule"));
  const NAMES = ["task", "method", "frame", "other", "color", "all", "reference", "spheres", "hydrogens"];
  const ELEMENTS = { H: "#c3ccd6", N: "#3f6fe0", O: "#dd3a3a", S: "#d8ae12", P: "#e07f1f", F: "#4caf50", Cl: "#35a03a", Br: "#97432c", I: "#7b3fa0", Si: "#b59a6a", Se: "#c88a10" };
  const BEADS = ["#0173b2", "#de8f05", "#029e73", "#d55e00", "#cc78bc", "#ca9161", "#56b4e9", "#8c6d00", "#7a52b3", "#5b6b00", "#12899c", "#c2185b"];
  const ERRORS = ["#2b4f8c", "#4aa3a2", "#f2cf5b", "#e8762b", "#a50026"];
  const MD = "#8b949e", CARBONS = ["#2b9a66", "#a355c4"]; // of the method, and of the overlay; no other element has them
  const PICKS = ["best", "median", "worst"];
  let task = null, sample = 0, shared = /[#&](task|dataset|beads)=/.test(location.hash);

  // ---- data: every task is a script that is loaded when it is first chosen
  const loaded = new Map();
  function load(option) {
    const name = option.value;
    if (!loaded.has(name))
      loaded.set(name, new Promise((done, failed) => {
        const script = make("script", { src: option.dataset.script });
        script.addEventListener("load", () => done(unpack(cgbench.task)));
        script.addEventListener("error", () => failed(new Error(`${option.dataset.script} is not there`)));
        document.head.append(script);
      }));
    return loaded.get(name);
  }

  function unpack(content) {
    const numbers = (text) => {
      const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
      return Float32Array.from(new Int16Array(bytes.buffer), (step) => step * content.scale);
    };
    content.reference = numbers(content.reference);
    for (const name of content.methods) content.samples[name] = numbers(content.samples[name]);
    return content;
  }

  const size = () => 3 * task.elements.length;
  const frame = () => Number(chosen.frame.value);
  const xyzOfFrame = () => task.reference.subarray(frame() * size(), (frame() + 1) * size());
  const stored = (method) => task.rmsd[method][frame()];
  function xyzOfSample(method, k) {
    const start = (frame() * stored(method).length + k) * size();
    return task.samples[method].subarray(start, start + size());
  }
  // Which of the drawn samples it is.
  function place(method, k) {
    const rank = task.ranks[method][k] + 1, drawn = task.drawn[method];
    return drawn === 1 ? "only" : rank === 1 ? "nearest" : rank === drawn ? "farthest" : `no. ${rank}`;
  }
  function describe(method, k) {
    const which = place(method, k), name = `${method}: sample ${task.numbers[method][frame()][k]} of ${task.drawn[method]}`;
    if (which === "only") return `${method}: its one geometry of this frame (a deterministic method)`;
    return which.startsWith("no") ? `${name}, ${which} by RMSD from the MD frame` : `${name}, the ${which} ${which === "nearest" ? "to" : "from"} the MD frame`;
  }

  // ---- choices
  function fillMethods() {
    const kept = { method: chosen.method.value, other: chosen.other.value };
    chosen.method.replaceChildren(...task.methods.map((name) => make("option", { value: name }, name)));
    chosen.other.replaceChildren(make("option", { value: "" }, "nothing"), ...task.methods.map((name) => make("option", { value: name }, name)));
    const ranked = task.methods.filter((name) => board.methods[name]?.bound === "");
    chosen.method.value = task.methods.includes(kept.method) ? kept.method : ranked.at(-1) ?? task.methods[0];
    chosen.other.value = task.methods.includes(kept.other) ? kept.other : "";
  }

  function fillFrames(keep, pick = "median") {
    const method = chosen.method.value;
    const own = (place) => task.frames[place].picks.filter(([name]) => name === method || name === "").map(([, word]) => word);
    const option = (place) => {
      const { index, picks, scores } = task.frames[place];
      const others = picks.map(([name, word]) => `${word} of ${name}`);
      const why = own(place).join(" and ") || others[0] + (others.length > 1 ? ", …" : "");
      return make("option", { value: place }, `${why}: frame ${index}${method in scores ? `, ${number(scores[method])}` : ""}`);
    };
    const places = task.frames.map((_, place) => place), isOwn = (place) => own(place).length > 0;
    const score = (place) => task.frames[place].scores[method];
    const unit = method in task.frames[0].scores ? ` (energy score of ${method}, Å)` : ""; // not without all heavy atoms
    const groups = [[`Chosen for ${method}${unit}`, places.filter(isOwn)], [`Chosen for other methods${unit}`, places.filter((place) => !isOwn(place))]];
    const before = chosen.frame.value;
    chosen.frame.replaceChildren(...groups.filter(([, members]) => members.length).map(([label, members]) =>
      make("optgroup", { label }, ...members.sort((a, b) => score(a) - score(b)).map(option))));
    [...chosen.frame.options].find((each) => own(Number(each.value)).includes("median"))?.setAttribute("selected", ""); // not in the address
    chosen.frame.value = keep && before ? before : String(places.find((place) => own(place).includes(pick)) ?? 0);
  }

  // ---- colours
  const bead = (atom) => BEADS[task.bead[atom] % BEADS.length];
  function distances(xyz) {
    const from = xyzOfFrame();
    return task.elements.map((_, atom) => Math.hypot(...[0, 1, 2].map((k) => xyz[3 * atom + k] - from[3 * atom + k])));
  }
  function errorColor(error, highest) {
    const place = Math.min(1, error / highest) * (ERRORS.length - 1), low = Math.min(ERRORS.length - 2, Math.floor(place));
    return molecule.mix(ERRORS[low], ERRORS[low + 1], place - low);
  }

  function model(xyz, carbon, highest, pale) {
    const mode = chosen.color.value, hydrogens = chosen.hydrogens.checked;
    const far = mode === "error" && !pale ? distances(xyz) : null;
    const colors = task.elements.map((element, atom) => {
      if (pale) return MD;
      if (far) return errorColor(far[atom], highest);
      if (mode === "bead") return bead(atom);
      return element === "C" ? carbon : ELEMENTS[element] ?? "#c060a0";
    });
    const seen = (atom) => hydrogens || task.elements[atom] !== "H";
    const { ATOM, HYDROGEN } = cgbench.Molecule;
    return {
      xyz, colors, pale,
      radii: task.elements.map((element, atom) => (seen(atom) ? (element === "H" ? HYDROGEN : ATOM) * (pale ? 0.55 : 1) : 0)),
      bonds: task.bonds.filter(([i, j]) => seen(i) && seen(j)),
    };
  }

  function spheres() {
    const xyz = xyzOfFrame(), count = Math.max(...task.bead) + 1;
    return Array.from({ length: count }, (_, number) => {
      const members = task.bead.flatMap((other, atom) => (other === number ? [atom] : []));
      const weights = Object.entries(task.weights[number]);
      const centre = [0, 1, 2].map((k) => weights.reduce((sum, [atom, weight]) => sum + weight * xyz[3 * atom + k], 0));
      const squares = members.map((atom) => [0, 1, 2].reduce((sum, k) => sum + (xyz[3 * atom + k] - centre[k]) ** 2, 0));
      return { xyz: centre, radius: Math.max(0.75, 0.75 * Math.sqrt(squares.reduce((a, b) => a + b) / members.length)), color: BEADS[number % BEADS.length] };
    });
  }

  // ---- drawing
  function draw() {
    const methods = [chosen.method.value, chosen.other.value].filter((name, place, all) => name && all.indexOf(name) === place);
    const shown = methods.flatMap((method) => {
      const count = stored(method).length;
      const places = chosen.all.checked ? stored(method).map((_, k) => k) : [Math.min(sample, count - 1)];
      return places.map((k) => ({ method, k, xyz: xyzOfSample(method, k) }));
    });
    const highest = Math.max(0.5, ...shown.flatMap(({ xyz }) => distances(xyz)));
    const nice = [0.5, 1, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 50].find((end) => end >= highest) ?? highest;
    const models = shown.map(({ method, xyz }) => model(xyz, CARBONS[methods.indexOf(method)], nice, false));
    if (chosen.reference.checked) models.unshift(model(xyzOfFrame(), MD, nice, true));
    const beads = spheres();
    molecule.show(models, chosen.spheres.checked ? beads : [], reach(methods, beads));
    document.getElementById("scale").hidden = chosen.color.value !== "error";
    document.getElementById("scale-end").textContent = `${number(nice, 1)} Å`;
    const k = Math.min(sample, stored(methods[0]).length - 1), which = place(methods[0], k);
    output.textContent = which === "only" ? "one geometry" : `${which} of ${task.drawn[methods[0]]}`;
    for (const id of ["previous", "next"]) document.getElementById(id).disabled = methods.every((name) => stored(name).length === 1);
    const { index, trajectory, time } = task.frames[frame()];
    says.textContent = `${task.name}, frame ${index} (trajectory ${trajectory}, ${number(time, 0)} ps). ${shown.map(({ method, k: each }) => describe(method, each)).join("; ")}.`;
    drawKey(methods);
    drawFaults(shown);
    cgbench.viewer = { atoms: models.map((each) => each.radii.filter(Boolean).length), methods, sample: k, extent: molecule.extent, molecule };
    const { dataset, mapping, beads: count } = chosen.task.selectedOptions[0].dataset;
    cgbench.store(form, NAMES, shared ? { dataset, mapping, beads: count } : {});
  }

  // Distance from the centre of everything that can be shown of this frame, so that no step and no turn is cut off.
  function reach(methods, beads) {
    const all = [xyzOfFrame(), ...methods.flatMap((name) => stored(name).map((_, k) => xyzOfSample(name, k)))];
    const farthest = (xyz) => task.elements.reduce((most, _, atom) => Math.max(most, Math.hypot(...xyz.subarray(3 * atom, 3 * atom + 3))), 0);
    return Math.max(...all.map((xyz) => farthest(xyz) + cgbench.Molecule.ATOM), ...beads.map(({ xyz, radius }) => Math.hypot(...xyz) + radius));
  }

  function drawKey(methods) {
    const entry = (color, text) => make("span", { color }, make("i"), text);
    const mode = chosen.color.value, others = [...new Set(task.elements)].filter((element) => element !== "C" && (element !== "H" || chosen.hydrogens.checked));
    document.getElementById("key").replaceChildren(
      ...(chosen.reference.checked ? [entry(MD, "MD frame")] : []),
      ...(mode === "element" ? [...methods.map((name, k) => entry(CARBONS[k], `${name}, carbon`)), ...others.map((element) => entry(ELEMENTS[element] ?? "#c060a0", element))] : []),
      mode === "bead" ? `${methods.join(" and ")}: colours of the beads` : mode === "error" ? `${methods.join(" and ")}: distance of each atom from the MD frame` : "");
  }

  // Numbers of the shown samples, and of the MD frame.
  function drawFaults(shown) {
    const line = (name, rmsd, [missing, spurious, clashes, centres, torsion, worst]) => {
      const cells = [rmsd, missing, spurious, clashes, centres ?? "–", torsion === null ? "–" : `${torsion}${worst ? ` (${worst})` : ""}`];
      return make("tr", {}, make("th", { scope: "row" }, ...name), ...cells.map((text) => make("td", { class: "number" }, String(text))));
    };
    const md = task.md[frame()];
    faults.tBodies[0].replaceChildren(
      ...shown.map(({ method, k }) => line([make("a", { href: board.methods[method]?.page }, method), task.drawn[method] === 1 ? "" : `, ${place(method, k)}`], number(stored(method)[k]), task.faults[method][frame()][k])),
      line(["MD frame"], number(0), [...md.slice(0, 4), null]));
    faults.tFoot.replaceChildren(make("tr", {}, make("td", { colspan: 7 }, `Out of ${task.bonds.length} bonds${task.centres ? ` and ${task.centres} residues with a chiral Cα` : ""}.`)));
  }

  async function choose(event) {
    const option = chosen.task.selectedOptions[0];
    if (!option?.dataset.script) {
      says.textContent = "No samples of any task are there yet.";
      return;
    }
    const name = event?.target?.name;
    if (!event || name === "task") {
      says.textContent = "Loading …";
      try {
        task = await load(option);
      } catch (error) {
        says.textContent = `${error.message}; write the site again.`;
        return;
      }
      fillMethods();
      if (!event) cgbench.restore(form); // the method of the address
    }
    if (name === "task") shared = true;
    if (!event || name === "task" || name === "method") {
      const pick = new URLSearchParams(location.hash.slice(1)).get("frame");
      fillFrames(name === "method", !event && PICKS.includes(pick) ? pick : "median");
      sample = !event && pick === "worst" ? stored(chosen.method.value).length - 1 : 0;
      if (!event) cgbench.restore(form); // the frame of the address
    }
    if (name === "frame") sample = 0;
    if (!event || name === "task" || name === "frame") molecule.zoom = 1;
    draw();
  }

  function step(by) {
    const count = Math.max(...[chosen.method.value, chosen.other.value].filter(Boolean).map((name) => stored(name).length));
    sample = (sample + by + count) % count;
    draw();
  }

  document.getElementById("previous").addEventListener("click", () => step(-1));
  document.getElementById("next").addEventListener("click", () => step(1));
  document.getElementById("molecule").addEventListener("keydown", (event) => { if (event.key === "[") step(-1); else if (event.key === "]") step(1); });
  document.getElementById("picture").addEventListener("click", () => {
    make("a", { href: molecule.canvas.toDataURL("image/png"), download: `${task.name}, frame ${task.frames[frame()].index}.png`.replaceAll(", ", "-") }).click();
  });
  form.addEventListener("change", choose);
  form.addEventListener("submit", (event) => event.preventDefault());
  cgbench.restore(form); // the task of the address, or the first one with its dataset, mapping and number of beads
  const wanted = Object.entries(Object.fromEntries(new URLSearchParams(location.hash.slice(1))));
  const fits = [...chosen.task.options].find((option) => option.dataset.script && wanted.every(([name, value]) => (option.dataset[name] ?? value) === value));
  if (shared && fits && !location.hash.includes("task=")) chosen.task.value = fits.value;
  if (!chosen.task.value) chosen.task.value = [...chosen.task.options].find((option) => option.dataset.script)?.value ?? "";
  choose();
})();
