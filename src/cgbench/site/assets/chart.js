"use strict";
// A line chart of scores over the number of beads, as SVG.

cgbench.chart = (() => {
  const make = cgbench.make;
  // Units of the picture; fewer on a phone, so that type stays readable.
  const WIDTH = innerWidth < 600 ? 350 : 460, HEIGHT = 300, LEFT = 54, RIGHT = 14, TOP = 28, BOTTOM = 38;
  // Markers as in the figures: corners, turn in degrees, and inner radius of a star.
  const MARKERS = {
    o: [24, 0, 1], s: [4, 45, 1], D: [4, 0, 1], d: [4, 0, 1], "^": [3, 0, 1], v: [3, 180, 1], "<": [3, 270, 1],
    ">": [3, 90, 1], p: [5, 0, 1], h: [6, 0, 1], H: [6, 30, 1], 8: [8, 0, 1], P: [4, 0, 0.4], X: [4, 45, 0.4],
    "*": [5, 0, 0.45],
  };

  function marker(kind, x, y, radius) {
    const [corners, turn, inner] = MARKERS[kind] || MARKERS.o;
    const steps = inner < 1 ? 2 * corners : corners;
    const points = Array.from({ length: steps }, (_, step) => {
      const angle = ((turn - 90) * Math.PI) / 180 + (2 * Math.PI * step) / steps;
      const size = radius * (inner < 1 && step % 2 ? inner : 1);
      return `${(x + size * Math.cos(angle)).toFixed(1)},${(y + size * Math.sin(angle)).toFixed(1)}`;
    });
    return `M${points.join("L")}Z`;
  }

  // An axis: logarithmic for positive values of different size, linear near 0 and logarithmic beyond for
  // values around 0 of different size, else linear.
  function axis(values, ends) {
    const low = Math.min(...values, ...ends), high = Math.max(...values, ...ends);
    const size = Math.max(...values.map(Math.abs)) || 1;
    const positive = low > 0;
    const wide = positive && high / low > 6;
    const small = values.filter((value) => value !== 0 && Math.abs(value) < size / 30).length;
    if (wide) {
      const ticks = [];
      for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++)
        ticks.push(...(high / low > 200 ? [1] : high / low > 30 ? [1, 3] : [1, 2, 5]).map((step) => step * 10 ** power));
      return { scale: Math.log10, from: low / 1.25, to: high * 1.25, ticks, name: "logarithmic axis" };
    }
    if (!positive && small > 1) {
      const near = size / 100;
      const scale = (value) => Math.sign(value) * Math.log10(1 + Math.abs(value) / near);
      const power = 10 ** Math.round(Math.log10(near));
      const ticks = [power, 10 * power, 100 * power, 1000 * power].flatMap((tick) => [tick, -tick]).concat(0);
      return { scale, from: Math.min(low * 1.2, -near / 2), to: high * 1.3, ticks, name: "axis linear near 0, then logarithmic" };
    }
    const from = positive ? (low / high > 0.6 ? low - (high - low) * 0.2 : 0) : low - (high - low) * 0.1;
    const to = high + (high - from) * 0.1 || 1;
    const step = [1, 2, 5, 10].map((factor) => factor * 10 ** Math.floor(Math.log10((to - from) / 5))).find((length) => (to - from) / length <= 6);
    const ticks = [];
    for (let tick = Math.ceil(from / step) * step; tick <= to; tick += step) ticks.push(Number(tick.toPrecision(6)));
    return { scale: (value) => value, from, to, ticks, name: "linear axis" };
  }

  // Draw `lines`, each with a name, style and points {x, y, low, high, text}; returns the SVG.
  function draw({ title, unit, lines, floor, muted, chosen, tell }) {
    const shown = lines.filter((line) => line.points.length);
    const points = shown.flatMap((line) => line.points);
    const svg = make("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", tabindex: 0, "aria-label": `${title}. Arrow keys step through the points; the table has the same numbers.` });
    svg.append(make("text", { x: LEFT, y: 16, class: "title" }, title));
    if (!points.length) {
      svg.append(make("text", { x: WIDTH / 2, y: HEIGHT / 2, class: "none" }, "Nothing to draw: no score of these methods."));
      return svg;
    }
    const lowest = Math.min(...points.map((point) => point.y));
    // Intervals belong to the range, but not where they would need an axis that is not logarithmic.
    const ends = points.flatMap(({ y, low, high }) => (low === null ? [] : [lowest > 0 ? Math.max(low, y / 3) : low, high]));
    const y = axis(points.map((point) => point.y), [...ends, ...(floor ? [floor] : [])]);
    const beads = [...new Set(points.map((point) => point.x))].sort((a, b) => a - b);
    const pad = Math.max(0.6, (beads.at(-1) - beads[0]) * 0.06);
    const across = (value) => LEFT + ((value - beads[0] + pad) / (beads.at(-1) - beads[0] + 2 * pad)) * (WIDTH - LEFT - RIGHT);
    // Methods side by side, so that no interval hides another.
    const gap = beads.length > 1 ? Math.min(...beads.slice(1).map((tick, k) => across(tick) - across(beads[k]))) : WIDTH - LEFT - RIGHT;
    const step = Math.min(beads.length > 1 ? 5 : 20, (0.5 * gap) / shown.length);
    const beside = (value, k) => across(value) + (k - (shown.length - 1) / 2) * step;
    const up = (value) => {
      const part = (y.scale(value) - y.scale(y.from)) / (y.scale(y.to) - y.scale(y.from));
      return HEIGHT - BOTTOM - Math.min(1.02, Math.max(-0.02, part)) * (HEIGHT - TOP - BOTTOM);
    };
    if (beads.length > 1 && beads.map(String).includes(chosen)) {
      const half = Math.max(10, (shown.length * step) / 2 + 3);
      svg.append(make("rect", { x: across(Number(chosen)) - half, width: 2 * half, y: TOP, height: HEIGHT - TOP - BOTTOM, class: "chosen" }));
    }
    if (floor) {
      const top = up(floor), bottom = up(Math.max(y.from, y.name === "logarithmic axis" ? y.from : -floor));
      svg.append(make("rect", { x: LEFT, width: WIDTH - LEFT - RIGHT, y: top, height: Math.max(1, bottom - top), class: "floor" }));
    }
    for (const tick of y.ticks.filter((value) => value >= y.from && value <= y.to)) {
      svg.append(make("line", { x1: LEFT, x2: WIDTH - RIGHT, y1: up(tick), y2: up(tick), class: "grid" }));
      svg.append(make("text", { x: LEFT - 6, y: up(tick) + 4, class: "tick y" }, String(Number(tick.toPrecision(3)))));
    }
    for (const tick of beads) svg.append(make("text", { x: across(tick), y: HEIGHT - BOTTOM + 17, class: `tick x${String(tick) === chosen ? " chosen" : ""}` }, String(tick)));
    svg.append(make("text", { x: (LEFT + WIDTH - RIGHT) / 2, y: HEIGHT - 4, class: "tick x" }, "number of beads"));
    svg.append(make("text", { class: "tick x", transform: `translate(11 ${(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)` }, unit));
    const spots = []; // [element, text], in the order of the arrow keys
    for (const [k, line] of shown.entries()) {
      const style = { color: line.color, class: `line${muted && muted !== line.name ? " muted" : ""}`, "data-method": line.name };
      const group = make("g", style);
      const path = line.points.map((point) => `${beside(point.x, k).toFixed(1)},${up(point.y).toFixed(1)}`).join("L");
      group.append(make("path", { d: `M${path}`, class: "stroke", "stroke-dasharray": line.dash.map((part) => part * 1.6).join(" ") || null }));
      for (const point of line.points) {
        const x = beside(point.x, k), bottom = HEIGHT - BOTTOM, beyond = point.low !== null && point.low < y.from;
        if (point.low !== null) group.append(make("line", { x1: x, x2: x, y1: beyond ? bottom : up(point.low), y2: up(point.high), class: "error" }));
        if (beyond) {
          group.append(make("path", { d: `M${x - 3},${bottom - 5}L${x},${bottom}L${x + 3},${bottom - 5}`, class: "error beyond", fill: "none" }));
          svg.dataset.cut = "yes";
        }
        const spot = make("path", { d: marker(line.marker, x, up(point.y), 5), class: "spot" });
        spot.addEventListener("pointerenter", (event) => tell(point.text, event));
        spot.addEventListener("pointerleave", () => tell(null));
        group.append(spot);
        spots.push([spot, point.text]);
      }
      svg.append(group);
    }
    let at = -1;
    svg.addEventListener("keydown", (event) => {
      const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (!by) return;
      event.preventDefault();
      at = (at + by + spots.length + (at < 0 && by < 0 ? 1 : 0)) % spots.length;
      const { left, bottom } = spots[at][0].getBoundingClientRect();
      tell(spots[at][1], { pageX: left + scrollX, pageY: bottom + scrollY });
      spots.forEach(([spot], place) => spot.classList.toggle("at", place === at));
    });
    svg.addEventListener("blur", () => {
      tell(null);
      spots.forEach(([spot]) => spot.classList.remove("at"));
    });
    svg.dataset.axis = y.name;
    svg.dataset.title = title;
    return svg;
  }

  // The chart as it is shown, as a file that needs no style sheet.
  function file(svg) {
    const copy = svg.cloneNode(true), shown = [svg, ...svg.querySelectorAll("*")];
    [copy, ...copy.querySelectorAll("*")].forEach((node, place) => {
      const style = getComputedStyle(shown[place]);
      node.removeAttribute("style");
      node.removeAttribute("tabindex");
      for (const name of ["fill", "stroke", "stroke-width", "opacity", "font-family", "font-size", "font-weight", "text-anchor"])
        node.setAttribute(name, style.getPropertyValue(name));
    });
    copy.setAttribute("width", WIDTH);
    copy.setAttribute("height", HEIGHT);
    return `data:image/svg+xml,${encodeURIComponent(new XMLSerializer().serializeToString(copy))}`;
  }

  return { draw, file, marker };
})();
