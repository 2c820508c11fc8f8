"use strict";
// Choices of the structure page: which frame, whose samples, and in which colours.

(() => {
  const { make, number, board } = cgbench;
  const form = document.getElementById("controls"), chosen = form.elements;
  const says = document.getElementById("says"), output = document.getElementById("sample");
  const molecule = new cgbench.Molecule(document.getElementById("molecule"));
  const NAMES = ["task", "method", "frame", "other", "color", "all", "reference", "beads", "hydrogens"];
  const ELEMENTS = { H: "#c3ccd6", N: "#3f6fe0", O: "#dd3a3a", S: "#d8ae12", P: "#e07f1f", F: "#4caf50", Cl: "#35a03a", Br: "#97432c", I: "#7b3fa0", Si: "#b59a6a", Se: "#c88a10" };
  const BEADS = ["#0173b2", "#de8f05", "#029e73", "#d55e00", "#cc78bc", "#ca9161", "#56b4e9", "#8c6d00", "#7a52b3", "#5b6b00", "#12899c", "#c2185b"];
  const ERRORS = ["#2b4f8c", "#4aa3a2", "#f2cf5b", "#e8762b", "#a50026"];
  const MD = "#8b949e";
  let task = null, sample = 0;

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
  const modelColor = (method) => (board.methods[method]?.color ?? "#0173b2").replace("#000000", "#3c4654");

  // ---- choices
  function fillMethods() {
    const kept = { method: chosen.method.value, other: chosen.other.value };
    chosen.method.replaceChildren(...task.methods.map((name) => make("option", { value: name }, name)));
    chosen.other.replaceChildren(make("option", { value: "" }, "no other method"), ...task.methods.map((name) => make("option", { value: name }, name)));
    const ranked = task.methods.filter((name) => board.methods[name]?.bound === "");
    chosen.method.value = task.methods.includes(kept.method) ? kept.method : ranked.at(-1) ?? task.methods[0];
    chosen.other.value = task.methods.includes(kept.other) ? kept.other : "";
  }

  function fillFrames(keep) {
    const method = chosen.method.value;
    const option = (place) => {
      const { index, picks, scores } = task.frames[place];
      const own = picks.filter(([name]) => name === method || name === "").map(([, word]) => word);
      const others = picks.filter(([name]) => name !== method).map(([name, word]) => `${word} of ${name || "all methods"}`);
      const why = own.length ? own.join(" and ") : others[0] + (others.length > 1 ? ", …" : "");
      const score = method in scores ? `, energy score ${number(scores[method])} Å` : ""; // not without all heavy atoms
      return make("option", { value: place }, `${why}: frame ${index}${score}`);
    };
    const places = task.frames.map((_, place) => place);
    const isOwn = (place) => task.frames[place].picks.some(([name]) => name === method || name === "");
    const score = (place) => task.frames[place].scores[method];
    const groups = [[`Best, median and worst of ${method}`, places.filter(isOwn)], ["Frames of other methods", places.filter((place) => !isOwn(place))]];
    const before = chosen.frame.value;
    chosen.frame.replaceChildren(...groups.filter(([, members]) => members.length).map(([label, members]) =>
      make("optgroup", { label }, ...members.sort((a, b) => score(a) - score(b)).map(option))));
    const median = places.find((place) => task.frames[place].picks.some(([name, word]) => word === "median" && (name === method || name === "")));
    chosen.frame.value = keep && before ? before : String(median ?? 0);
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
      if (far) return errorColor(far[atom], highest);
      if (pale && mode === "error") return MD;
      if (mode === "bead") return bead(atom);
      return element === "C" ? carbon : ELEMENTS[element] ?? "#c060a0";
    });
    const seen = (atom) => hydrogens || task.elements[atom] !== "H";
    const { ATOM, HYDROGEN } = cgbench.Molecule;
    return {
      xyz, colors, pale,
      radii: task.elements.map((element, atom) => (seen(atom) ? (element === "H" ? HYDROGEN : ATOM) * (pale ? 0.8 : 1) : 0)),
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
    const models = shown.map(({ method, xyz }) => model(xyz, modelColor(method), nice, false));
    if (chosen.reference.checked) models.unshift(model(xyzOfFrame(), MD, nice, true));
    const extent = Math.max(...Array.from(xyzOfFrame()).map(Math.abs)) + 1.5;
    molecule.show(models, chosen.beads.checked ? spheres() : [], extent);
    document.getElementById("scale").hidden = chosen.color.value !== "error";
    document.getElementById("scale-end").textContent = `${number(nice, 1)} Å`;
    const own = stored(methods[0]), k = Math.min(sample, own.length - 1);
    output.textContent = own.length > 1 ? `${k + 1} of ${own.length}` : "1 of 1";
    const { index, trajectory, time } = task.frames[frame()];
    const words = shown.map(({ method, k: place }) => `${method} sample ${task.numbers[method][frame()][place]}: RMSD ${number(stored(method)[place])} Å`);
    says.textContent = `${task.name}, frame ${index} (trajectory ${trajectory}, ${number(time, 0)} ps). ${words.join("; ")}.`;
    cgbench.viewer = { atoms: models.map((each) => each.radii.filter(Boolean).length), methods, sample: k, extent, molecule };
    cgbench.store(form, NAMES);
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
    if (!event || name === "task" || name === "method") {
      fillFrames(false);
      sample = 0;
      if (!event) cgbench.restore(form); // the frame of the address
    }
    if (name === "frame") sample = 0;
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
  cgbench.restore(form); // the task of the address
  if (!chosen.task.value) chosen.task.value = [...chosen.task.options].find((option) => option.dataset.script)?.value ?? "";
  choose();
})();
