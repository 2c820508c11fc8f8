"use strict";
// Balls and sticks on a canvas, which every browser has; a molecule of this benchmark has at most hundreds of atoms.

cgbench.Molecule = class {
  // Radii as drawn, Å.
  static ATOM = 0.36;
  static HYDROGEN = 0.24;
  static STICK = 0.13;
  static FOG = 6; // steps between near and far

  constructor(canvas) {
    this.canvas = canvas;
    this.models = [];
    this.spheres = [];
    this.sprites = new Map();
    this.pointers = new Map();
    this.reset();
    new ResizeObserver(() => this.draw()).observe(canvas);
    document.addEventListener("theme", () => this.draw());
    canvas.addEventListener("pointerdown", (event) => { canvas.setPointerCapture(event.pointerId); this.pointers.set(event.pointerId, [event.clientX, event.clientY]); });
    canvas.addEventListener("pointermove", (event) => this.drag(event));
    for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, (event) => this.pointers.delete(event.pointerId));
    canvas.addEventListener("wheel", (event) => { event.preventDefault(); this.zoomBy(Math.exp(-event.deltaY / 600)); }, { passive: false });
    canvas.addEventListener("keydown", (event) => this.press(event));
  }

  // What is drawn: models {xyz, colors, radii, bonds, pale} with xyz of atoms in a row, and spheres {xyz, radius, color}.
  show(models, spheres, extent) {
    Object.assign(this, { models, spheres, extent });
    this.draw();
  }

  reset() {
    this.turn = [1, 0, 0, 0, 1, 0, 0, 0, 1];
    this.zoom = 1;
    this.draw();
  }

  rotate(right, down) {
    const [c, s, d, t] = [Math.cos(right), Math.sin(right), Math.cos(down), Math.sin(down)];
    const step = [c, 0, s, s * t, d, -c * t, -s * d, t, c * d];
    const old = this.turn;
    this.turn = old.map((_, place) => [0, 1, 2].reduce((sum, k) => sum + step[3 * Math.floor(place / 3) + k] * old[3 * k + (place % 3)], 0));
    this.draw();
  }

  zoomBy(factor) {
    this.zoom = Math.min(12, Math.max(0.4, this.zoom * factor));
    this.draw();
  }

  drag(event) {
    const before = this.pointers.get(event.pointerId);
    if (!before) return;
    const now = [event.clientX, event.clientY];
    const others = [...this.pointers].filter(([id]) => id !== event.pointerId).map(([, place]) => place);
    if (others.length) {
      const apart = (place) => Math.hypot(place[0] - others[0][0], place[1] - others[0][1]);
      this.zoomBy(apart(now) / Math.max(1, apart(before)));
    } else this.rotate((now[0] - before[0]) / 150, (now[1] - before[1]) / 150);
    this.pointers.set(event.pointerId, now);
  }

  press(event) {
    const turns = { ArrowLeft: [-0.15, 0], ArrowRight: [0.15, 0], ArrowUp: [0, -0.15], ArrowDown: [0, 0.15] };
    if (turns[event.key]) this.rotate(...turns[event.key]);
    else if (event.key === "+" || event.key === "=") this.zoomBy(1.15);
    else if (event.key === "-") this.zoomBy(1 / 1.15);
    else if (event.key === "0") this.reset();
    else return;
    event.preventDefault();
  }

  // A shaded ball of one colour, made once for every colour and distance.
  sprite(color, fog, paper) {
    const key = `${color} ${fog} ${paper}`;
    if (!this.sprites.has(key)) {
      const size = 64, ball = document.createElement("canvas").getContext("2d");
      ball.canvas.width = ball.canvas.height = size;
      const lit = paper === "#ffffff" ? color : this.mix(color, "#ffffff", 0.25); // dark colours are dim on dark paper
      const base = this.mix(lit, paper, (0.5 * fog) / cgbench.Molecule.FOG);
      const shade = ball.createRadialGradient(size * 0.36, size * 0.32, size * 0.04, size * 0.5, size * 0.5, size * 0.5);
      shade.addColorStop(0, this.mix(base, "#ffffff", 0.65));
      shade.addColorStop(0.45, base);
      shade.addColorStop(1, this.mix(base, "#000000", 0.42));
      ball.fillStyle = shade;
      ball.beginPath();
      ball.arc(size / 2, size / 2, size / 2 - 1, 0, 2 * Math.PI);
      ball.fill();
      this.sprites.set(key, { ball: ball.canvas, base, rim: this.mix(base, "#000000", 0.42) });
    }
    return this.sprites.get(key);
  }

  mix(color, other, share) {
    const parts = (hex) => [1, 3, 5].map((place) => parseInt(hex.slice(place, place + 2), 16));
    const [a, b] = [parts(color), parts(other)];
    return `#${a.map((part, k) => Math.round(part + (b[k] - part) * share).toString(16).padStart(2, "0")).join("")}`;
  }

  draw() {
    const { canvas, turn } = this, ratio = window.devicePixelRatio || 1;
    const width = canvas.clientWidth, height = canvas.clientHeight;
    if (!width || !this.extent) return;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    const paint = canvas.getContext("2d");
    paint.setTransform(ratio, 0, 0, ratio, 0, 0);
    paint.clearRect(0, 0, width, height);
    const paper = document.documentElement.dataset.theme === "dark" ? "#14181f" : "#ffffff";
    const scale = (this.zoom * Math.min(width, height)) / (2.1 * this.extent); // all of it, however it is turned
    const { FOG, STICK } = cgbench.Molecule;
    const place = (xyz, atom) => {
      const [x, y, z] = [xyz[3 * atom], xyz[3 * atom + 1], xyz[3 * atom + 2]];
      const depth = turn[6] * x + turn[7] * y + turn[8] * z;
      const size = scale / (1 - depth / (this.extent * 6)); // mild perspective
      return [width / 2 + size * (turn[0] * x + turn[1] * y + turn[2] * z), height / 2 - size * (turn[3] * x + turn[4] * y + turn[5] * z), depth, size];
    };
    const fog = (depth) => Math.min(FOG, Math.max(0, Math.round(FOG * (0.5 - depth / (2 * this.extent)))));
    const parts = []; // [depth, action]
    for (const { xyz, colors, radii, bonds, pale } of this.models) {
      const spots = colors.map((_, atom) => place(xyz, atom));
      for (const [i, j] of bonds)
        for (const [a, b] of [[i, j], [j, i]]) {
          const [p, q] = [spots[a], spots[b]], middle = [(p[0] + q[0]) / 2, (p[1] + q[1]) / 2];
          parts.push([(3 * p[2] + q[2]) / 4 - 0.02, () => {
            const { base, rim } = this.sprite(colors[a], fog(p[2]), paper);
            paint.globalAlpha = pale ? 0.75 : 1;
            const thick = STICK * p[3] * (pale ? 0.6 : 1);
            for (const [color, stroke] of [[rim, 2 * thick], [base, 1.3 * thick]]) {
              paint.strokeStyle = color;
              paint.lineWidth = stroke;
              paint.beginPath();
              paint.moveTo(p[0], p[1]);
              paint.lineTo(...middle);
              paint.stroke();
            }
          }]);
        }
      spots.forEach((spot, atom) => radii[atom] && parts.push([spot[2], () => {
        const radius = radii[atom] * spot[3];
        paint.globalAlpha = pale ? 0.75 : 1;
        paint.drawImage(this.sprite(colors[atom], fog(spot[2]), paper).ball, spot[0] - radius, spot[1] - radius, 2 * radius, 2 * radius);
      }]));
    }
    for (const { xyz, radius, color } of this.spheres) {
      const spot = place(xyz, 0);
      parts.push([spot[2], () => {
        paint.globalAlpha = 0.3;
        const size = radius * spot[3];
        paint.drawImage(this.sprite(color, 0, paper).ball, spot[0] - size, spot[1] - size, 2 * size, 2 * size);
      }]);
    }
    parts.sort((a, b) => a[0] - b[0]);
    for (const [, action] of parts) action();
    paint.globalAlpha = 1;
  }
};
