// Draws from the posterior of a sample; where the run wrote none, of the normal that its table has.
const NORMAL_DRAWS = 64;
const unpackedDraws = new Map();

function drawsOf(row, i, j, spread) {
  const run = drawn.find((each) => row >= each.first && row < each.first + each.samples);
  if (!run) return { points: normalDraws(row, spread), ofPosterior: false };
  if (!unpackedDraws.has(run)) unpackedDraws.set(run, unpacked(run));
  const values = unpackedDraws.get(run);
  const points = [];
  for (let k = 0; k < run.draws; k++) {
    const at = ((row - run.first) * run.draws + k) * data.dims;
    points.push([values[at + i], values[at + j]]);
  }
  return { points, ofPosterior: true };
}

// The same for a sample each time: pairs of normal numbers by the method of Box and Muller.
function normalDraws(row, { mean, long, brief, turn }) {
  const chance = chances(row);
  const [cos, sin] = [Math.cos(turn), Math.sin(turn)];
  return Array.from({ length: NORMAL_DRAWS }, () => {
    const [size, angle] = [Math.sqrt(-2 * Math.log(1 - chance())), 2 * Math.PI * chance()];
    const [a, b] = [long * size * Math.cos(angle), brief * size * Math.sin(angle)];
    return [mean[0] + a * cos - b * sin, mean[1] + a * sin + b * cos];
  });
}

// Numbers from 0 to 1 from a seed (mulberry32).
function chances(seed) {
  let state = seed + 1;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let found = Math.imul(state ^ (state >>> 15), 1 | state);
    found = (found + Math.imul(found ^ (found >>> 7), 61 | found)) ^ found;
    return ((found ^ (found >>> 14)) >>> 0) / 2 ** 32;
  };
}

// What is drawn around the sample that is looked at, in words.
function drawingOf(row) {
  const spread = plots[0].posterior(row);
  if (!spread) return null;
  const { points, ofPosterior } = drawsOf(row, 0, 1, spread);
  const dots = ofPosterior
    ? `Dots: ${points.length} draws from its posterior.`
    : `Dots: ${points.length} draws of the normal with these standard deviations; embed --draws-out writes draws of the posterior itself.`;
  const circle = plots[0].movement(row) ? " Dashed circle: how far a refit moves it (map_sd)." : "";
  return make("p", { class: "hint" }, `Ellipse: 95 % of its posterior. ${dots}${circle}`);
}
