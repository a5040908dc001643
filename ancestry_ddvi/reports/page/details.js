// The sample that is looked at, in words.
function details() {
  const element = make("section", { class: "details", id: "details", "aria-live": "polite" });
  const show = () => {
    const row = state.current;
    if (row < 0)
      element.replaceChildren(
        make("p", { class: "hint" }, "Click a sample on a map or in the table to see it here."),
      );
    else element.replaceChildren(...about(row).filter(Boolean));
  };
  when("current", show);
  show();
  return element;
}

function about(row) {
  const text = (name) => (fieldOf.has(name) ? fieldOf.get(name).at(row) : "");
  const found = [make("h3", {}, bdi(short(idOf(row), 120)))];
  if (text("run")) found.push(make("p", { class: "hint" }, "in ", bdi(text("run"))));
  found.push(...groupOf(row, text), ...flagsOf(text("flag")));
  found.push(facts(row, text), drawingOf(row), ...relativesOf(row));
  if (plots[0].posterior(row))
    found.push(
      make("button", { type: "button", onclick: () => plots[0].zoomTo(row) }, "Zoom to its interval"),
      " ",
    );
  found.push(
    make(
      "button",
      {
        type: "button",
        onclick: () => {
          state.selected[row] ^= 1;
          tell("selection");
        },
      },
      "Select or deselect",
    ),
  );
  return found;
}

function groupOf(row, text) {
  const found = [];
  const unassigned = text("group") === "unassigned";
  if (unassigned)
    found.push(make("p", {}, make("b", {}, "Unassigned"), `: ${reasonOf(text("reason"))}.`));
  else if (text("group")) {
    found.push(
      make(
        "p",
        {},
        "Most genetically similar reference group: ",
        make("b", {}, bdi(text("group"))),
        ` (${text("level")}, probability ${Number(text("probability")).toFixed(2)}).`,
      ),
    );
  }
  if (unlike[row]) return found;
  const bars = [];
  for (const { level, names, codes, tenths } of data.similar) {
    const best = [0, 1, 2]
      .map((k) => [names[codes[3 * row + k]], tenths[3 * row + k] / 10])
      .filter(([, each]) => each >= 1);
    if (!best.length) continue;
    bars.push(
      make(
        "div",
        { class: unassigned ? "bars unassigned" : "bars" },
        make("div", { class: "hint" }, bdi(level)),
        ...best.map(([name, each]) =>
          make(
            "div",
            { class: "bar" },
            bdi(short(name, 24)),
            make("meter", {
              min: "0",
              max: "100",
              value: String(each),
              "aria-label": "probability",
            }),
            `${each} %`,
          ),
        ),
      ),
    );
  }
  if (unassigned && bars.length)
    found.push(make("p", { class: "hint" }, "If it had to be one of these groups:"));
  return [...found, ...bars];
}

function reasonOf(reason) {
  if (reason === "low_probability") return "no group is probable enough";
  if (reason === "unlike_groups") return "unlike every group of the panel";
  return reason.startsWith("unlike_panel")
    ? "unlike the reference panel"
    : reason.replaceAll("_", " ");
}

// Backticks of the table of flags become code, links their words.
function plain(words) {
  const parts = words.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").split("`");
  return parts.map((part, k) => (k % 2 ? make("code", {}, part) : part));
}

function flagsOf(flags) {
  return flags
    .split(",")
    .filter(Boolean)
    .map((flag) => {
      const [meaning, advice] = data.flags[flag] || ["", ""];
      return make(
        "p",
        { class: "flag" },
        make("code", {}, flag),
        ": ",
        ...plain(meaning),
        ". ",
        make("em", {}, ...plain(advice)),
      );
    });
}

function facts(row, text) {
  const list = make("dl", {});
  for (const axis of data.axes.slice(0, data.dims)) {
    const sd = text(`${axis}_sd`);
    list.append(make("dt", {}, axis), make("dd", {}, `${text(axis)}${sd ? ` ± ${sd}` : ""}`));
  }
  for (const [name, words] of [
    ["n_variants", "variants"],
    ["call_rate", "call rate"],
    ["p_panel", "p_panel"],
    ["map_sd", "map_sd"],
  ]) {
    if (text(name)) list.append(make("dt", {}, words), make("dd", {}, text(name)));
  }
  return list;
}

function relativesOf(row) {
  const pairs = data.relatives.filter(([one, other]) => one === row || other === row);
  if (!pairs.length) return [];
  return [
    make(
      "p",
      {},
      "Relatives in the input: ",
      ...pairs.slice(0, 8).flatMap(([one, other, relation, kinship]) => {
        const who = one === row ? other : one;
        return [
          make(
            "button",
            { type: "button", class: "link", onclick: () => look(who) },
            bdi(short(idOf(who), 40)),
          ),
          ` (${relation}, ${kinship}) `,
        ];
      }),
      pairs.length > 8 ? `and ${pairs.length - 8} more` : "",
    ),
  ];
}
