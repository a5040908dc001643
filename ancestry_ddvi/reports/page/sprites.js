// Marks of samples, drawn once for each style and then copied pixel by pixel: as fast as the
// memory, with shapes, and without a graphics card.
const pen = (canvas) => canvas.getContext("2d", { willReadFrequently: true });

function outline(context, marker, x, y, r) {
  const turn = (points) => {
    context.moveTo(x + r * points[0][0], y + r * points[0][1]);
    for (const [across, down] of points.slice(1)) context.lineTo(x + r * across, y + r * down);
    context.closePath();
  };
  const cross = [
    [1, 0.35],
    [0.35, 0.35],
    [0.35, 1],
    [-0.35, 1],
    [-0.35, 0.35],
    [-1, 0.35],
    [-1, -0.35],
    [-0.35, -0.35],
    [-0.35, -1],
    [0.35, -1],
    [0.35, -0.35],
    [1, -0.35],
  ];
  context.beginPath();
  if (marker === "^")
    turn([
      [0, -1.1],
      [1.05, 0.8],
      [-1.05, 0.8],
    ]);
  else if (marker === "v")
    turn([
      [0, 1.1],
      [1.05, -0.8],
      [-1.05, -0.8],
    ]);
  else if (marker === "s")
    turn([
      [-0.85, -0.85],
      [0.85, -0.85],
      [0.85, 0.85],
      [-0.85, 0.85],
    ]);
  else if (marker === "D")
    turn([
      [0, -1.15],
      [1.15, 0],
      [0, 1.15],
      [-1.15, 0],
    ]);
  else if (marker === "P") turn(cross);
  else if (marker === "X") turn(cross.map(([a, b]) => [0.75 * (a - b), 0.75 * (a + b)]));
  else context.arc(x, y, r, 0, 2 * Math.PI);
}

function drawMark(context, style, x, y, r, edge) {
  outline(context, style.marker, x, y, r);
  const colour = css(shade(style.colour));
  context.lineWidth = style.hollow ? Math.max(1, r / 3.5) : Math.max(0.6, r / 6);
  context.strokeStyle = style.hollow ? colour : edge;
  if (!style.hollow) {
    context.fillStyle = colour;
    context.fill();
  }
  context.stroke();
}

function sprite(style, r, edge) {
  const size = 2 * Math.ceil(1.3 * r + 1) + 1;
  const canvas = make("canvas");
  canvas.width = canvas.height = size;
  const context = pen(canvas);
  drawMark(context, style, size / 2, size / 2, r, edge);
  const pixels = context.getImageData(0, 0, size, size).data;
  const found = [];
  for (let k = 0; k < size * size; k++) {
    const opacity = pixels[4 * k + 3];
    if (!opacity) continue;
    const colour = [pixels[4 * k], pixels[4 * k + 1], pixels[4 * k + 2]];
    found.push([(k % size) - (size >> 1), Math.floor(k / size) - (size >> 1), opacity, ...colour]);
  }
  return Int16Array.from(found.flat());
}

function stamp(image, marks, x, y, opacity) {
  const { data: pixels, width, height } = image;
  for (let k = 0; k < marks.length; k += 6) {
    const [across, down] = [x + marks[k], y + marks[k + 1]];
    if (across < 0 || across >= width || down < 0 || down >= height) continue;
    const at = 4 * (down * width + across);
    const part = (marks[k + 2] * opacity) / 255;
    pixels[at] += part * (marks[k + 3] - pixels[at]);
    pixels[at + 1] += part * (marks[k + 4] - pixels[at + 1]);
    pixels[at + 2] += part * (marks[k + 5] - pixels[at + 2]);
  }
}
