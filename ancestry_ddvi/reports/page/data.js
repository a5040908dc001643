// The data of the page: columns by name, and which samples are shown, selected and looked at.
const read = (element) => JSON.parse(element.textContent);
const data = read(document.getElementById("data"));
data.fields = Array.from(document.querySelectorAll("script.field"), read);
data.similar = Array.from(document.querySelectorAll("script.similar"), read);
const drawn = Array.from(document.querySelectorAll("script.draws"), read);
const count = data.count;
document.documentElement.className = "js";

// An array from its bytes in base64.
const ARRAYS = { f4: Float32Array, u1: Uint8Array, u2: Uint16Array, u4: Uint32Array };
function unpacked({ type, bytes }) {
  const text = atob(bytes);
  const found = new Uint8Array(text.length);
  for (let k = 0; k < text.length; k++) found[k] = text.charCodeAt(k);
  return new ARRAYS[type](found.buffer);
}

const isText = (field) => !field.numbers;
const fieldOf = new Map(data.fields.map((field) => [field.name, field]));
const unlike = new Uint8Array(count);
for (const row of data.unlike) unlike[row] = 1;
for (const field of data.fields) {
  if (field.numbers) {
    field.values = new Float64Array(count);
    for (let row = 0; row < count; row++) field.values[row] = field.numbers[row] ?? NaN;
    delete field.numbers;
    field.at = (row) => (Number.isNaN(field.values[row]) ? "" : String(field.values[row]));
    field.isNumber = true;
  } else if (field.codes) {
    field.at = (row) => field.different[field.codes[row]];
  } else {
    field.at = (row) => field.texts[row];
  }
}
const idOf = (row) => fieldOf.get("sample_id").at(row);

const state = {
  filtered: new Uint8Array(count).fill(1), // by the filter
  listed: new Uint8Array(count).fill(1), // by the legend
  selected: new Uint8Array(count),
  current: -1,
  colour: data.colour,
};
const isShown = (row) => state.filtered[row] && state.listed[row];
const numberOf = (marks) => marks.reduce((sum, mark) => sum + mark, 0);

// Listeners by kind: "shown", "colour", "selection", "current".
const listeners = { shown: [], colour: [], selection: [], current: [] };
const when = (kinds, listener) =>
  kinds.split(" ").forEach((kind) => listeners[kind].push(listener));
const tell = (kind) => listeners[kind].forEach((listener) => listener());

function look(row) {
  state.current = row;
  tell("current");
}

// An element: text is only ever set as text.
function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value === true) element.setAttribute(key, "");
    else if (value !== false && value !== null) element.setAttribute(key, value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}
const bdi = (text) => make("bdi", {}, text);
const short = (text, letters = 60) =>
  text.length <= letters ? text : `${text.slice(0, letters - 1)}…`;
const withCommas = (number) => number.toLocaleString("en-US");
