// Everything is put in place.
const filterText = make("input", {
  type: "search",
  id: "filter",
  placeholder: "Filter, such as group=CEU or p_panel<0.01",
  "aria-label": "Filter samples",
});
const filterOnly = make(
  "select",
  { id: "only", "aria-label": "Which samples" },
  ...[
    ["", "all samples"],
    ["selected", "selected"],
    ["flagged", "with a flag"],
    ...(fieldOf.has("group") ? [["unassigned", "unassigned"]] : []),
  ].map(([value, words]) => make("option", { value }, words)),
);
const find = make("input", {
  type: "search",
  id: "find",
  placeholder: "Find a sample",
  "aria-label": "Find a sample by its name",
});
const found = make("span", { class: "hint", role: "status" });

const filterNow = () => filterBy(filterText.value, filterOnly.value);
let waiting = 0;
filterText.addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(filterNow, 150);
});
filterOnly.addEventListener("change", filterNow);

const plots = [];
function findSample() {
  const wanted = find.value.trim().toLowerCase();
  if (!wanted) return;
  let row = -1;
  let [exact, part] = [-1, -1];
  for (let k = 0; k < count && exact < 0; k++) {
    const name = idOf(k).toLowerCase();
    if (name === wanted) exact = k;
    else if (part < 0 && name.includes(wanted)) part = k;
  }
  row = exact >= 0 ? exact : part;
  found.textContent = row < 0 ? "No sample has this name." : "";
  if (row < 0) return;
  plots.forEach((plot) => plot.show(row));
  look(row);
}
find.addEventListener("keydown", (event) => {
  if (event.key === "Enter") findSample();
});

const bar = make(
  "div",
  { class: "controls search", role: "search" },
  find,
  make("button", { type: "button", onclick: findSample }, "Find"),
  found,
  filterText,
  filterOnly,
);
const components = data.axes.filter((axis) => axis.startsWith("PC"));
const second = data.dims > 1 ? "Z2" : components[0];
plots.push(new Plot("Z1", second, "Map"));
if (components.length > 1) plots.push(new Plot("PC1", "PC2", "Principal components"));
document
  .getElementById("maps")
  .append(
    bar,
    make(
      "div",
      { class: "side" },
      make(
        "div",
        {},
        make("div", { class: "panels" }, ...plots.map((plot) => plot.element)),
        make(
          "p",
          { class: "hint" },
          "Drag to move. Click a map, then scroll to zoom. Hold Shift and draw around samples to select them.",
        ),
        details(),
      ),
      legend(),
    ),
  );
document.getElementById("samples").append(...samplesTable());
colourBy(state.colour);
if (count === 1) look(0);

for (const button of document.querySelectorAll("button[data-flag]")) {
  button.addEventListener("click", () => {
    filterOnly.value = "";
    filterText.value = button.dataset.flag;
    filterNow();
    document.getElementById("map").scrollIntoView();
  });
}
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => tell("colour"));
