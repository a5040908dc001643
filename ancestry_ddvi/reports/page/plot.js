// A scatter of two columns: groups of the panel behind, samples, names, and what is looked at.
const REACH = 2.4477; // standard deviations of a normal in two dimensions that hold 95 %
const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const spaceOf = (axis) => axis.replace(/\d+$/, "");
const numberIn = (axis) => Number(axis.match(/\d+$/)[0]) - 1;

class Plot {
  constructor(x, y, title) {
    this.x = x;
    this.y = y;
    this.lasso = null;
    this.mode = "move";
    this.canvas = make("canvas", { tabindex: "0", role: "img", "aria-label": title });
    this.over = make("canvas", { class: "over" });
    this.tip = make("div", { class: "tip", hidden: true });
    this.box = make("div", { class: "plot" }, this.canvas, this.over, this.tip);
    this.element = make("div", { class: "panel" }, this.controls(title), this.box);
    this.listen();
    when("shown colour", () => this.draw());
    when("selection current", () => this.drawOver());
    new ResizeObserver(() => this.resize()).observe(this.box);
  }

  controls(title) {
    const choice = (which) =>
      make(
        "select",
        {
          "aria-label": `${which === "x" ? "horizontal" : "vertical"} axis`,
          onchange: (event) => {
            this[which] = event.target.value;
            this.showAll();
          },
        },
        ...axisNames().map((name) =>
          make("option", { value: name, selected: name === this[which] }, name),
        ),
      );
    const button = (words, does, label) =>
      make("button", { type: "button", onclick: does, "aria-label": label, title: label }, words);
    this.lassoButton = make(
      "button",
      {
        type: "button",
        "aria-pressed": "false",
        title: "Draw around samples to select them; or hold Shift",
        onclick: () => this.toggle(),
      },
      "Lasso",
    );
    return make(
      "div",
      { class: "controls" },
      make("h3", {}, title),
      choice("x"),
      choice("y"),
      button("+", () => this.zoom(0.7), "Zoom in"),
      button("−", () => this.zoom(1 / 0.7), "Zoom out"),
      button("All", () => this.showAll(), "Show everything"),
      this.lassoButton,
    );
  }

  toggle() {
    this.mode = this.mode === "move" ? "lasso" : "move";
    this.lassoButton.setAttribute("aria-pressed", String(this.mode === "lasso"));
  }

  get shapes() {
    const space = spaceOf(this.x);
    const shapes = space === spaceOf(this.y) && data.groups.shapes[space];
    return shapes && Math.max(numberIn(this.x), numberIn(this.y)) < shapes.mean[0].length
      ? shapes
      : null;
  }

  // The ellipse of a normal: centre, half axes of one standard deviation, and angle.
  ellipse(mean, a, b, c) {
    const [middle, apart] = [(a + b) / 2, Math.hypot((a - b) / 2, c)];
    return {
      mean,
      long: Math.sqrt(middle + apart),
      brief: Math.sqrt(Math.max(middle - apart, 0)),
      turn: Math.atan2(2 * c, a - b) / 2,
      sd: [Math.sqrt(a), Math.sqrt(b)],
    };
  }

  ellipses() {
    const shapes = this.shapes;
    if (!shapes) return [];
    const [i, j] = [numberIn(this.x), numberIn(this.y)];
    return data.groups.names.map((name, k) => {
      const spread = shapes.covariance[k];
      const mean = [shapes.mean[k][i], shapes.mean[k][j]];
      return {
        name,
        style: data.groups.styles[k],
        ...this.ellipse(mean, spread[i][i], spread[j][j], spread[i][j]),
      };
    });
  }

  // The posterior of a sample; none where its interval covers the map.
  posterior(row) {
    const sd = [this.x, this.y].map((axis) => fieldOf.get(`${axis}_sd`));
    if (unlike[row] || !sd[0] || !sd[1]) return null;
    const [a, b] = sd.map((field) => field.values[row]);
    const pair = fieldOf.get(`${this.x}_${this.y}_corr`) || fieldOf.get(`${this.y}_${this.x}_corr`);
    if (!Number.isFinite(a) || !Number.isFinite(b)) return null;
    const together = pair && Number.isFinite(pair.values[row]) ? pair.values[row] * a * b : 0;
    return this.ellipse(this.place(row), a * a, b * b, together);
  }

  // How far a refit moves a sample; 0 where that is not known, or on components.
  movement(row) {
    const field = fieldOf.get("map_sd");
    const onMap = spaceOf(this.x) === "Z" && spaceOf(this.y) === "Z";
    return onMap && field && field.values[row] > 0 ? field.values[row] : 0;
  }

  place(row) {
    return [fieldOf.get(this.x).values[row], fieldOf.get(this.y).values[row]];
  }

  showAll() {
    let [x0, x1, y0, y1] = [Infinity, -Infinity, Infinity, -Infinity];
    const meet = (x, y) => {
      if (x < x0) x0 = x;
      if (x > x1) x1 = x;
      if (y < y0) y0 = y;
      if (y > y1) y1 = y;
    };
    const [across, up] = [fieldOf.get(this.x).values, fieldOf.get(this.y).values];
    for (let row = 0; row < count; row++) {
      if (Number.isFinite(across[row]) && Number.isFinite(up[row])) meet(across[row], up[row]);
    }
    for (const { mean, sd } of this.ellipses()) {
      meet(mean[0] - REACH * sd[0], mean[1] - REACH * sd[1]);
      meet(mean[0] + REACH * sd[0], mean[1] + REACH * sd[1]);
    }
    if (!(x1 >= x0)) [x0, x1, y0, y1] = [0, 1, 0, 1];
    this.centre = [(x0 + x1) / 2, (y0 + y1) / 2];
    const room = [
      this.canvas.width - this.left - 12 * this.dpr,
      this.canvas.height - this.below - 12 * this.dpr,
    ];
    this.scale = [
      room[0] / Math.max(1.06 * (x1 - x0), 1e-9),
      room[1] / Math.max(1.06 * (y1 - y0), 1e-9),
    ];
    if (spaceOf(this.x) === "Z" && spaceOf(this.y) === "Z")
      this.scale.fill(Math.min(...this.scale));
    this.draw();
  }

  zoom(factor, at = null) {
    const fixed = at ? this.value(at) : this.centre;
    this.centre = this.centre.map((value, k) => fixed[k] + factor * (value - fixed[k]));
    this.scale = this.scale.map((value) => value / factor);
    this.draw();
  }

  get left() {
    return 46 * this.dpr;
  }
  get below() {
    return 34 * this.dpr;
  }
  get origin() {
    return [(this.canvas.width + this.left) / 2, (this.canvas.height - this.below) / 2];
  }

  pixel([x, y]) {
    const [across, down] = this.origin;
    return [
      across + (x - this.centre[0]) * this.scale[0],
      down - (y - this.centre[1]) * this.scale[1],
    ];
  }

  value([across, down]) {
    const origin = this.origin;
    return [
      this.centre[0] + (across - origin[0]) / this.scale[0],
      this.centre[1] - (down - origin[1]) / this.scale[1],
    ];
  }

  resize() {
    const { clientWidth, clientHeight } = this.box;
    if (!clientWidth) return;
    const before = this.canvas.width;
    this.dpr = Math.min(devicePixelRatio || 1, 2);
    for (const canvas of [this.canvas, this.over]) {
      canvas.width = clientWidth * this.dpr;
      canvas.height = clientHeight * this.dpr;
    }
    if (this.centre && before) {
      this.scale = this.scale.map((value) => (value * this.canvas.width) / before);
      this.draw();
    } else this.showAll();
  }

  draw() {
    if (!this.scale) return;
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => this.paint());
  }

  paint() {
    const context = pen(this.canvas);
    const { width, height } = this.canvas;
    context.fillStyle = token("--paper");
    context.fillRect(0, 0, width, height);
    this.paintGrid(context);
    const ellipses = this.ellipses();
    for (const each of ellipses) this.paintEllipse(context, each, REACH, 0.12, 0.85);
    this.paintSamples(context);
    this.paintNames(context, ellipses);
    this.paintAxes(context);
    this.drawOver();
    this.canvas.dataset.drawn = String(this.drawn);
  }

  ticks(k) {
    const length = k ? this.canvas.height : this.canvas.width;
    const [low, high] = [
      this.value([0, this.canvas.height])[k],
      this.value([this.canvas.width, 0])[k],
    ];
    const rough = ((high - low) * 80 * this.dpr) / length;
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].find((factor) => factor * power >= rough) * power;
    const found = [];
    for (let n = Math.ceil(low / step); n * step <= high && found.length < 60; n++)
      found.push(n * step);
    const places = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
    return found.map((value) => [value, value.toFixed(Math.min(places, 8)).replace("-", "−")]);
  }

  paintGrid(context) {
    context.strokeStyle = token("--grid");
    context.lineWidth = this.dpr;
    context.beginPath();
    for (const [value] of this.ticks(0)) {
      const across = Math.round(this.pixel([value, 0])[0]) + 0.5;
      context.moveTo(across, 0);
      context.lineTo(across, this.canvas.height - this.below);
    }
    for (const [value] of this.ticks(1)) {
      const down = Math.round(this.pixel([0, value])[1]) + 0.5;
      context.moveTo(this.left, down);
      context.lineTo(this.canvas.width, down);
    }
    context.stroke();
  }

  paintAxes(context) {
    const { width, height } = this.canvas;
    context.fillStyle = token("--paper");
    context.fillRect(0, 0, this.left, height);
    context.fillRect(0, height - this.below, width, this.below);
    context.fillStyle = token("--soft");
    context.font = `${11 * this.dpr}px system-ui, sans-serif`;
    context.textAlign = "center";
    context.textBaseline = "top";
    for (const [value, words] of this.ticks(0)) {
      const across = this.pixel([value, 0])[0];
      if (across > this.left && across < width - 14 * this.dpr)
        context.fillText(words, across, height - this.below + 4 * this.dpr);
    }
    context.textAlign = "right";
    context.textBaseline = "middle";
    for (const [value, words] of this.ticks(1)) {
      const down = this.pixel([0, value])[1];
      if (down > 24 * this.dpr && down < height - this.below)
        context.fillText(words, this.left - 5 * this.dpr, down);
    }
    context.font = `600 ${12 * this.dpr}px system-ui, sans-serif`;
    context.fillText(this.x, width - 6 * this.dpr, height - 8 * this.dpr);
    context.textAlign = "left";
    context.fillText(this.y, 4 * this.dpr, 10 * this.dpr);
  }

  paintEllipse(context, { mean, long, brief, turn, style }, reach, inside, edge) {
    const colour = style ? shade(style.colour) : rgb(token("--ink"));
    context.save();
    context.translate(...this.pixel(mean));
    context.scale(this.scale[0], -this.scale[1]);
    context.rotate(turn);
    context.beginPath();
    context.ellipse(0, 0, reach * long, reach * brief, 0, 0, 2 * Math.PI);
    context.restore();
    context.fillStyle = css(colour, inside);
    context.fill();
    context.strokeStyle = css(colour, edge);
    context.lineWidth = this.dpr;
    context.stroke();
  }

  paintSamples(context) {
    const many = count > 20000;
    const r = (many ? 2.2 : count > 5000 ? 3 : count > 400 ? 3.8 : 5) * this.dpr;
    const edge = css(rgb(token("--paper")), many ? 0.4 : 0.9);
    const sprites = colouring.styles.map((style) => sprite(style, r, edge));
    const image = context.getImageData(0, 0, this.canvas.width, this.canvas.height);
    const [across, up] = [fieldOf.get(this.x).values, fieldOf.get(this.y).values];
    const [origin, { centre, scale }] = [this.origin, this];
    this.drawn = 0;
    const paint = (row) => {
      const x = Math.round(origin[0] + (across[row] - centre[0]) * scale[0]);
      const y = Math.round(origin[1] - (up[row] - centre[1]) * scale[1]);
      if (x < 0 || y < 0 || x >= image.width || y >= image.height) return;
      stamp(image, sprites[colouring.of[row]], x, y, many ? 0.8 : 1);
      this.drawn++;
    };
    for (let row = 0; row < count; row++) if (unlike[row] && isShown(row)) paint(row);
    for (let row = 0; row < count; row++) if (!unlike[row] && isShown(row)) paint(row);
    context.putImageData(image, 0, 0);
  }

  // Names of groups at their centres, moved where they would cover one another.
  paintNames(context, ellipses) {
    context.font = `600 ${11 * this.dpr}px system-ui, sans-serif`;
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.lineJoin = "round";
    const taken = [];
    const high = 14 * this.dpr;
    for (const { name, mean } of ellipses) {
      const words = short(name, 24);
      const half = context.measureText(words).width / 2 + 2 * this.dpr;
      const [x, y] = this.pixel(mean);
      const free = (down) =>
        !taken.some(([a, b, w]) => Math.abs(a - x) < w + half && Math.abs(b - down) < high);
      const steps = [0, 1, -1, 2, -2, 3, -3, 4, -4, 5, -5, 6, -6];
      const step = steps.find((times) => free(y + times * high * 0.9));
      if (step === undefined) continue;
      const down = y + step * high * 0.9;
      taken.push([x, down, half]);
      context.strokeStyle = css(rgb(token("--paper")), 0.9);
      context.lineWidth = 3.5 * this.dpr;
      context.strokeText(words, x, down);
      context.fillStyle = token("--ink");
      context.fillText(words, x, down);
    }
  }

  drawOver() {
    if (!this.scale) return;
    const context = pen(this.over);
    context.clearRect(0, 0, this.over.width, this.over.height);
    context.strokeStyle = token("--accent");
    context.lineWidth = 1.5 * this.dpr;
    for (let row = 0, left = 20000; row < count && left; row++) {
      if (!state.selected[row] || !isShown(row)) continue;
      left--;
      context.beginPath();
      context.arc(...this.pixel(this.place(row)), 6 * this.dpr, 0, 2 * Math.PI);
      context.stroke();
    }
    if (state.current >= 0) this.paintCurrent(context, state.current);
    if (this.lasso) {
      context.beginPath();
      this.lasso.forEach((point) => context.lineTo(...point));
      context.stroke();
    }
  }

  paintCurrent(context, row) {
    const spread = this.posterior(row);
    const [x, y] = this.pixel(this.place(row));
    if (spread) {
      this.paintEllipse(context, spread, REACH, 0.08, 1);
      this.paintDraws(context, drawsOf(row, numberIn(this.x), numberIn(this.y), spread));
      this.paintMovement(context, [x, y], this.movement(row) * this.scale[0]);
    }
    context.strokeStyle = token("--ink");
    context.lineWidth = 2 * this.dpr;
    context.beginPath();
    context.arc(x, y, 8 * this.dpr, 0, 2 * Math.PI);
    context.moveTo(x - 14 * this.dpr, y);
    context.lineTo(x - 8 * this.dpr, y);
    context.moveTo(x + 8 * this.dpr, y);
    context.lineTo(x + 14 * this.dpr, y);
    context.stroke();
  }

  paintDraws(context, { points }) {
    context.fillStyle = css(rgb(token("--ink")), 0.55);
    context.beginPath();
    for (const point of points) {
      const [x, y] = this.pixel(point);
      context.moveTo(x + 1.6 * this.dpr, y);
      context.arc(x, y, 1.6 * this.dpr, 0, 2 * Math.PI);
    }
    context.fill();
  }

  paintMovement(context, [x, y], radius) {
    if (!radius) return;
    context.save();
    context.setLineDash([4 * this.dpr, 3 * this.dpr]);
    context.strokeStyle = token("--accent");
    context.lineWidth = 1.5 * this.dpr;
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    context.stroke();
    context.restore();
  }

  nearest([across, down]) {
    const [x, y] = [fieldOf.get(this.x).values, fieldOf.get(this.y).values];
    const at = this.value([across, down]);
    let [best, found] = [(14 * this.dpr) ** 2, -1];
    for (let row = 0; row < count; row++) {
      const away =
        ((x[row] - at[0]) * this.scale[0]) ** 2 + ((y[row] - at[1]) * this.scale[1]) ** 2;
      if (away < best && isShown(row)) [best, found] = [away, row];
    }
    return found;
  }

  point(event) {
    const box = this.canvas.getBoundingClientRect();
    return [(event.clientX - box.left) * this.dpr, (event.clientY - box.top) * this.dpr];
  }

  listen() {
    const { canvas } = this;
    canvas.addEventListener("pointerdown", (event) => {
      canvas.focus({ preventScroll: true });
      canvas.setPointerCapture(event.pointerId);
      this.from = this.last = this.point(event);
      if (this.mode === "lasso" || event.shiftKey) this.lasso = [this.from];
    });
    canvas.addEventListener("pointermove", (event) => this.moved(event));
    canvas.addEventListener("pointerup", (event) => this.released(event));
    canvas.addEventListener("pointercancel", () => {
      this.from = this.lasso = null;
    });
    canvas.addEventListener("pointerleave", () => {
      this.tip.hidden = true;
    });
    canvas.addEventListener(
      "wheel",
      (event) => {
        if (document.activeElement !== canvas && !event.ctrlKey) return;
        event.preventDefault();
        this.zoom(event.deltaY > 0 ? 1.2 : 1 / 1.2, this.point(event));
      },
      { passive: false },
    );
    canvas.addEventListener("keydown", (event) => this.key(event));
  }

  key(event) {
    const step = 40 * this.dpr;
    const move = {
      ArrowLeft: [-step, 0],
      ArrowRight: [step, 0],
      ArrowUp: [0, -step],
      ArrowDown: [0, step],
    }[event.key];
    if (move) this.pan(-move[0], -move[1]);
    else if (event.key === "+" || event.key === "=") this.zoom(0.7);
    else if (event.key === "-") this.zoom(1 / 0.7);
    else if (event.key === "0") this.showAll();
    else if (event.key === "Escape") selectNone();
    else return;
    event.preventDefault();
  }

  pan(across, down) {
    this.centre = [this.centre[0] - across / this.scale[0], this.centre[1] + down / this.scale[1]];
    this.draw();
  }

  moved(event) {
    const at = this.point(event);
    if (this.lasso) {
      this.lasso.push(at);
      this.drawOver();
    } else if (this.from) {
      this.pan(at[0] - this.last[0], at[1] - this.last[1]);
      this.last = at;
    } else if (event.pointerType === "mouse") this.hover(at);
  }

  hover(at) {
    const row = this.nearest(at);
    this.tip.hidden = row < 0;
    if (row < 0) return;
    const shown = ["run", state.colour].filter((name) => fieldOf.has(name));
    const lines = [...new Set(shown)].map((name) => `${name}: ${short(fieldOf.get(name).at(row))}`);
    if (unlike[row]) lines.push("unlike the reference panel");
    this.tip.replaceChildren(
      make("b", {}, bdi(short(idOf(row)))),
      ...lines.map((line) => make("div", {}, bdi(line))),
    );
    const [x, y] = this.pixel(this.place(row)).map((value) => value / this.dpr);
    this.tip.style.left = `${Math.min(x + 12, this.box.clientWidth - this.tip.offsetWidth - 4)}px`;
    this.tip.style.top = `${Math.max(y - this.tip.offsetHeight - 10, 2)}px`;
  }

  released(event) {
    const at = this.point(event);
    if (this.lasso && this.lasso.length > 2) this.select(this.lasso);
    else if (this.from && Math.hypot(at[0] - this.from[0], at[1] - this.from[1]) < 5 * this.dpr)
      look(this.nearest(at));
    this.from = this.lasso = null;
    this.drawOver();
  }

  select(path) {
    for (let row = 0; row < count; row++) {
      if (isShown(row) && inside(path, this.pixel(this.place(row)))) state.selected[row] = 1;
    }
    tell("selection");
  }

  // Fill a third of the view with the interval of a sample.
  zoomTo(row) {
    const spread = this.posterior(row);
    if (!spread) return this.show(row);
    const room = Math.min(this.canvas.width - this.left, this.canvas.height - this.below);
    this.centre = this.place(row);
    this.scale.fill(room / (6 * REACH * spread.long));
    this.draw();
  }

  // Move the view if a sample is outside it.
  show(row) {
    const [x, y] = this.pixel(this.place(row));
    const away = 20 * this.dpr;
    if (
      x > this.left + away &&
      y > away &&
      x < this.canvas.width - away &&
      y < this.canvas.height - this.below - away
    )
      return;
    this.centre = this.place(row);
    this.draw();
  }
}

const axisNames = () => data.axes;

// Whether a point is inside a closed path, by the even-odd rule.
function inside(path, [x, y]) {
  let odd = false;
  for (let k = 0, before = path.length - 1; k < path.length; before = k++) {
    const [[x1, y1], [x2, y2]] = [path[k], path[before]];
    if (y1 > y !== y2 > y && x < ((x2 - x1) * (y - y1)) / (y2 - y1) + x1) odd = !odd;
  }
  return odd;
}

function selectNone() {
  state.selected.fill(0);
  state.current = -1;
  tell("selection");
  tell("current");
}
