// The style of each sample, by the column that samples are coloured by.
const MARKERS = ["o", "^", "s", "D", "v", "P", "X"];
const RAMP = ["#440154", "#3b528b", "#21918c", "#5ec962", "#fde725"];
const STEPS = 32;
const NEUTRAL = { colour: "#767676", marker: "o" };
const UNLIKE = { colour: "#767676", marker: "o", hollow: true, name: "unlike panel" };

const colouring = { styles: [], of: new Uint16Array(count), range: null };
const hidden = new Set();

const isDark = () => matchMedia("(prefers-color-scheme: dark)").matches;
const rgb = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
const mix = (from, to, part) => from.map((value, k) => Math.round(value + part * (to[k] - value)));
const css = ([red, green, blue], opacity = 1) => `rgba(${red},${green},${blue},${opacity})`;

// A colour of the model; on dark paper the dark ones are lightened.
function shade(hex) {
  const colour = rgb(hex);
  const light = (0.3 * colour[0] + 0.59 * colour[1] + 0.11 * colour[2]) / 255;
  return isDark() && light < 0.5 ? mix(colour, [255, 255, 255], 0.55 - light) : colour;
}

function ramp(part) {
  const at = part * (RAMP.length - 1);
  const below = Math.min(Math.floor(at), RAMP.length - 2);
  const colour = mix(rgb(RAMP[below]), rgb(RAMP[below + 1]), at - below);
  return `#${colour.map((value) => value.toString(16).padStart(2, "0")).join("")}`;
}

function colourBy(name) {
  state.colour = name;
  hidden.clear();
  const field = fieldOf.get(name);
  colouring.range = null;
  if (!field) byNothing();
  else if (field.isNumber) byNumber(field);
  else byText(field);
  listByLegend();
  tell("colour");
}

function byNothing() {
  colouring.styles = [{ colour: "#0072B2", marker: "o", name: "samples", parent: "" }, UNLIKE];
  for (let row = 0; row < count; row++) colouring.of[row] = unlike[row];
}

function byText(field) {
  const styles = data.styles[field.name];
  const names = Object.keys(styles);
  const at = new Map(names.map((name, k) => [name, k]));
  colouring.styles = names.map((name) => ({ ...styles[name], name: name || "no label" }));
  colouring.styles.push(UNLIKE);
  for (let row = 0; row < count; row++) {
    colouring.of[row] = unlike[row] ? names.length : at.get(field.at(row));
  }
}

function byNumber(field) {
  let [low, high] = [Infinity, -Infinity];
  for (const value of field.values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  const width = high > low ? high - low : 1;
  colouring.range = [low, high];
  colouring.styles = [];
  for (let k = 0; k < STEPS; k++)
    colouring.styles.push({ colour: ramp(k / (STEPS - 1)), marker: "o" });
  colouring.styles.push({ ...NEUTRAL, name: "none" });
  for (let row = 0; row < count; row++) {
    const value = field.values[row];
    const step = Math.round(((value - low) / width) * (STEPS - 1));
    colouring.of[row] = Number.isFinite(value) ? step : STEPS;
  }
}

// The values that the legend has switched off.
function listByLegend() {
  for (let row = 0; row < count; row++) {
    state.listed[row] = hidden.has(colouring.styles[colouring.of[row]].name) ? 0 : 1;
  }
}
