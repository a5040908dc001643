// The legend: values under the group they are a part of, each a switch, with counts.
function legend() {
  const element = make("div", { class: "legend", role: "group", "aria-label": "legend" });
  const choice = make(
    "select",
    { id: "colour", onchange: (event) => colourBy(event.target.value) },
    ...colours().map((name) =>
      make(
        "option",
        { value: name, selected: name === state.colour },
        short(name || "nothing", 30),
      ),
    ),
  );
  const list = make("div", { class: "entries" });
  element.append(make("label", {}, "Colour by ", choice), list);
  when("colour shown", () => {
    choice.value = state.colour;
    list.replaceChildren(...(colouring.range ? [gradient()] : entries()));
  });
  return element;
}

function colours() {
  const numeric = data.fields.filter((field) => field.isNumber).map((field) => field.name);
  return ["", ...Object.keys(data.styles), ...numeric];
}

function gradient() {
  const canvas = make("canvas", { width: "160", height: "12" });
  const context = pen(canvas);
  for (let k = 0; k < 160; k++) {
    context.fillStyle = ramp(k / 159);
    context.fillRect(k, 0, 1, 12);
  }
  const [low, high] = colouring.range.map((value) => Number(value.toPrecision(3)));
  return make("div", { class: "gradient" }, canvas, make("div", {}, `${low} to ${high}`));
}

function entries() {
  const counts = new Array(colouring.styles.length).fill(0);
  for (let row = 0; row < count; row++) if (state.filtered[row]) counts[colouring.of[row]]++;
  const rows = colouring.styles
    .map((style, k) => ({ style, count: counts[k] }))
    .filter(({ style, count: some }) => some || hidden.has(style.name));
  const families = new Map();
  for (const row of rows) {
    const parent = row.style.parent || "";
    families.set(parent, [...(families.get(parent) || []), row]);
  }
  return [...families]
    .sort(([one], [other]) => (one === "") - (other === "") || (one < other ? -1 : 1))
    .flatMap(([parent, members]) => [
      ...(families.size > 1
        ? [
            toggle(
              parent || "others",
              members.map(({ style }) => style.name),
              null,
              sum(members),
              "family",
            ),
          ]
        : []),
      ...members.map(({ style, count: some }) =>
        toggle(style.name, [style.name], style, some, "entry"),
      ),
    ]);
}

const sum = (members) => members.reduce((total, member) => total + member.count, 0);

function toggle(words, names, style, some, kind) {
  const on = names.some((name) => !hidden.has(name));
  const mark = style ? make("canvas", { width: "28", height: "28" }) : null;
  if (mark) drawMark(pen(mark), style, 14, 14, 9, token("--paper"));
  return make(
    "button",
    {
      type: "button",
      class: kind,
      "aria-pressed": String(on),
      title: words,
      onclick: () => {
        for (const name of names) {
          if (on) hidden.add(name);
          else hidden.delete(name);
        }
        listByLegend();
        tell("shown");
      },
    },
    mark,
    make("span", { class: "words" }, bdi(short(words, 40))),
    make("span", { class: "n" }, withCommas(some)),
  );
}
