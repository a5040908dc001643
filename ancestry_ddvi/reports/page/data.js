// The data of the page: columns by name, and which samples are shown, selected and looked at.
const read = (element) => JSON.parse(element.textContent);
const data = read(document.getElementById("data"));
data.fields = Array.from(document.querySelectorAll("script.field"), read);
data.similar = Array.from(document.querySelectorAll("script.similar"), read);
const drawn = Array.from(document.querySelectorAll("script.draws"), read);
const count = data.count;

// An array from its bytes in base64.
const ARRAYS = {
  f4: Float32Array,
  f8: Float64Array,
  u1: Uint8Array,
  u2: Uint16Array,
  u4: Uint32Array,
};
function unpacked({ type, bytes }) {
  const text = atob(bytes);
  const found = new Uint8Array(text.length);
  for (let k = 0; k < text.length; k++) found[k] = text.charCodeAt(k);
  return new ARRAYS[type](found.buffer);
}

// A property that is unpacked when it is first asked for.
function whenAsked(object, name, array) {
  Object.defineProperty(object, name, {
    configurable: true,
    get() {
      const value = unpacked(array);
      Object.defineProperty(object, name, { value });
      return value;
    },
  });
}

// A number with the six digits that tables have; whole numbers as they are.
const digits = (value) =>
  Number.isNaN(value) ? "" : String(Number.isInteger(value) ? value : Number(value.toPrecision(6)));

const fieldOf = new Map(data.fields.map((field) => [field.name, field]));
const unlike = new Uint8Array(count);
for (const row of data.unlike) unlike[row] = 1;
for (const field of data.fields) {
  if (field.numbers) {
    whenAsked(field, "values", field.numbers);
    field.at = (row) => digits(field.values[row]);
    field.isNumber = true;
  } else if (field.codes) {
    whenAsked(field, "codes", field.codes);
    field.at = (row) => field.different[field.codes[row]];
  } else {
    field.at = (row) => field.texts[row];
  }
}
for (const level of data.similar) {
  whenAsked(level, "codes", level.codes);
  whenAsked(level, "tenths", level.tenths);
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
