// The table of samples: filter, sort, select and download.
const PAGE = 25;
const PRINTED = 3000;
const table = {
  sort: null,
  down: false,
  page: 0,
  rows: Int32Array.from({ length: count }, (_, row) => row),
  every: false,
  printing: false,
};

// Words that all have to be found, in quotes where they have blanks; COLUMN=VALUE, COLUMN<NUMBER and COLUMN>NUMBER compare.
function filterBy(text, only) {
  const words = text.match(/(?:[^\s"]|"[^"]*")+/g) || [];
  const tests = words.map((word) => testOf(word.replaceAll('"', "")));
  if (only === "selected") tests.push((row) => state.selected[row]);
  if (only === "unassigned") tests.push((row) => fieldOf.get("group").at(row) === "unassigned");
  if (only === "flagged") tests.push((row) => fieldOf.get("flag").at(row) !== "");
  for (let row = 0; row < count; row++)
    state.filtered[row] = tests.every((test) => test(row)) ? 1 : 0;
  tell("shown");
}

function testOf(word) {
  const [, name, sign, value] = word.match(/^([^<>=]+)([<>=])(.+)$/) || [];
  const field = fieldOf.get(name);
  if (field && field.isNumber) {
    const { values } = field;
    const [number] = values.constructor.of(Number(value)); // of the precision of the values
    return {
      "<": (row) => values[row] < number,
      ">": (row) => values[row] > number,
      "=": (row) => values[row] === number,
    }[sign];
  }
  if (field && sign === "=") return holds(field, (text) => text === value.toLowerCase());
  const tests = data.fields
    .filter((each) => !each.isNumber)
    .map((each) => holds(each, (text) => text.includes(word.toLowerCase())));
  return (row) => tests.some((test) => test(row));
}

// A test of a column of text: of its different values once where these are few.
function holds(field, test) {
  if (field.texts) return (row) => test(field.texts[row].toLowerCase());
  const right = field.different.map((text) => test(text.toLowerCase()));
  return (row) => right[field.codes[row]];
}

function order() {
  const rows = [];
  for (let row = 0; row < count; row++) if (isShown(row)) rows.push(row);
  const field = fieldOf.get(table.sort);
  const sign = table.down ? -1 : 1;
  if (field && field.isNumber) {
    const { values } = field;
    const last = (row) => Number.isNaN(values[row]);
    rows.sort((a, b) => last(a) - last(b) || sign * (values[a] - values[b]) || a - b);
  } else if (field && field.different)
    rows.sort((a, b) => sign * (field.codes[a] - field.codes[b]) || a - b);
  else if (field)
    rows.sort(
      (a, b) =>
        sign * (field.texts[a] < field.texts[b] ? -1 : field.texts[a] > field.texts[b] ? 1 : 0) ||
        a - b,
    );
  table.rows = rows;
  table.page = Math.max(0, Math.min(table.page, Math.ceil(rows.length / PAGE) - 1));
}

const columns = () => data.fields.filter((field) => table.every || field.main);

function header() {
  return make(
    "tr",
    {},
    make("th", { scope: "col" }, make("span", { class: "hidden" }, "selected")),
    ...columns().map((field) => {
      const sorted = table.sort === field.name;
      const mark = sorted ? (table.down ? " ▼" : " ▲") : "";
      return make(
        "th",
        { scope: "col", "aria-sort": sorted ? (table.down ? "descending" : "ascending") : "none" },
        make(
          "button",
          {
            type: "button",
            title: field.meaning.replace(/[`[\]]|\(.*?\)/g, ""),
            onclick: () => {
              table.down = sorted && !table.down;
              table.sort = field.name;
              refresh();
            },
          },
          bdi(short(field.name, 30)),
          mark,
        ),
      );
    }),
  );
}

function line(row) {
  const box = make("input", {
    type: "checkbox",
    "aria-label": `select ${short(idOf(row), 80)}`,
    onchange: (event) => {
      state.selected[row] = event.target.checked ? 1 : 0;
      tell("selection");
    },
  });
  box.checked = Boolean(state.selected[row]);
  return make(
    "tr",
    {
      class: row === state.current ? "current" : null,
      onclick: (event) => {
        if (event.target.tagName !== "INPUT") look(row);
      },
    },
    make("td", {}, box),
    ...columns().map((field) => {
      const text = field.at(row);
      if (field.isNumber) return make("td", { class: "n" }, text);
      if (field.name === "sample_id") {
        return make(
          "td",
          {},
          make(
            "button",
            { type: "button", class: "link", title: short(text, 500) },
            bdi(short(text, 200)),
          ),
        );
      }
      return make("td", { title: short(text, 500) }, bdi(short(text, 200)));
    }),
  );
}

let refresh = () => {};

function samplesTable() {
  const [head, body] = [make("thead", {}), make("tbody", {})];
  const status = make("p", { class: "status", role: "status" });
  const pages = make("span", { class: "pages" });
  const rows = () =>
    table.printing
      ? table.rows.slice(0, PRINTED)
      : table.rows.slice(table.page * PAGE, (table.page + 1) * PAGE);
  const lines = () => body.replaceChildren(...Array.from(rows(), line));
  const counted = () => {
    const chosen = numberOf(state.selected);
    const part =
      table.printing && table.rows.length > PRINTED
        ? `; the first ${withCommas(PRINTED)} are printed`
        : "";
    status.textContent = `${withCommas(table.rows.length)} of ${withCommas(count)} samples shown, ${withCommas(chosen)} selected${part}`;
    const last = Math.max(1, Math.ceil(table.rows.length / PAGE));
    pages.textContent = `page ${withCommas(table.page + 1)} of ${withCommas(last)}`;
  };
  refresh = () => {
    order();
    head.replaceChildren(header());
    lines();
    counted();
  };
  const turn = (pagesOn) => () => {
    table.page = Math.max(
      0,
      Math.min(table.page + pagesOn, Math.ceil(table.rows.length / PAGE) - 1),
    );
    lines();
    counted();
  };
  when("shown colour", refresh);
  when("selection current", () => {
    lines();
    counted();
  });
  const print = (now) => () => {
    table.printing = now;
    lines();
    counted();
  };
  window.addEventListener("beforeprint", print(true));
  window.addEventListener("afterprint", print(false));
  const button = (words, does) => make("button", { type: "button", onclick: does }, words);
  const every = make(
    "label",
    {},
    make("input", {
      type: "checkbox",
      onchange: (event) => {
        table.every = event.target.checked;
        refresh();
      },
    }),
    " all columns",
  );
  return [
    status,
    make(
      "div",
      { class: "controls" },
      button("Select all shown", selectShown),
      button("Clear selection", selectNone),
      every,
      button("Download CSV", () => download("csv")),
      button("Download TSV", () => download("tsv")),
    ),
    make(
      "div",
      { class: "scroll", tabindex: "0" },
      make("table", { class: "samples" }, head, body),
    ),
    make(
      "div",
      { class: "controls" },
      button("◀ Before", turn(-1)),
      pages,
      button("Next ▶", turn(1)),
    ),
  ];
}

function selectShown() {
  for (let row = 0; row < count; row++) if (isShown(row)) state.selected[row] = 1;
  tell("selection");
}

// In a spreadsheet, text that begins like a formula is kept text.
function csvCell(text, isNumber) {
  const safe = !isNumber && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

// The selection, or what is shown where nothing is selected, with every column.
function download(kind) {
  const any = state.selected.some(Boolean);
  const rows = [...table.rows].filter((row) => !any || state.selected[row]);
  const kept = any
    ? Array.from({ length: count }, (_, row) => row).filter((row) => state.selected[row])
    : rows;
  const cell = (text, isNumber) =>
    kind === "csv" ? csvCell(text, isNumber) : text.replace(/[\t\r\n]/g, " ");
  const between = kind === "csv" ? "," : "\t";
  const lines = [data.fields.map((field) => cell(field.name, false)).join(between)];
  for (const row of kept)
    lines.push(
      data.fields
        .map((field) => cell(field.at(row) || (field.isNumber ? "NA" : ""), field.isNumber))
        .join(between),
    );
  const blob = new Blob([`${lines.join("\n")}\n`], {
    type: kind === "csv" ? "text/csv" : "text/tab-separated-values",
  });
  const link = make("a", {
    href: URL.createObjectURL(blob),
    download: `${short(data.title, 60).replace(/[^\w.-]/g, "_")}.selection.${kind}`,
  });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}
